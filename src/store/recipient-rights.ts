import type { Mode } from '../domain/channel.ts';
import type { HandOver, StoredReminder } from '../domain/held-data.ts';
import type { Connection, Database } from './database.ts';

/** An appointment that its recipient has erased. */
export interface ErasedAppointment {
  readonly appointmentId: string;
  readonly organisationId: string;
  readonly mode: Mode;
  readonly reference: string;
  readonly erasedAt: Date;
}

/**
 * Shreds what a live link leads to, by what the link is found by.
 *
 * @returns undefined where no live link has this lookup id, as after an erasure
 */
export async function eraseForRecipient(
  connection: Connection,
  lookup: Buffer,
): Promise<ErasedAppointment | undefined> {
  const { rows } = await connection.query<ErasedAppointment>(
    `select appointment_id as "appointmentId", organisation_id as "organisationId", mode, reference,
       erased_at as "erasedAt" from erase_for_recipient($1)`,
    [lookup],
  );
  return rows[0];
}

/** Keeps the receipt of an erasure, within its transaction. */
export async function keepErasureReceipt(
  connection: Connection,
  { appointmentId, receipt }: { appointmentId: string; receipt: Buffer },
): Promise<void> {
  await connection.query('select keep_erasure_receipt($1, $2)', [appointmentId, receipt]);
}

/** The sealed receipt of an appointment that its recipient has erased. */
export async function readErasureReceipt(
  connection: Connection,
  appointmentId: string,
): Promise<{ organisationId: string; receipt: Buffer } | undefined> {
  const { rows } = await connection.query<{ organisationId: string; receipt: Buffer }>(
    `select organisation_id as "organisationId", erasure_receipt as receipt from appointments
     where id = $1 and state = 'erased' and erasure_receipt is not null`,
    [appointmentId],
  );
  return rows[0];
}

/** Every reminder of an appointment that is kept, the earliest first, with what was tried. */
export async function readHeldReminders(
  connection: Connection,
  appointmentId: string,
): Promise<StoredReminder[]> {
  const { rows: reminders } = await connection.query<
    Omit<StoredReminder, 'attempts'> & { readonly id: string }
  >(
    `select id, channel, send_at as "sendAt", state, sent_at as "sentAt",
       possibly_sent as "possiblySent"
     from reminders where appointment_id = $1 order by send_at, id`,
    [appointmentId],
  );
  const { rows: attempts } = await connection.query<HandOver & { readonly reminderId: string }>(
    `select reminder_id as "reminderId", channel, started_at as "startedAt", outcome
     from attempts where reminder_id = any($1::uuid[]) order by started_at`,
    [reminders.map(({ id }) => id)],
  );
  return reminders.map(({ id, ...reminder }) => ({
    ...reminder,
    attempts: attempts.filter(({ reminderId }) => reminderId === id),
  }));
}

/** Since when the contact point with this index gets nothing more. */
export async function findSuppressedSince(
  database: Pick<Database, 'query'>,
  index: Buffer,
): Promise<Date | undefined> {
  const [row] = await database.query<{ since: Date | null }>(
    'select find_suppression($1) as since',
    [index],
  );
  return row?.since ?? undefined;
}
