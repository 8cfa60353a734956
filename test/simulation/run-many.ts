import { type Ran, runSchedule } from './run-schedule.ts';
import type { Statements } from './statement.ts';

/** What many schedules came to. */
export interface Total {
  schedules: number;
  steps: number;
  calls: number;
  reminders: number;
  copies: number;
  flagged: number;
  /** Ends of reminders, by state. */
  readonly states: Map<string, number>;
  /** Rows of the table, and in how many schedules each was walked. */
  readonly walked: Map<string, number>;
  /** Seeds that broke a promise, and the first that each broke. */
  readonly broken: { readonly seed: number; readonly what: string }[];
}

/** Worlds that take turns: one turn of the event loop then serves them all. More fall out of the cache. */
const atOnce = 8;

/** Runs the schedules of `count` seeds from `seed` on, or until the time is over. */
export async function runMany({
  seed,
  count,
  statements,
  untilMs = Infinity,
  brokenMax = 20,
}: {
  seed: number;
  count: number;
  statements?: Statements | undefined;
  /** By `performance.now()`. */
  untilMs?: number;
  brokenMax?: number;
}): Promise<Total> {
  const total: Total = {
    ...{ schedules: 0, steps: 0, calls: 0, reminders: 0, copies: 0, flagged: 0 },
    ...{ states: new Map(), walked: new Map(), broken: [] },
  };
  let next = seed;
  async function take(): Promise<void> {
    while (next < seed + count && performance.now() < untilMs) {
      const mine = next;
      next += 1;
      add(total, mine, await runSchedule({ seed: mine, statements }));
      if (total.broken.length >= brokenMax) return;
    }
  }
  await Promise.all(Array.from({ length: atOnce }, take));
  return total;
}

function add(total: Total, seed: number, { breaches, world, steps }: Ran): void {
  total.schedules += 1;
  total.steps += steps.length;
  total.calls += world.io.calls;
  total.copies += world.provider.copies.length;
  for (const { state, possible_duplicate: flagged } of world.tables.reminders) {
    total.reminders += 1;
    if (flagged) total.flagged += 1;
    total.states.set(state, (total.states.get(state) ?? 0) + 1);
  }
  for (const row of world.watch.walked) total.walked.set(row, (total.walked.get(row) ?? 0) + 1);
  const [first] = breaches;
  if (first) total.broken.push({ seed, what: `${first.promise}: ${first.what}` });
}
