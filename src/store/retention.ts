import { keptDaysMax } from '../../config/kept-days.ts';
import type { Connection, Database } from './database.ts';

const rowsMax = 500;

/** By the database's clock. */
export async function readDatabaseTime(
  database: Pick<Database, 'query'>,
): Promise<Temporal.Instant> {
  const [row] = await database.query<{ now: string }>(
    `select to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as now`,
  );
  return Temporal.Instant.from(row?.now ?? '');
}

/**
 * Deletes links that have expired, and of appointments that no link leads to any more what was
 * sealed for them. States and attempts stay until the appointment's own time.
 */
export async function deleteExpiredLinks(connection: Connection): Promise<number> {
  const { rows } = await connection.query<{ appointment_id: string }>({
    name: 'delete expired links',
    text: `with over as materialized (
        select id from links where expires_at <= now() order by expires_at
        limit ${rowsMax} for update skip locked)
      delete from links where id = any(array(select id from over)) returning appointment_id`,
  });
  await connection.query({
    name: 'delete unreachable versions',
    text: `delete from versions v where v.appointment_id = any($1::uuid[])
      and not exists (select from links l where l.appointment_id = v.appointment_id)`,
    values: [Array.from(new Set(rows.map((row) => row.appointment_id)))],
  });
  return rows.length;
}

/**
 * Deletes versions that no link was ever sealed for, when one would have expired, and with them what an
 * earlier version of their appointment left behind that no link leads to either.
 */
export async function deleteUnlinkedVersions(connection: Connection): Promise<number> {
  const { rowCount } = await connection.query({
    name: 'delete unlinked versions',
    text: `with over as materialized (
        select appointment_id, version from versions where expires_at <= now()
        order by expires_at limit ${rowsMax})
      delete from versions v using (select distinct appointment_id from over) o
      where v.appointment_id = o.appointment_id
        and ((v.appointment_id, v.version) in (select appointment_id, version from over)
          or not exists (select from links l where l.appointment_id = v.appointment_id))`,
  });
  return rowCount ?? 0;
}

/**
 * Deletes appointments whose last trace is to go, with everything that hangs on them. How many of their
 * reminders were in which state is carried forward by the same statement, so that the ledger goes on
 * adding up. Reminders are deleted by name, for what is counted must be what goes: as it stood when its
 * row was locked, whatever it was a moment before.
 *
 * @param keptDays after links expire; rows were written for the longest
 */
export async function deleteOldAppointments(
  connection: Connection,
  { keptDays }: { keptDays: number },
): Promise<number> {
  const { rows } = await connection.query<{ count: number }>({
    name: 'delete old appointments',
    text: `with old as (
        delete from appointments where id = any(array(select id from appointments
          where erase_at <= now() + $1 * interval '1 day' order by erase_at limit ${rowsMax}))
          and erase_at <= clock_timestamp() + $1 * interval '1 day'
        returning id
      ), gone as (
        delete from reminders r using old where r.appointment_id = old.id
        returning r.organisation_id, r.mode, r.state
      ), carried as (
        insert into carried_balances (organisation_id, mode, state, count)
        select organisation_id, mode, state, count(*) from gone group by 1, 2, 3
      ), lives as (
        delete from carried_lives l using old where l.appointment_id = old.id
      )
      select count(*)::int as count from old`,
    values: [keptDaysMax.states - keptDays],
  });
  return rows[0]?.count ?? 0;
}

/**
 * Adds up what was carried forward of one organisation, mode and state to one row, among so many rows from
 * one organisation on. @returns where to go on; undefined at the end
 */
export async function foldCarriedBalances(
  connection: Connection,
  { from, countMax = 5_000 }: { from: string; countMax?: number },
): Promise<string | undefined> {
  const { rows } = await connection.query<{ next: string | null }>(
    'select fold_carried_balances($1, $2) as next',
    [from, countMax],
  );
  return rows[0]?.next ?? undefined;
}
