import { percentile } from '../support/percentile.ts';
import type { Run } from './measurement.ts';

/** So many of one organisation, due one after the other over this time, or all at once. */
export interface Wave {
  readonly count: number;
  readonly overMs: number;
}

/** One that a provider has, by its clock. */
export interface Came {
  /** Which of the waves it is of. */
  readonly wave: number;
  readonly atMs: number;
  readonly lateS: number;
  /** How often it had been tried before. */
  readonly again: number;
}

/** Something that sends what is due, and runs. */
export interface Sender {
  /**
   * Sends waves that are due a little later, the first of the first organisation and so on.
   *
   * @returns when each came, once
   * @throws when one came twice, or is none of these, or the machine was too busy to begin in time
   */
  send(waves: readonly Wave[]): Promise<Came[]>;
  stop(): Promise<void>;
}

/** Of each reminder, in the order of the waves: which it is of, and how long after the first it is due. */
export function dueOf(waves: readonly Wave[]): { wave: number; offsetMs: number }[] {
  return waves.flatMap(({ count, overMs }, wave) =>
    Array.from({ length: count }, (_, place) => ({ wave, offsetMs: (place * overMs) / count })),
  );
}

/** How late these came, and how many a second all came that were sent with them. */
export function lateOf(some: readonly Came[], all: readonly Came[] = some): Run {
  const seconds = some.map(({ lateS }) => lateS);
  const at = (share: number) => percentile(seconds, share);
  const cameAtMs = all.map(({ atMs }) => atMs);
  const [firstAtMs = 0, lastAtMs = 0] = [cameAtMs.at(0), cameAtMs.at(-1)];
  return {
    ...{ 'p50 s': at(0.5), 'p99 s': at(0.99), 'p99.9 s': at(0.999) },
    'reminders/s': all.length / ((lastAtMs - firstAtMs) / 1_000),
    'tries again': some.reduce((sum, { again }) => sum + again, 0),
  };
}
