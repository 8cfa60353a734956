import type pg from 'pg';
import { makeReminder } from '../support/seed-reminders.ts';
import type { BenchDatabase, Ground } from './ground.ts';

/** So many reminders of an organisation that are due already. */
export interface DueOf {
  readonly organisationId: string;
  readonly count: number;
}

const rowsAtOnce = 500_000;
const spreadDays = 400;
const tables = [
  ...['appointments', 'versions', 'receipts', 'reminders', 'links', 'content_keys', 'events'],
];
const ids: Readonly<Record<string, string>> = {
  ...{ appointments: 'f.appointment_id', reminders: 'f.reminder_id', links: 'f.link_id' },
};
/** What is not the same in all, by the name of the column. */
const own: Readonly<Record<string, string>> = {
  ...{ organisation_id: 'f.organisation_id', appointment_id: 'f.appointment_id' },
  ...{ link_id: 'f.link_id', receipt_id: 'f.receipt_id', lookup: 'f.lookup' },
  seal_public_key: 'coalesce(f.seal_public_key, t.seal_public_key)',
  ...{ parcel: 'coalesce(f.parcel, t.parcel)', parcel_day: 'f.parcel_day' },
  reminder_id: 'case when t.reminder_id is not null then f.reminder_id end',
  reference: `'visit-' || f.appointment_id`,
  view_month: `to_char(now() + f.shift, 'YYYY-MM')`,
  transaction_id: 'pg_current_xact_id()',
  // An hour ago: no duty takes them for what has just happened.
  created_at: `greatest(date_trunc('month', now()), now() - interval '1 hour')`,
};
const times = ['starts_at', 'ends_at', 'erase_at', 'expires_at', 'send_at', 'due_at', 'not_after'];

/**
 * Makes of the one appointment in a database so many more, with all their rows, as if each had been
 * accepted: ids, references, look-ups and times of their own, over 400 days. What is sealed are copies,
 * but for parcels of what is due, which can be opened and lie among the others.
 *
 * That a row's parent exists is not looked up for each; all else that PostgreSQL holds them to holds.
 */
export async function multiplyAppointment(
  ground: Ground,
  { admin, organisationId }: BenchDatabase,
  { count, due }: { count: number; due: readonly DueOf[] },
): Promise<void> {
  const turns = Math.ceil(count / rowsAtOnce);
  let begun = 0;

  async function load(connection: pg.PoolClient, copies: readonly string[]): Promise<void> {
    while (begun < turns) {
      const turn = begun;
      begun += 1;
      const [first, last] = [turn * rowsAtOnce + 1, Math.min(count, (turn + 1) * rowsAtOnce)];
      await connection.query('truncate unsorted, fresh');
      await connection.query(scheduled, [organisationId, first, last, spreadDays / count]);
      for (const one of due) {
        const upTo = (end: number) => Math.floor((one.count * end) / turns);
        const part = upTo(turn + 1) - upTo(turn);
        await insertDue(ground, connection, { ...one, count: part });
      }
      // Each index is gone through in its order.
      await connection.query('insert into fresh select * from unsorted order by appointment_id');
      for (const copy of copies) await connection.query(copy);
    }
  }
  const write = async (pages: 'off' | 'on') => {
    await admin.query(`alter system set full_page_writes = ${pages}`);
    await admin.query('select pg_reload_conf()');
  };
  // What would be lost in a crash is made anew; it would be most of the time.
  await write('off');
  const connections = await Promise.all([admin.connect(), admin.connect()]);
  try {
    // Before there is a second appointment.
    const copies = await Promise.all(connections.map(prepareCopies));
    await Promise.all(connections.map((one, place) => load(one, copies[place] ?? [])));
  } finally {
    // With all that was set for them.
    for (const connection of connections) connection.release(true);
  }
  await write('on');
  await admin.query('insert into ledger_proofs default values');
  await admin.query(`update measuring set measured_until = date_trunc('minute', now())`);
}

async function insertDue(
  { keys: { epochPublicKey, parcelDay } }: Ground,
  connection: pg.PoolClient,
  { organisationId, count }: DueOf,
): Promise<void> {
  const made = Array.from({ length: count }, (_, place) =>
    makeReminder({ organisationId, epochPublicKey, parcelDay }, place),
  );
  const links = made.flatMap((reminder) => reminder.links);
  await connection.query(overdue, [
    ...[organisationId, parcelDay, made.map(({ reminder }) => reminder.appointmentId)],
    ...[links.map(({ reminderId }) => reminderId), links.map(({ id }) => id)],
    ...[links.map(({ lookup }) => lookup), links.map(({ publicKey }) => publicKey)],
    links.map(({ parcel }) => parcel),
  ]);
}

/** Ids of one appointment begin alike, so that all indexes have the same order. */
const scheduled = `insert into unsorted
  select $1, a.id, like_a(), like_a(), like_a(), uuid_send(like_a()), null, null,
    t.parcel_day + floor(a.days)::int, a.days * interval '1 day'
  from generate_series($2::int, $3::int) n, like_links t,
    lateral (select gen_random_uuid() as id, n * $4::float8 as days) a`.replaceAll(
  'like_a()',
  '(left(a.id::text, 18) || right(gen_random_uuid()::text, 18))::uuid',
);

const overdue = `insert into unsorted
  select $1, d.appointment_id, d.reminder_id, d.link_id, gen_random_uuid(), d.lookup, d.public_key,
    d.parcel, $2, now() - interval '1 minute' - t.due_at
  from unnest($3::uuid[], $4::uuid[], $5::uuid[], $6::bytea[], $7::bytea[], $8::bytea[])
    as d (appointment_id, reminder_id, link_id, lookup, public_key, parcel), like_reminders t`;

/** @returns a statement for each table, for what lies in `fresh` */
async function prepareCopies(connection: pg.PoolClient): Promise<string[]> {
  await connection.query('set session_replication_role = replica');
  await connection.query(
    `create temp table unsorted (organisation_id uuid, appointment_id uuid, reminder_id uuid, link_id uuid,
       receipt_id uuid, lookup bytea, seal_public_key bytea, parcel bytea, parcel_day date,
       shift interval);
     create temp table fresh (like unsorted)`,
  );
  const copies: string[] = [];
  for (const table of tables) {
    await connection.query(`create temp table like_${table} as select * from ${table}`);
    const { rows } = await connection.query<{ name: string }>(
      `select column_name as name from information_schema.columns where table_name = $1
         and table_schema = 'public' and is_generated = 'NEVER' and is_identity = 'NO'
         and column_name <> 'updated_at'`,
      [table],
    );
    const names = rows.map(({ name }) => name);
    const values = names.map((name) => {
      if (name === 'id') return ids[table];
      return own[name] ?? (times.includes(name) ? `t.${name} + f.shift` : `t.${name}`);
    });
    copies.push(
      `insert into ${table} (${names.join(', ')}) select ${values.join(', ')}
       from fresh f, like_${table} t`,
    );
  }
  return copies;
}
