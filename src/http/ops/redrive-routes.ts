import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Mode, modes } from '../../domain/channel.ts';
import type { RedriveDecision } from '../../domain/redrive.ts';
import type { RedrivePreview } from '../../usecases/preview-redrive.ts';
import type { Actor, RedriveFilter } from '../../usecases/redrive-dead-letters.ts';
import type { RedriveEnd } from '../../usecases/redrive-or-ask.ts';
import { formField } from '../form-field.ts';
import { actionReason } from './action-reason.ts';
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
    return reply.redirect(`${paths.appointment(appointmentId)}?done=${done}`, 303);
  });

  async function showMany(
    request: FastifyRequest,
    reply: FastifyReply,
    input: { filter: RedriveFilter } & Pick<RedrivePageInput, 'done' | 'grown' | 'reason'>,
  ) {
    const preview = await deps.previewRedrive(input.filter);
    const { aloneMax } = deps;
    const page = redrivePage({ visitor: visitorOf(request), preview, aloneMax, ...input });
    return reply.type(html).send(page);
  }

  app.get(paths.redrive, async (request, reply) => {
    const filter = filterOf((name) => queryField(request, name));
    const sent = queryField(request, 'sent');
    const done = /^\d{1,6}$/.test(sent)
      ? `${quantity(Number(sent), 'reminder')} will be sent again.`
      : undefined;
    return showMany(request, reply, { filter, done });
  });

  app.post(paths.redrive, async (request, reply) => {
    const visitor = demandRole(request, 'operator');
    const filter = filterOf((name) => formField(request, name));
    const reason = actionReason(request);
    if (!reason.isGiven) {
      return showMany(request, reply.code(422), { filter, reason });
    }
    const end = await deps.redriveOrAsk({
      filter,
      shown: Number(formField(request, 'shown')) || 0,
      actor: visitor.name,
      reason: reason.text,
    });
    if (end.kind === 'grown') {
      return showMany(request, reply.code(409), { filter, grown: true, reason });
    }
    if (end.kind === 'asked') return reply.redirect(paths.request(end.requestId), 303);
    const query = new URLSearchParams({
      code: filter.reasonCode ?? '',
      organisation: filter.organisationId ?? '',
      mode: filter.mode ?? '',
      sent: String(end.count),
    });
    return reply.redirect(`${paths.redrive}?${query}`, 303);
  });
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
