import type { DatabaseLife, HighWaterMark, ServerIdentity } from '../domain/database-life.ts';
import { type Connection, type Database, sqlState } from './database.ts';

/** The newest life, and how far it had got when it was last marked. */
export interface StoredLife extends DatabaseLife {
  readonly markedAt: Temporal.Instant;
  /** As of when the database had been when this life began; null: it was new. */
  readonly restoredTo: Temporal.Instant | null;
  readonly begunAt: Temporal.Instant;
}

/** Whether anything may be sent: this run of the server has been compared with the mark. */
export async function maySend(database: Pick<Database, 'query'>): Promise<boolean> {
  const [row] = await database.query<{ may: boolean }>('select may_send() as may');
  return row?.may ?? false;
}

/** Whether PostgreSQL refused to write what would depend on that. */
export function isHeldBack(error: unknown): boolean {
  return sqlState(error) === 'ST001';
}

/**
 * The life that the database says it is in, and what the server says it is. What a copy of files keeps
 * and a dump does not is in the identity; a copy of a whole database on the same server has another too.
 */
export async function readLife(
  database: Pick<Database, 'query'>,
): Promise<{ life: StoredLife; server: ServerIdentity; now: Temporal.Instant }> {
  const [row] = await database.query(
    `select l.number, l.beat::float8, l.identity, l.timeline, l.run, l.ready_at is not null as is_ready,
       extract(epoch from l.marked_at)::float8 * 1000 as marked_at_ms,
       extract(epoch from l.restored_to)::float8 * 1000 as restored_to_ms,
       extract(epoch from l.begun_at)::float8 * 1000 as begun_at_ms,
       (select system_identifier from pg_control_system())
         || '.' || (select oid from pg_database where datname = current_database())
         || '.' || 'public.database_lives'::regclass::oid as server_identity,
       substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) as server_timeline,
       current_run() as server_run, extract(epoch from clock_timestamp())::float8 * 1000 as now_ms
     from database_lives l order by l.number desc limit 1`,
  );
  if (!row) throw new TypeError('life');
  return {
    life: {
      number: row.number,
      beat: row.beat,
      isReady: row.is_ready,
      identity: row.identity,
      timeline: row.timeline,
      run: row.run,
      markedAt: instant(row.marked_at_ms),
      restoredTo: row.restored_to_ms === null ? null : instant(row.restored_to_ms),
      begunAt: instant(row.begun_at_ms),
    },
    server: { identity: row.server_identity, timeline: row.server_timeline, run: row.server_run },
    now: instant(row.now_ms),
  };
}

/** Lets this run of the server be sent from; a run that is another by now is not. */
export async function admitRun(
  database: Pick<Database, 'query'>,
  { number, server }: { number: number; server: ServerIdentity },
): Promise<void> {
  await database.query(
    `update database_lives set run = $2, identity = $3, timeline = $4, ready_at = coalesce(ready_at, clock_timestamp())
     where number = $1 and $2 = current_run()`,
    [number, server.run, server.identity, server.timeline],
  );
}

/**
 * Raises the counter of the newest life and says what there is to mark. It counts what was accepted since
 * two minutes ago anew each time, for what is accepted is written a moment after its time is taken.
 *
 * To be committed before the mark is written: it must never be ahead of a database that never went back.
 *
 * @returns undefined when this run of the server is not one that may be sent from
 */
export async function raiseBeat(
  connection: Connection,
  server: ServerIdentity,
): Promise<Omit<HighWaterMark, 'identity' | 'timeline'> | undefined> {
  const locked = await connection.query(
    `select number, accepted, counted_until::text as since from database_lives
     where number = (select max(number) from database_lives) and run = current_run() and run = $1
     for no key update`,
    [server.run],
  );
  const [life] = locked.rows;
  if (!life) return undefined;
  const settled = await countAccepted(connection, { since: life.since, isSettled: true });
  const base = added(life.accepted, settled);
  const { rows } = await connection.query(
    `update database_lives set beat = beat + 1, marked_at = now(), accepted = $2,
       counted_until = greatest(counted_until, now() - interval '2 minutes')
     where number = $1
     returning number, beat::float8, marked_at, counted_until::text as since, events_horizon()::text as horizon,
       (select coalesce(max(e.id), 0) from (select id from events order by created_at desc limit 1000) e)::text
         as event`,
    [life.number, base],
  );
  const [row] = rows;
  const fresh = await countAccepted(connection, { since: row.since });
  return {
    life: row.number,
    beat: row.beat,
    at: row.marked_at.toISOString(),
    transaction: row.horizon,
    event: row.event,
    accepted: added(base, fresh),
  };
}

type Counts = Readonly<Record<string, number>>;

/**
 * What this database has of what was ever accepted until then, by organisation.
 *
 * @param input.until by the database's clock; what was accepted since makes up for nothing that was lost
 */
export async function readAccepted(
  connection: Connection,
  { number, until }: { number: number; until: Temporal.Instant | undefined },
): Promise<Counts> {
  const { rows } = await connection.query(
    'select accepted, counted_until::text as since from database_lives where number = $1',
    [number],
  );
  const { accepted = {}, since = 'infinity' } = rows[0] ?? {};
  return added(accepted, await countAccepted(connection, { since, until }));
}

async function countAccepted(
  connection: Connection,
  {
    since,
    until,
    isSettled = false,
  }: { since: string; until?: Temporal.Instant | undefined; isSettled?: boolean },
): Promise<Counts> {
  const { rows } = await connection.query<{ id: string; count: number }>(
    `select organisation_id as id, count(*)::int as count from receipts
     where issued_at >= $1::timestamptz and issued_at <= coalesce($2::timestamptz, 'infinity')
       ${isSettled ? `and issued_at < greatest($1::timestamptz, now() - interval '2 minutes')` : ''}
     group by 1`,
    [since, until?.toString() ?? null],
  );
  return Object.fromEntries(rows.map(({ id, count }) => [id, count]));
}

function added(one: Counts, other: Counts): Counts {
  const sum = { ...one };
  for (const [id, count] of Object.entries(other)) sum[id] = (sum[id] ?? 0) + count;
  return sum;
}

function instant(ms: number): Temporal.Instant {
  return Temporal.Instant.fromEpochMilliseconds(Math.floor(ms));
}
