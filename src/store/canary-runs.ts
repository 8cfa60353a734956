import { canaryOrganisationId } from '../domain/canary-branch.ts';
import type { CanaryOutcome } from '../domain/canary-run.ts';
import type { Database } from './database.ts';

/** A run in the hands of one process, until its lease ends. */
export interface ClaimedRun {
  readonly id: string;
  readonly leaseId: string;
  readonly branch: string;
  readonly isAsked: boolean;
  readonly step: number;
  readonly startedAt: Temporal.Instant;
  readonly baseAt: Temporal.Instant;
  /** Since the step was first tried. */
  readonly atStepS: number;
  /** Since anybody last looked. */
  readonly unseenS: number;
}

type Queryable = Pick<Database, 'query'>;

const leaseS = 45;

/** Makes sure that the canary's organisation exists, and that this key opens it. */
export async function ensureCanary(database: Queryable, credentialHash: Buffer): Promise<void> {
  await database.query('select ensure_canary($1)', [credentialHash]);
}

/**
 * The run of this minute, unless there is one: whoever comes second adds none. None yet when the canary's
 * organisation has just been made, and its keys are still being published.
 */
export async function startSlotRun(
  database: Queryable,
  branchOf: (slot: Temporal.Instant) => string | undefined,
): Promise<void> {
  const [row] = await database.query<{ slot: Date; taken: boolean }>(
    `select date_trunc('minute', clock_timestamp()) as slot, exists (select from canary_runs
       where slot = date_trunc('minute', clock_timestamp())) or exists (select from organisations
       where id = $1 and created_at > clock_timestamp() - interval '15 seconds') as taken`,
    [canaryOrganisationId],
    'find canary slot',
  );
  const branch = row && branchOf(instantOf(row.slot));
  if (!row || row.taken || branch === undefined) return;
  await database.query(
    'insert into canary_runs (slot, branch) values ($1, $2) on conflict (slot) do nothing',
    [row.slot, branch],
  );
}

/** Takes runs that nobody has in hand, those first that have waited longest. */
export async function claimRuns(
  database: Queryable,
  { leaseId, countMax }: { leaseId: string; countMax: number },
): Promise<ClaimedRun[]> {
  const rows = await database.query<RunRow>(
    `with free as materialized (select id from canary_runs where ended_at is null
         and next_at <= clock_timestamp()
         and (lease_until is null or lease_until < clock_timestamp())
       order by next_at limit $2 for update skip locked),
     before as (select id, touched_at from canary_runs where id = any(array(select id from free)))
     update canary_runs r set lease_id = $1,
       lease_until = clock_timestamp() + interval '${leaseS} seconds', touched_at = clock_timestamp()
     from before where before.id = r.id
     returning r.id, r.branch, r.slot is null as "isAsked", r.step, r.started_at, r.base_at,
       extract(epoch from clock_timestamp() - r.step_at)::float8 as "atStepS",
       extract(epoch from clock_timestamp() - before.touched_at)::float8 as "unseenS"`,
    [leaseId, countMax],
    'claim canary runs',
  );
  return rows.map(({ started_at, base_at, ...row }) => ({
    ...row,
    leaseId,
    startedAt: instantOf(started_at),
    baseAt: instantOf(base_at),
  }));
}

interface RunRow
  extends Omit<ClaimedRun, 'leaseId' | 'startedAt' | 'baseAt'>,
    Record<string, unknown> {
  readonly id: string;
  readonly started_at: Date;
  readonly base_at: Date;
}

type Held = Pick<ClaimedRun, 'id' | 'leaseId'>;

/**
 * Counts the times of a run from now on.
 *
 * @returns undefined when it is in other hands
 */
