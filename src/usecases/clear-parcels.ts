import { limits } from '../../config/limits.ts';
import { utcDay } from '../domain/link-expiry.ts';
import type { Database } from '../store/database.ts';
import { clearedAtOnceMax, clearParcels, type ParcelsOfToday } from '../store/parcels.ts';
import { inRounds } from './in-rounds.ts';

const roundsMax = 20;
/** What began just before a look, and was not seen by it, is seen by the next. */
const overlapMs = 120_000;
const hourMs = 3_600_000;

interface Deps {
  readonly database: Pick<Database, 'transaction'>;
  readonly now?: () => Temporal.Instant;
}

/** Empties what was sealed for sending and serves nothing any more, never on one clock's word. */
export async function clearSettledParcels(
  { database, now = () => Temporal.Now.instant() }: Deps,
  ofToday: ParcelsOfToday = 'all',
): Promise<number> {
  return inRounds(
    { database },
    'clear parcels',
    (connection) =>
      clearParcels(connection, { graceMs: limits.parcelGraceMs, now: now(), ofToday }),
    { roundsMax },
  );
}

/**
 * Empties parcels over and over, and looks each time at those alone that may have come to an end since the
 * time before, at first within the last hour. All of a day is looked at once, an hour after it began, when it
 * has by other clocks too; what no process saw goes with the day.
 */
export function createParcelClearing(deps: Deps): () => Promise<void> {
  const { now = () => Temporal.Now.instant() } = deps;
  let lookedAt: Temporal.Instant | undefined;
  return async () => {
    const begun = now();
    const cleared = await clearSettledParcels(deps, todayOf(lookedAt, begun));
    // What is left over is looked for again.
    if (cleared < roundsMax * clearedAtOnceMax) lookedAt = begun;
  };
}

function todayOf(before: Temporal.Instant | undefined, now: Temporal.Instant): ParcelsOfToday {
  if (!before) return { endedWithinMs: hourMs };
  if (begunDay(before) !== begunDay(now)) return 'all';
  const sinceMs = now.epochMilliseconds - before.epochMilliseconds;
  return { endedWithinMs: Math.max(0, sinceMs) + overlapMs };
}

const begunDay = (at: Temporal.Instant) => utcDay(at.subtract({ milliseconds: hourMs }));
