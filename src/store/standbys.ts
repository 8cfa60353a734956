import type { Database } from './database.ts';

/** Who follows the server, and what it waits for before it confirms. */
export interface StandbyFacts {
  /** It follows another one itself, and takes no writes. */
  readonly isStandby: boolean;
  /** As `synchronous_standby_names` has them; empty when it waits for nobody. */
  readonly names: string;
  /** `local` waits for nobody, whatever the names say. */
  readonly commits: string;
  /** Whether this user is told who follows. */
  readonly maySee: boolean;
  /** Connected, and waited for. */
  readonly synchronousCount: number;
  /** Connected, and not waited for. */
  readonly otherCount: number;
}

/** @see https://www.postgresql.org/docs/18/monitoring-stats.html#MONITORING-PG-STAT-REPLICATION-VIEW */
export async function readStandbys(database: Pick<Database, 'query'>): Promise<StandbyFacts> {
  const [facts] = await database.query<StandbyFacts & Record<string, unknown>>(
    `select pg_is_in_recovery() as "isStandby", current_setting('synchronous_standby_names') as names,
       current_setting('synchronous_commit') as commits,
       pg_has_role('pg_read_all_stats', 'usage') as "maySee",
       count(*) filter (where sync_state in ('sync', 'quorum'))::int as "synchronousCount",
       count(*) filter (where sync_state in ('async', 'potential') and state = 'streaming')::int as "otherCount"
     from pg_stat_replication`,
  );
  if (!facts) throw new TypeError('standbys');
  return facts;
}
