import { AppError } from '../domain/errors.ts';
import { isReference } from '../domain/reference.ts';
import type { Scope } from '../domain/scope.ts';
import { type Owner, readAppointment as readStored } from '../store/appointment-reads.ts';
import type { Database } from '../store/database.ts';
import { type AppointmentAnswer, describeAppointment } from './describe-appointment.ts';

/**
 * What has become of an appointment and its reminders; of a deleted one, what it was last.
 *
 * @throws {AppError} `not_found`, the same for what is another organisation's and what never was
 */
export async function readAppointment(
  { database }: { database: Database },
  { scopes, ...key }: Owner & { reference: string; scopes: readonly Scope[] },
): Promise<AppointmentAnswer> {
  const found = isReference(key.reference) ? await readStored(database, key) : undefined;
  if (!found) throw new AppError('not_found');
  return describeAppointment(found, scopes);
}
