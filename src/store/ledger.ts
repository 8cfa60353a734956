import type { Mode } from '../domain/channel.ts';
import type { LedgerState } from '../domain/queue-measures.ts';
import { type AnyConnection, type Connection, keepEvents } from './database.ts';

/** One state of an organisation's reminders in one mode, counted in three ways. */
export interface LedgerLine {
  readonly organisationId: string;
  readonly mode: Mode;
  readonly state: string;
  /** Reminders that are in this state. */
  readonly byRows: number;
  /** Reminders that were in it when retention deleted them. */
  readonly carried: number;
  /** What the events add up to, those of dropped months included: steps into it less steps out of it. */
  readonly byEvents: number;
}

/**
 * Counts everything that there is, in one snapshot, as an administrator.
 *
 * @param organisationId of one organisation alone; undefined: of all
 */
export async function countLedger(
  connection: AnyConnection,
  organisationId: string | undefined,
): Promise<LedgerLine[]> {
  // It reads every row, which may take as long as it takes.
  await connection.query('set local statement_timeout = 0');
  await connection.query(keepEvents);
  const { rows } = await connection.query(
    `select organisation_id as "organisationId", mode, state, by_rows::float8 as "byRows",
       carried::float8, by_events::float8 as "byEvents" from count_ledger($1)`,
    [organisationId ?? null],
  );
  return rows;
}

/** Where the last proof ended. */
export interface LastProof {
  /** With its whole precision. */
  readonly provedAt: string;
  readonly provedUntil: string;
  readonly walkedTo: string;
}

export async function readLastProof(connection: Connection): Promise<LastProof> {
  const { rows } = await connection.query<LastProof>(
    `select proved_at::text as "provedAt", proved_until::text as "provedUntil", walked_to as "walkedTo"
     from ledger_proofs order by id desc limit 1`,
  );
  return rows[0] ?? { provedAt: '-infinity', provedUntil: '0', walkedTo: startOfWalk };
}

/** Stands before every appointment. */
export const startOfWalk = '00000000-0000-0000-0000-000000000000';

/** A place in the events, in the order of their time. */
export interface EventPlace {
  readonly at: string;
  readonly id: string;
}

/**
 * Appointments of the next events that the last proof did not see: those of transactions that had not
 * ended then. What such a transaction had written before is not older than a quarter of an hour, for none
 * of ours lasts longer.
 */
export async function listChangedAppointments(
  connection: Connection,
  { since, after, limit }: { since: LastProof; after: EventPlace | undefined; limit: number },
): Promise<{ ids: string[]; last: EventPlace | undefined }> {
  const { rows } = await connection.query<EventPlace & { appointment_id: string }>({
    name: 'list changed appointments',
    // Both begin at one time: where the second began sooner, all events since then were gone through.
    text: `select appointment_id, created_at::text as at, id::text from events
      where created_at >= coalesce($3::timestamptz, $1::timestamptz - interval '15 minutes')
        and (created_at, id) > (coalesce($3::timestamptz, $1::timestamptz - interval '15 minutes'), $4::bigint)
        and transaction_id >= $2::xid8 and reminder_id is not null
      order by events.created_at, events.id limit $5`,
    values: [since.provedAt, since.provedUntil, after?.at ?? null, after?.id ?? '0', limit],
  });
  const ids = new Set(rows.map((row) => row.appointment_id));
  return { ids: [...ids], last: rows.length < limit ? undefined : rows.at(-1) };
}

/** The next appointments in the order of their ids, whether anything became of them or not. */
export async function listNextAppointments(
  connection: Connection,
  { after, limit }: { after: string; limit: number },
): Promise<string[]> {
  const { rows } = await connection.query<{ id: string }>({
    name: 'list next appointments',
    text: 'select id from appointments where id > $1 order by id limit $2',
    values: [after, limit],
  });
  return rows.map(({ id }) => id);
}

/** A state that a reminder is in, and that its events do not lead to; or the other way round. */
export interface LedgerBreak {
  readonly organisationId: string;
  readonly mode: Mode;
  readonly appointmentId: string;
  readonly reminderId: string;
  readonly state: string;
  /** By how many its row says more than its events. */
  readonly difference: number;
}

