import type { Channel, Mode } from '../domain/channel.ts';
import type { ReminderState } from '../domain/reminder.ts';
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

/** A reminder as its recipient is told of it. */
export interface HeldReminder {
  readonly channel: Channel;
  readonly sendAt: Date;
  readonly state: ReminderState;
  readonly sentAt: Date | null;
}

/** Every reminder of an appointment that is kept, the earliest first. */
export async function readHeldReminders(
  connection: Connection,
  appointmentId: string,
): Promise<HeldReminder[]> {
  const { rows } = await connection.query<HeldReminder>(
    `select channel, send_at as "sendAt", state, sent_at as "sentAt" from reminders
     where appointment_id = $1 order by send_at, id`,
    [appointmentId],
  );
  return rows;
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
