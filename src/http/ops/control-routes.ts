import type { FastifyInstance } from 'fastify';
import { type Channel, channels } from '../../domain/channel.ts';
import { AppError } from '../../domain/errors.ts';
import type { PauseEnd } from '../../usecases/end-pause.ts';
import type { PauseAction } from '../../usecases/pause-sending.ts';
import type { Controls, PauseCosts } from '../../usecases/read-controls.ts';
import type { Actor } from '../../usecases/redrive-dead-letters.ts';
import { formField } from '../form-field.ts';
import { actionReason } from './action-reason.ts';
import { addressWith, doneIn } from './done.ts';
import { isId } from './ids.ts';
import { paths } from './paths.ts';
import { queryField } from './query-field.ts';
import { controlsPage } from './views/controls-page.ts';
import { resumePage } from './views/resume-page.ts';
import { demandRole, visitorOf } from './visitor.ts';

export interface ControlDeps {
  readControls(): Promise<Controls>;
  pauseSending(action: PauseAction): Promise<boolean>;
  weighPause(input: { pauseId: string; until: readonly Date[] }): Promise<PauseCosts>;
  endPause(input: { pauseId: string; shown: number } & Actor): Promise<PauseEnd>;
  /** How many reminders one person may touch. */
  readonly aloneMax: number;
  /** The rates that the scheduler keeps. */
  readonly perSecond: Readonly<Record<Channel, number>>;
}

const html = 'text/html; charset=utf-8';

const doneTexts: Readonly<Record<string, string>> = {
  paused: 'Sending is paused.',
  'was-paused': 'Exactly this was paused already. Nothing was changed.',
  resumed: 'Sending goes on, at the rate of the sender.',
  over: 'That pause is over already. Nothing was changed.',
};

/** Stopping, and going on. */
export function addControlRoutes(app: FastifyInstance, deps: ControlDeps): void {
  const to = (done: string) => addressWith(paths.controls, { done });

  app.get(paths.controls, async (request, reply) => {
    const page = controlsPage({
      visitor: visitorOf(request),
      controls: await deps.readControls(),
      done: doneIn(request, doneTexts),
      now: new Date(),
    });
    return reply.type(html).send(page);
  });

  app.post(paths.pause, async (request, reply) => {
    const visitor = demandRole(request, 'operator');
    const [organisation, channel] = [
      formField(request, 'organisation'),
      formField(request, 'channel'),
    ];
    const reason = actionReason(request);
    if (!reason.isGiven) {
      const page = controlsPage({
        visitor,
        controls: await deps.readControls(),
        reason,
        chosen: { organisation, channel },
        now: new Date(),
      });
      return reply.code(422).type(html).send(page);
    }
    // A choice that cannot be read must not become the widest one.
    if (organisation !== '' && !isId(organisation)) throw new AppError('not_found');
    if (channel !== '' && !channels.includes(channel as Channel)) throw new AppError('not_found');
    const isNew = await deps.pauseSending({
      organisationId: organisation === '' ? undefined : organisation,
      channel: channel === '' ? undefined : (channel as Channel),
      actor: visitor.name,
      reason: reason.text,
    });
    return reply.redirect(to(isNew ? 'paused' : 'was-paused'), 303);
  });

  app.get(paths.resume, async (request, reply) => {
    const visitor = visitorOf(request);
    const costs = await costsOf(queryField(request, 'pause'));
    if (!costs) return reply.redirect(to('over'), 303);
    const { perSecond, aloneMax } = deps;
    const page = resumePage({ visitor, costs, perSecond, aloneMax, now: new Date() });
    return reply.type(html).send(page);
  });

  app.post(paths.resume, async (request, reply) => {
    const visitor = demandRole(request, 'operator');
    const pauseId = formField(request, 'pause');
    const reason = actionReason(request);
    const shown = Number(formField(request, 'shown')) || 0;
    if (!isId(pauseId)) throw new AppError('not_found');
    const result: PauseEnd | { kind: 'unexplained' } = reason.isGiven
      ? await deps.endPause({ pauseId, shown, actor: visitor.name, reason: reason.text })
      : { kind: 'unexplained' };
    if (result.kind === 'ended') return reply.redirect(to('resumed'), 303);
    if (result.kind === 'asked') return reply.redirect(paths.request(result.requestId), 303);
    const costs = result.kind === 'over' ? undefined : await costsOf(pauseId);
    if (!costs) return reply.redirect(to('over'), 303);
    const page = resumePage({
      visitor,
      costs,
      perSecond: deps.perSecond,
      aloneMax: deps.aloneMax,
      now: new Date(),
      grown: result.kind === 'grown',
      reason,
    });
    return reply
      .code(result.kind === 'grown' ? 409 : 422)
      .type(html)
      .send(page);
  });

  /** Undefined when it is over. */
  async function costsOf(pauseId: string): Promise<PauseCosts | undefined> {
    if (!isId(pauseId)) throw new AppError('not_found');
    return deps.weighPause({ pauseId, until: momentsAhead(new Date()) }).catch((error) => {
      if (error instanceof AppError && error.code === 'not_found') return undefined;
      throw error;
    });
  }
}

/** In an hour, and tomorrow at eight. */
function momentsAhead(now: Date): Date[] {
  const tomorrow = Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate() + 1, 8);
  return [new Date(now.getTime() + 3_600_000), new Date(tomorrow)];
}
