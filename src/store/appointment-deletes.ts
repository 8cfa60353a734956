import type { Connection } from './database.ts';

/**
 * Leaves a tombstone: a link that went out still tells that the appointment is cancelled. Without
 * one, nobody can ever read what was sealed, and it goes.
 */
export async function entombAppointment(
  connection: Connection,
  appointmentId: string,
): Promise<void> {
  await connection.query(
    `update appointments set state = 'cancelled', deleted_at = clock_timestamp(),
       updated_at = clock_timestamp() where id = $1`,
    [appointmentId],
  );
  await connection.query(
    `delete from versions v where v.appointment_id = $1
       and not exists (select from links l where l.appointment_id = v.appointment_id)`,
    [appointmentId],
  );
}

/** Shreds everything sealed of an appointment; states and times stay for the ledger. */
export async function eraseAppointment(
  connection: Connection,
  appointmentId: string,
): Promise<void> {
  await connection.query('delete from links where appointment_id = $1', [appointmentId]);
  await connection.query('delete from versions where appointment_id = $1', [appointmentId]);
  await connection.query('delete from factor_failures where appointment_id = $1', [appointmentId]);
  // What a provider keeps of its messages is to go now, whatever has become of them.
  await connection.query(
    `update attempts set copy_owed_at = least(copy_owed_at, clock_timestamp())
     where reminder_id in (select id from reminders where appointment_id = $1)`,
    [appointmentId],
  );
  await connection.query(
    `update appointments set state = 'erased', deleted_at = coalesce(deleted_at, clock_timestamp()),
       updated_at = clock_timestamp() where id = $1`,
    [appointmentId],
  );
}
