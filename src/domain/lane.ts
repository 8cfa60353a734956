import { type Channel, type Mode, modes } from './channel.ts';

/** What reminders queue up in: one channel, test and live apart, so that no lane waits for another. */
export interface Lane {
  readonly channel: Channel;
  readonly mode: Mode;
}

/** One lane's name among the others of a process. */
export function laneKey({ channel, mode }: Lane): string {
  return `${channel} ${mode}`;
}

/** The heartbeat by which a worker says that it finds a lane's provider down. */
export function heldUpBeat(lane: Lane): string {
  return `held-up ${laneKey(lane)}`;
}

/** Both lanes of each of these channels, those of patients first. */
export function lanesOf(channels: readonly Channel[]): Lane[] {
  return modes.toReversed().flatMap((mode) => channels.map((channel) => ({ channel, mode })));
}
