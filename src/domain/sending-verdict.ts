import type { Channel } from './channel.ts';

/** Beyond it reminders are called late: the feeder takes what is due each second. */
export const lateAfterS = 120;

/** Whether patients get their reminders now, and what is in the way if not. */
export interface SendingVerdict {
  readonly state: 'fine' | 'late' | 'stopped';
  readonly cause: SendingTrouble | undefined;
  /** Where it is so. */
  readonly channels: readonly Channel[];
  /** Of what is late by it; else 0. */
  readonly oldestDueS: number;
}
export type SendingTrouble =
  | 'no_worker'
  | 'feeder_silent'
  | 'provider_down'
  | 'given_back'
  | 'paused'
  | 'backlog';

/** What decides it, of one mode. */
export interface SendingFacts {
  /** Heard of lately. */
  readonly workers: number;
  /** Nobody has fed for as long as a feeder may be silent, or ever. */
  readonly feederSilent: boolean;
  readonly lanes: readonly {
    readonly channel: Channel;
    /** By a person, for every organisation. */
    readonly paused: boolean;
    /** Every worker finds its provider down. */
    readonly heldUp: boolean;
    /** Workers have taken reminders for minutes, and handed over none of them. */
    readonly allGivenBack: boolean;
    /** Of what no pause of its organisation holds, in a worker's hands or not; 0 when nothing is due. */
    readonly oldestDueS: number;
  }[];
}

/**
 * The one answer to "are patients missing reminders now".
 *
 * Stopped: on some channel nothing can go out, whether or not something is due. Late: everything could
 * go out, and something has waited for longer than it should. Of several troubles the one is named
 * that stops most.
 */
export function judgeSending({ workers, feederSilent, lanes }: SendingFacts): SendingVerdict {
  const all = lanes.map(({ channel }) => channel);
  const where = (is: (lane: SendingFacts['lanes'][number]) => boolean) =>
    lanes.filter(is).map(({ channel }) => channel);
  const stopped = (cause: SendingTrouble, channels: readonly Channel[]): SendingVerdict => ({
    ...{ state: 'stopped', cause, channels, oldestDueS: 0 },
  });

  if (workers === 0) return stopped('no_worker', all);
  if (feederSilent) return stopped('feeder_silent', all);
  const down = where(({ heldUp }) => heldUp);
  if (down.length > 0) return stopped('provider_down', down);
  const givenBack = where(({ allGivenBack }) => allGivenBack);
  if (givenBack.length > 0) return stopped('given_back', givenBack);
  const paused = where((lane) => lane.paused);
  if (paused.length > 0) return stopped('paused', paused);
  const late = where(({ oldestDueS }) => oldestDueS > lateAfterS);
  if (late.length === 0) return { state: 'fine', cause: undefined, channels: [], oldestDueS: 0 };
  const oldestDueS = Math.max(...lanes.map((lane) => lane.oldestDueS));
  return { state: 'late', cause: 'backlog', channels: late, oldestDueS };
}