export async function rebaseRun(
  database: Queryable,
  { id, leaseId }: Held,
): Promise<Temporal.Instant | undefined> {
  const [row] = await database.query<{ base_at: Date }>(
    `update canary_runs set base_at = date_trunc('milliseconds', clock_timestamp())
     where id = $1 and lease_id = $2 and ended_at is null returning base_at`,
    [id, leaseId],
  );
  return row && instantOf(row.base_at);
}

/** Goes on to the next step at once, holding the run; false when it is in other hands. */
export async function advanceRun(database: Queryable, held: Held, step: number): Promise<boolean> {
  const rows = await database.query(
    `update canary_runs set step = $3, step_at = clock_timestamp(), touched_at = clock_timestamp(),
       lease_until = clock_timestamp() + interval '${leaseS} seconds'
     where id = $1 and lease_id = $2 and ended_at is null returning id`,
    [held.id, held.leaseId, step],
  );
  return rows.length > 0;
}

/** Lets go of a run that has to wait. */
export async function putOffRun(database: Queryable, held: Held, waitS: number): Promise<void> {
  await database.query(
    `update canary_runs set lease_id = null, lease_until = null, touched_at = clock_timestamp(),
       next_at = clock_timestamp() + $3 * interval '1 second'
     where id = $1 and lease_id = $2 and ended_at is null`,
    [held.id, held.leaseId, waitS],
  );
}

/** Ends a run; one that was interrupted is made up for by another of its branch. */
export async function endRun(
  database: Queryable,
  held: Held,
  { outcome, findings }: { outcome: CanaryOutcome; findings: readonly string[] },
): Promise<void> {
  await database.query(
    `with ended as (
       update canary_runs set lease_id = null, lease_until = null, outcome = $3, findings = $4,
         ended_at = clock_timestamp()
       where id = $1 and lease_id = $2 and ended_at is null returning branch, outcome)
     insert into canary_runs (branch) select branch from ended where outcome = 'interrupted'
     on conflict (branch) where slot is null and ended_at is null do nothing`,
    [held.id, held.leaseId, outcome, findings],
  );
}

/** When runs last passed, of this branch and of any, within a week. */
export async function readLastPassed(
  database: Queryable,
  branch: string,
): Promise<{ ofBranch: Temporal.Instant | undefined; ofAny: Temporal.Instant | undefined }> {
  const [row] = await database.query<{ of_branch: Date | null; of_any: Date | null }>(
    `select max(started_at) filter (where branch = $1) as of_branch, max(started_at) as of_any
     from canary_runs where outcome = 'passed' and ended_at > now() - interval '7 days'`,
    [branch],
  );
  return {
    ofBranch: row?.of_branch ? instantOf(row.of_branch) : undefined,
    ofAny: row?.of_any ? instantOf(row.of_any) : undefined,
  };
}

/** Whether sending was stopped by a person at any moment of these seconds. */
export async function wasPaused(database: Queryable, withinS: number): Promise<boolean> {
  const [row] = await database.query<{ paused: boolean }>(
    `select exists (select from pauses where (organisation_id is null or organisation_id = $1)
       and (ended_at is null or ended_at > now() - $2 * interval '1 second')) as paused`,
    [canaryOrganisationId, withinS],
  );
  return row?.paused ?? false;
}

/** Deletes runs that ended more than a week ago. */
export async function deleteOldRuns(database: Queryable): Promise<void> {
  await database.query(`delete from canary_runs where ended_at < now() - interval '8 days'`);
}

/** Deletes all that ended; what a person asked for meanwhile still waits to be taken. */
export async function deleteEndedRuns(database: Queryable): Promise<void> {
  await database.query('delete from canary_runs where ended_at is not null');
}

/** Deletes some of the canary's appointments of a day ago, and all that hangs on them. */
export async function deleteOldTraces(database: Queryable): Promise<number> {
  const [row] = await database.query<{ count: number }>('select retire_canary() as count');
  return row?.count ?? 0;
}

function instantOf(date: Date): Temporal.Instant {
  return Temporal.Instant.fromEpochMilliseconds(date.getTime());
}