/**
 * Adds up the life of each reminder of these appointments, with what was carried forward of months that
 * were dropped. An appointment that retention has deleted is left out.
 *
 * @returns states that do not add up; nothing when all is well
 */
export async function findBreaks(
  connection: Connection,
  appointmentIds: readonly string[],
): Promise<LedgerBreak[]> {
  if (appointmentIds.length === 0) return [];
  const { rows } = await connection.query<LedgerBreak>({
    name: 'find ledger breaks',
    text: `with entry as (
        select r.appointment_id, r.id as reminder_id, r.organisation_id, r.mode, r.state, 1 as step
        from reminders r where r.appointment_id = any($1::uuid[])
        union all
        select c.appointment_id, c.reminder_id, c.organisation_id, c.mode, c.state, -c.step
        from carried_lives c join event_months m on m.month = c.month
        where c.appointment_id = any($1::uuid[]) and m.dropped_at is not null
        union all
        select e.appointment_id, e.reminder_id, e.organisation_id, e.mode, s.state, s.step
        from events e cross join lateral (values (e.to_state, -1), (e.from_state, 1)) as s (state, step)
        where e.appointment_id = any($1::uuid[]) and e.reminder_id is not null
          and e.to_state is not null and s.state is not null
      ), broken as (
        select appointment_id, reminder_id, organisation_id, mode, state, sum(step)::int as difference
        from entry group by 1, 2, 3, 4, 5 having sum(step) <> 0
      )
      select appointment_id as "appointmentId", reminder_id as "reminderId",
        organisation_id as "organisationId", mode, state, difference
      from broken where exists (select from appointments a where a.id = broken.appointment_id)
      order by organisation_id, mode, state, reminder_id`,
    values: [appointmentIds],
  });
  return rows;
}

/** Appointments of reminders that did not add up when they were last looked at. */
export async function listBroken(connection: Connection): Promise<string[]> {
  const { rows } = await connection.query<{ appointment_id: string }>(
    'select distinct appointment_id from ledger_breaks',
  );
  return rows.map((row) => row.appointment_id);
}

/** Writes what a proof found, and how far it got. */
export async function writeProof(
  connection: Connection,
  proof: { breaks: readonly LedgerBreak[]; walkedTo: string; checkedCount: number },
): Promise<void> {
  const found = `unnest($1::uuid[], $2::text[], $3::uuid[], $4::uuid[], $5::text[], $6::int[])
    as f (organisation_id, mode, appointment_id, reminder_id, state, difference)`;
  const columns = [
    proof.breaks.map(({ organisationId }) => organisationId),
    proof.breaks.map(({ mode }) => mode),
    proof.breaks.map(({ appointmentId }) => appointmentId),
    proof.breaks.map(({ reminderId }) => reminderId),
    proof.breaks.map(({ state }) => state),
    proof.breaks.map(({ difference }) => difference),
  ];
  const isStored = `(f.reminder_id, f.organisation_id, f.mode, f.state, f.difference)
    = (b.reminder_id, b.organisation_id, b.mode, b.state, b.difference)`;
  await connection.query(
    `delete from ledger_breaks b where not exists (select from ${found} where ${isStored})`,
    columns,
  );
  // A statement of its own: one that has grown is seen to be gone, and is written as it is now.
  await connection.query(
    `insert into ledger_breaks (organisation_id, mode, appointment_id, reminder_id, state, difference)
     select f.* from ${found} where not exists (select from ledger_breaks b where ${isStored})`,
    columns,
  );
  await connection.query(
    `insert into ledger_proofs (proved_until, walked_to, checked_count)
     values (events_horizon(), $1, $2)`,
    [proof.walkedTo, proof.checkedCount],
  );
}

/** For operators: how many reminders do not add up, and when that was last looked at. */
export async function readLedgerState(connection: Connection): Promise<LedgerState> {
  const { rows } = await connection.query(
    `select (select count(distinct reminder_id) from ledger_breaks)::int as "brokenCount",
       (select max(proved_at) from ledger_proofs where id > 1) as "provedAt"`,
  );
  return rows[0];
}
