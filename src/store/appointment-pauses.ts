import type { Connection } from './database.ts';

/** Stops everything owed of these appointments until a later version takes the place of this one. */
export async function pauseAppointments(
  connection: Connection,
  appointmentIds: readonly string[],
): Promise<void> {
  await connection.query(
    'update appointments set paused_at = clock_timestamp() where id = any($1::uuid[])',
    [appointmentIds],
  );
}
