import type pg from 'pg';
import { fileKeyStore } from '../../src/keys/file-key-store.ts';
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
/** No duty takes them for what has just happened. */
const anHourAgo = `greatest(date_trunc('month', now()), now() - interval '1 hour')`;
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
  ...{ created_at: anHourAgo, issued_at: anHourAgo },
};
const times = ['starts_at', 'ends_at', 'erase_at', 'expires_at', 'send_at', 'due_at', 'not_after'];

/**
 * Makes of the one appointment in a database so many more, with all their rows, as if each had been
 * accepted, in any order of their days: ids, references, look-ups and times of their own, over 400 days. What
 * is sealed are copies, but for parcels of what is due, which can be opened and lie among the others.
 *
 * That a row's parent exists is not looked up for each; all else that PostgreSQL holds them to holds. Indexes
 * are made afterwards, as full as they are where rows came one by one.
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
      const from = turn * rowsAtOnce + 1;
      const to = Math.min(count, (turn + 1) * rowsAtOnce);
      await connection.query('truncate unsorted, fresh');
      await connection.query(scheduled, [organisationId, from, to, spreadDays / count]);
      for (const one of due) {
        const upTo = (end: number) => Math.floor((one.count * end) / turns);
        const part = upTo(turn + 1) - upTo(turn);
        await insertDue(ground, connection, { ...one, count: part });
      }
      await connection.query('insert into fresh select * from unsorted order by random()');
      for (const copy of copies) await connection.query(copy);
    }
  }
  const set = async (state: 'off' | 'on') => {
    await admin.query(`alter system set full_page_writes = ${state}`);
    await admin.query(`alter system set autovacuum = ${state}`);
    await admin.query('select pg_reload_conf()');
  };
  const beginnings = await beginningsOfDays(ground);
  // What would be lost in a crash is made anew; and all is vacuumed once, at the end.
  await set('off');
  const first = await admin.connect();
  const connections = [first, await admin.connect()];
  try {
    // Before there is a second appointment.
    const copies = await Promise.all(connections.map((one) => prepareCopies(one, beginnings)));
    await first.query(withoutIndexes, [tables]);
    await Promise.all(connections.map((one, place) => load(one, copies[place] ?? [])));
    const { rows } = await first.query<{ name: string }>(indexesOf, [tables]);
    await Promise.all(connections.map((one) => makeIndexes(one, rows)));
    await first.query('vacuum analyze');
  } finally {
    // With all that was set for them.
    for (const connection of connections) connection.release(true);
  }
  await set('on');
  await admin.query('insert into ledger_proofs default values');
  await admin.query(`update measuring set measured_until = date_trunc('minute', now())`);
}

/** What ids of each day begin with, from yesterday on. */
async function beginningsOfDays({ keys: { folder, parcelDay } }: Ground) {
  const keys = fileKeyStore(folder);
  const days = Array.from({ length: spreadDays }, (_, ahead) =>
    Temporal.PlainDate.from(parcelDay).add({ days: ahead }).toString(),
  );
  const known = await Promise.all(days.map((day) => keys.epochPublicKey(day)));
  return days.map((day, place) => [day, known[place]?.toString('hex', 0, 2)]);
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

const scheduled = `insert into unsorted
  select $1, of_day(), of_day(), of_day(), gen_random_uuid(), uuid_send(gen_random_uuid()), null, null,
    a.day, a.days * interval '1 day'
  from generate_series($2::int, $3::int) n, like_links t,
    lateral (select n * $4::float8 as days, t.parcel_day + floor(n * $4::float8)::int as day) a
    left join beginnings b on b.day = a.day`.replaceAll(
  'of_day()',
  `overlay(overlay(gen_random_uuid()::text placing '8' from 15)
    placing coalesce(b.hex, '') from 1 for length(coalesce(b.hex, '')))::uuid`,
);

const overdue = `insert into unsorted
  select $1, d.appointment_id, d.reminder_id, d.link_id, gen_random_uuid(), d.lookup, d.public_key,
    d.parcel, $2, now() - interval '1 minute' - t.due_at
  from unnest($3::uuid[], $4::uuid[], $5::uuid[], $6::bytea[], $7::bytea[], $8::bytea[])
    as d (appointment_id, reminder_id, link_id, lookup, public_key, parcel), like_reminders t`;

const indexes = `from pg_index i join pg_class c on c.oid = i.indrelid
  join pg_class x on x.oid = i.indexrelid join pg_am m on m.oid = x.relam
  left join pg_inherits h on h.inhrelid = c.oid
  where m.amname = 'btree' and c.relkind = 'r' and c.relnamespace = 'public'::regnamespace
    and coalesce(h.inhparent, c.oid)::regclass::text = any($1)`;

/** Rows that come are not entered into them, until they are made anew. */
const withoutIndexes = `update pg_index set indisready = false, indisvalid = false
  where indexrelid in (select i.indexrelid ${indexes})`;

/** Those of the largest table first. */
const indexesOf = `select i.indexrelid::regclass::text as name ${indexes}
  order by pg_relation_size(c.oid) desc, i.indexrelid`;

async function makeIndexes(connection: pg.PoolClient, left: { name: string }[]): Promise<void> {
  await connection.query(`set maintenance_work_mem = '1GB'`);
  for (let one = left.shift(); one; one = left.shift()) {
    // What comes in any order leaves pages so full.
    await connection.query(`alter index ${one.name} set (fillfactor = 70)`);
    await connection.query(`reindex index ${one.name}`);
    await connection.query(`alter index ${one.name} reset (fillfactor)`);
  }
}

/** @returns a statement for each table, for what lies in `fresh` */
async function prepareCopies(
  connection: pg.PoolClient,
  beginnings: (string | undefined)[][],
): Promise<string[]> {
  await connection.query('set session_replication_role = replica');
  await connection.query(
    `create temp table unsorted (organisation_id uuid, appointment_id uuid, reminder_id uuid, link_id uuid,
       receipt_id uuid, lookup bytea, seal_public_key bytea, parcel bytea, parcel_day date,
       shift interval);
     create temp table fresh (like unsorted);
     create temp table beginnings (day date, hex text)`,
  );
  await connection.query('insert into beginnings select * from unnest($1::date[], $2::text[])', [
    ...[beginnings.map(([day]) => day), beginnings.map(([, hex]) => hex)],
  ]);
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
