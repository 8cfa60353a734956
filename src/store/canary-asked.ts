import type { CanaryOutcome } from '../domain/canary-run.ts';
import type { AdminConnection } from './administration.ts';

/** A run that a person asked for. */
export interface AskedRun {
  readonly branch: string;
  readonly outcome: CanaryOutcome | 'open';
  readonly findings: readonly string[];
  readonly isBegun: boolean;
  readonly tookS: number;
}

/**
 * Has these branches run as soon as there is room, beside the one of each minute. One that is asked for
 * already is not asked for twice.
 *
 * @returns ids of the runs
 */
export async function askForRuns(
  connection: AdminConnection,
  branches: readonly string[],
): Promise<string[]> {
  await connection.query(
    `insert into canary_runs (branch) select unnest($1::text[])
     on conflict (branch) where slot is null and ended_at is null do nothing`,
    [branches],
  );
  const { rows } = await connection.query<{ id: string }>(
    'select id from canary_runs where slot is null and ended_at is null and branch = any($1)',
    [branches],
  );
  return rows.map(({ id }) => id);
}

export async function readAskedRuns(
  connection: AdminConnection,
  ids: readonly string[],
): Promise<AskedRun[]> {
  const { rows } = await connection.query<AskedRun>(
    `select branch, coalesce(outcome, 'open') as outcome, findings, touched_at > started_at as "isBegun",
       extract(epoch from coalesce(ended_at, clock_timestamp()) - base_at)::float8 as "tookS"
     from canary_runs where id = any($1) order by started_at, branch`,
    [ids],
  );
  return rows;
}
