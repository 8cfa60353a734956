import { silentMaxS } from '../domain/duty-silence.ts';
import type { Database } from '../store/database.ts';
import { readHeartbeats } from '../store/ops-reads.ts';

/** Duties without which patients miss reminders. */
export const neededDuties = ['feed', 'sweep', 'dispatch'] as const;
type NeededDuty = (typeof neededDuties)[number];

type Line = { readonly ok: boolean; readonly ageS?: number | undefined };

/**
 * Whether reminders can go out: PostgreSQL answers, and somebody feeds, sweeps and dispatches.
 *
 * @returns `ageS` since each was last heard of, in seconds; absent when it never was
 */
export async function opsReadiness({
  database,
}: {
  database: Pick<Database, 'query'>;
}): Promise<Record<'postgres' | NeededDuty, Line>> {
  const beats = await readHeartbeats(database, { liveWithinS: 20 }).catch(() => undefined);
  const line = (duty: NeededDuty): Line => {
    const ageS = beats?.find(({ name }) => name === duty)?.ageS;
    return {
      ok: ageS !== undefined && ageS <= silentMaxS[duty],
      ageS: ageS === undefined ? undefined : Math.round(ageS),
    };
  };
  return {
    postgres: { ok: beats !== undefined },
    feed: line('feed'),
    sweep: line('sweep'),
    dispatch: line('dispatch'),
  };
}
