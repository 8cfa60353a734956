import type { Connection } from './database.ts';

const rowsMax = 200;

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
 * Deletes appointments whose last trace is to go, with everything that hangs on them. How many of their
 * reminders were in which state is carried forward by the same statement, so that the ledger goes on
 * adding up. Reminders are deleted by name, for what is counted must be what goes: as it stood when its
 * row was locked, whatever it was a moment before.
 */
export async function deleteOldAppointments(connection: Connection): Promise<number> {
  const { rows } = await connection.query<{ count: number }>({
    name: 'delete old appointments',
    text: `with old as (
        delete from appointments where id = any(array(select id from appointments
          where erase_at <= now() order by erase_at limit ${rowsMax}))
          and erase_at <= clock_timestamp()
        returning id
      ), gone as (
        delete from reminders r using old where r.appointment_id = old.id
        returning r.organisation_id, r.mode, r.state
      ), carried as (
        insert into carried_balances (organisation_id, mode, state, count)
        select organisation_id, mode, state, count(*) from gone group by 1, 2, 3
      )
      select count(*)::int as count from old`,
  });
  return rows[0]?.count ?? 0;
}

/** Deletes batches that were over a day ago; nothing refers to them. */
export async function deleteOldBatches(connection: Connection): Promise<number> {
  return remove(
    connection,
    'delete old batches',
    `delete from batches where id = any(array(select id from batches
       where lease_until < now() - interval '1 day' order by lease_until limit ${rowsMax}))`,
  );
}

/** What was counted per minute; the totals stay. */
const minuteTables = [
  'minute_transitions',
  'minute_hand_overs',
  'minute_lateness',
  'minute_opt_outs',
];

/** Deletes what counted, paused or proved for a few days or less. */
export async function deleteShortLived(connection: Connection): Promise<number> {
  const statements = [
    `delete from codes where expires_at < now() - interval '1 day'`,
    `delete from phone_day_counts where day < (now() at time zone 'UTC')::date - 1`,
    `delete from source_failures where updated_at < now() - interval '7 days'`,
    `delete from webhook_failures where failed_at < now() - interval '30 days'`,
    `delete from webhook_secrets where expires_at < now()`,
    `delete from send_check_secrets where expires_at < now()`,
    `delete from receipts where issued_at < now() - interval '90 days'`,
    `delete from ledger_proofs p where p.proved_at < now() - interval '8 days'
       and p.id < (select max(id) from ledger_proofs)`,
    `delete from heartbeats where beat_at < now() - interval '1 day'`,
    ...minuteTables.map((table) => `delete from ${table} where minute < now() - interval '8 days'`),
  ];
  for (const statement of statements) await connection.query(statement);
  return 0;
}

/** Makes the partitions that events of the months ahead go into. */
export async function makeEventPartitions(connection: Connection): Promise<void> {
  await connection.query('select ensure_event_partitions(3)');
}

async function remove(connection: Connection, name: string, text: string): Promise<number> {
  return (await connection.query({ name, text })).rowCount ?? 0;
}
