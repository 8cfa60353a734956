import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Mode, modes } from '../../domain/channel.ts';
import { AppError } from '../../domain/errors.ts';
import type { RedriveDecision } from '../../domain/redrive.ts';
import type { RedrivePreview } from '../../usecases/preview-redrive.ts';
import type { Actor, RedriveFilter } from '../../usecases/redrive-dead-letters.ts';
import type { RedriveEnd } from '../../usecases/redrive-or-ask.ts';
import { formField } from '../form-field.ts';
import { actionReason } from './action-reason.ts';
import { addressWith, justSaid } from './done.ts';
import { idIn, isId } from './ids.ts';
import { paths } from './paths.ts';
import { queryField } from './query-field.ts';
import { quantity } from './views/quantity.ts';
import { type RedrivePageInput, redrivePage } from './views/redrive-page.ts';
import { redriveReminderPage } from './views/redrive-reminder-page.ts';
import { demandRole, visitorOf } from './visitor.ts';

export interface RedriveDeps {
  previewReminderRedrive(input: {
    reminderId: string;
  }): Promise<{ appointmentId: string; decision: RedriveDecision }>;
  redriveReminder(
    input: { reminderId: string } & Actor,
  ): Promise<{ appointmentId: string; decision: RedriveDecision }>;
  previewRedrive(filter: RedriveFilter): Promise<RedrivePreview>;
  redriveOrAsk(input: { filter: RedriveFilter; shown: number } & Actor): Promise<RedriveEnd>;
  /** How many reminders one person may touch. */
  readonly aloneMax: number;
}

const html = 'text/html; charset=utf-8';

/** Sending failed reminders again, one or many: first what it would do, then the button. */
export function addRedriveRoutes(app: FastifyInstance, deps: RedriveDeps): void {
  app.get(paths.redriveReminder(':id'), async (request, reply) => {
    const visitor = visitorOf(request);
    const reminderId = idIn(request);
    const preview = await deps.previewReminderRedrive({ reminderId });
    return reply.type(html).send(redriveReminderPage({ visitor, reminderId, ...preview }));
  });

  app.post(paths.redriveReminder(':id'), async (request, reply) => {
    const visitor = demandRole(request, 'operator');
    const reminderId = idIn(request);
    const reason = actionReason(request);
    if (!reason.isGiven) {
      const preview = await deps.previewReminderRedrive({ reminderId });
      const page = redriveReminderPage({ visitor, reminderId, ...preview, reason });
      return reply.code(422).type(html).send(page);
    }
    const { appointmentId, decision } = await deps.redriveReminder({
      reminderId,
      actor: visitor.name,
      reason: reason.text,
    });
    if (decision.kind === 'refused' && decision.reason !== 'not_failed') {
      const page = redriveReminderPage({ visitor, reminderId, appointmentId, decision });
      return reply.code(409).type(html).send(page);
    }
    const done = decision.kind === 'go' ? 'redriven' : 'not-failed';
    return reply.redirect(addressWith(paths.appointment(appointmentId), { done }), 303);
  });

  async function showMany(
    request: FastifyRequest,
    reply: FastifyReply,
    input: { filter: RedriveFilter } & Pick<RedrivePageInput, 'done' | 'grown' | 'busy' | 'reason'>,
  ) {
    const preview = await deps.previewRedrive(input.filter);
    const { aloneMax } = deps;
    const page = redrivePage({ visitor: visitorOf(request), preview, aloneMax, ...input });
    return reply.type(html).send(page);
  }

  app.get(paths.redrive, async (request, reply) => {
    const filter = filterOf((name) => queryField(request, name));
    const sent = justSaid(request, 'sent');
    const done = /^\d{1,6}$/.test(sent) ? sentWords(Number(sent)) : undefined;
    return showMany(request, reply, { filter, done });
  });

  app.post(paths.redrive, async (request, reply) => {
    const visitor = demandRole(request, 'operator');
    const filter = filterOf((name) => formField(request, name));
    const reason = actionReason(request);
    if (!reason.isGiven) {
      return showMany(request, reply.code(422), { filter, reason });
    }
    const end = await deps
      .redriveOrAsk({
        filter,
        shown: Number(formField(request, 'shown')) || 0,
        actor: visitor.name,
        reason: reason.text,
      })
      .catch(busyEnd);
    if (end.kind === 'busy') {
      reply.code(503).header('retry-after', end.retryAfterS);
      return showMany(request, reply, { filter, busy: true, reason });
    }
    if (end.kind === 'grown') {
      return showMany(request, reply.code(409), { filter, grown: true, reason });
    }
    if (end.kind === 'asked') return reply.redirect(paths.request(end.requestId), 303);
    const said = {
      code: filter.reasonCode ?? '',
      organisation: filter.organisationId ?? '',
      mode: filter.mode ?? '',
      sent: String(end.count),
    };
    return reply.redirect(addressWith(paths.redrive, said), 303);
  });
}

/** A press that sends none is mostly the second one. */
function sentWords(count: number): string {
  return count === 0
    ? 'None was left to send again: what was shown is sent again already, or is not failed any more.'
    : `${quantity(count, 'reminder')} will be sent again.`;
}

function busyEnd(error: unknown): { kind: 'busy'; retryAfterS: number } {
  if (!(error instanceof AppError) || error.code !== 'busy') throw error;
  return { kind: 'busy', retryAfterS: error.retryAfterS ?? 1 };
}

/** A field that cannot be read asks for nothing that exists, never for everything. */
function filterOf(field: (name: string) => string): RedriveFilter {
  const [code, organisation, mode] = [field('code'), field('organisation'), field('mode')];
  const nobody = '00000000-0000-0000-0000-000000000000';
  const isReadable = mode === '' || modes.includes(mode as Mode);
  const organisationId = isId(organisation) ? organisation : nobody;
  return {
    reasonCode: code === '' ? undefined : code.slice(0, 100),
    organisationId: organisation === '' && isReadable ? undefined : organisationId,
    mode: isReadable && mode !== '' ? (mode as Mode) : undefined,
  };
}
