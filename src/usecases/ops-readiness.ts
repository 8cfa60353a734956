import type { Database } from '../store/database.ts';
import { readHeartbeats } from '../store/ops-reads.ts';

/** Duties without which patients miss reminders, and the longest that each may be silent. */
export const neededDuties = {
  feed: { silentMaxS: 20 },
  sweep: { silentMaxS: 40 },
  dispatch: { silentMaxS: 20 },
} as const;

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
}): Promise<Record<'postgres' | keyof typeof neededDuties, Line>> {
  const beats = await readHeartbeats(database, { liveWithinS: 20 }).catch(() => undefined);
  const line = (duty: keyof typeof neededDuties): Line => {
    const ageS = beats?.find(({ name }) => name === duty)?.ageS;
    return {
      ok: ageS !== undefined && ageS <= neededDuties[duty].silentMaxS,
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
