import { limits } from '../../config/limits.ts';
import type { AppointmentState } from '../domain/appointment.ts';
import { AppError } from '../domain/errors.ts';
import { isReference } from '../domain/reference.ts';
import type { Scope } from '../domain/scope.ts';
import { listAppointments as listStored, type Owner } from '../store/appointment-reads.ts';
import type { Database } from '../store/database.ts';
import { type AppointmentAnswer, describeAppointment } from './describe-appointment.ts';

export interface ListAppointmentsInput extends Owner {
  readonly scopes: readonly Scope[];
  readonly state?: AppointmentState | undefined;
  readonly after?: string | undefined;
  readonly limit?: number | undefined;
}

/**
 * A page of appointments, each reference once, and the cursor of the next page.
 *
 * @returns `next: null` on the last page
 * @throws {AppError} `invalid_request` at `/after` for a cursor that we did not make
 */
export async function listAppointments(
  { database }: { database: Database },
  { scopes, after, limit = limits.pageSizeDefault, ...input }: ListAppointmentsInput,
): Promise<{ appointments: AppointmentAnswer[]; next: string | null }> {
  const found = await listStored(database, {
    ...input,
    after: after === undefined ? '' : readCursor(after),
    // One more than asked for tells whether there is a next page.
    limit: limit + 1,
  });
  const page = found.slice(0, limit);
  const last = page.at(-1);
  return {
    appointments: page.map((appointment) => describeAppointment(appointment, scopes)),
    next: found.length > limit && last ? writeCursor(last.reference) : null,
  };
}

function writeCursor(reference: string): string {
  return Buffer.from(reference).toString('base64url');
}

function readCursor(cursor: string): string {
  const reference = Buffer.from(cursor, 'base64url').toString();
  if (isReference(reference) && writeCursor(reference) === cursor) return reference;
  throw new AppError('invalid_request', { fields: [{ pointer: '/after', code: 'invalid_value' }] });
}
