import { limits } from '../../config/limits.ts';
import type { DeleteAnswer } from '../domain/appointment.ts';
import { AppError } from '../domain/errors.ts';
import { decideDelete, type EndedReminder } from '../domain/put-decision.ts';
import type { StoredAppointment } from '../domain/put-facts.ts';
import type { Journal } from '../journal/journal.ts';
import type { SignErasure } from '../keys/erasure-receipt.ts';
import type { RenewedReceipts } from '../keys/renewed-receipts.ts';
import { dropLinks, endedEvents, endReminders } from '../store/appointment-changes.ts';
import { entombAppointment, eraseAppointment } from '../store/appointment-deletes.ts';
import {
  type AppointmentKey,
  appointmentKeyText,
  lockAppointments,
  lockTombstones,
} from '../store/appointment-locks.ts';
import { type Connection, type Database, sqlState } from '../store/database.ts';
import { insertEvents } from '../store/event-writes.ts';

export interface DeleteAppointmentInput extends AppointmentKey {
  readonly erase: boolean;
}

/**
 * Cancels an appointment without notice, or shreds its sealed record.
 *
 * After the answer no new attempt starts. A send that is in the air is told as `in_flight`, and an
 * event settles it. A link that already went out tells, after proof, that the appointment is
 * cancelled; after an erasure it answers like any dead link, and the answer has a signed receipt, which
 * says that it is erased by then. Doing it twice answers the same.
 *
 * @throws {AppError} `not_found`, `busy`, `unavailable`; `key_missing` where a receipt of an erasure could not be
 *   signed: nothing is erased then
 */
export function createDeleteAppointment(deps: {
  database: Database;
  journal: Pick<Journal, 'append'>;
  signErasure: SignErasure;
  receipts: Pick<RenewedReceipts, 'isGivenUp'>;
  /** Public address of the API. */
  issuer: string;
  now: () => Temporal.Instant;
}): (input: DeleteAppointmentInput) => Promise<DeleteAnswer> {
  return async (input) => {
    if (input.erase && deps.receipts.isGivenUp()) {
      throw new AppError('key_missing', { retryAfterS: 5 });
    }
    try {
      const answer = await deps.database.transaction(
        [input.organisationId],
        (connection) => deleteLocked(deps.journal, connection, input),
        { lockTimeoutMs: limits.lockTimeoutMs },
      );
      if (answer.state !== 'erased') return answer;
      const erasureReceipt = await deps.signErasure({
        iss: deps.issuer,
        iat: Math.floor(deps.now().epochMilliseconds / 1_000),
        organisation: input.organisationId,
        ...{ mode: input.mode, reference: input.reference, appointment: answer.id },
        by: 'booking_system',
      });
      return { ...answer, erasureReceipt };
    } catch (error) {
      if (sqlState(error) === '55P03' || sqlState(error) === '40P01') {
        throw new AppError('busy', { retryAfterS: 1, cause: error });
      }
      throw error;
    }
  };
}

async function deleteLocked(
  journal: Pick<Journal, 'append'>,
  connection: Connection,
  input: DeleteAppointmentInput,
): Promise<DeleteAnswer> {
  const { organisationId, mode, reference, erase } = input;
  const key = { organisationId, mode, reference };
  const live = (await lockAppointments(connection, [key])).get(appointmentKeyText(key));
  const tombstones = await lockTombstones(connection, key);
  const shown = live ?? tombstones[0];
  if (!shown) throw new AppError('not_found');

  const erased = (erase ? [...(live ? [live] : []), ...tombstones] : []).filter(
    ({ state }) => state !== 'erased',
  );
  const decision = live
    ? decideDelete(live, { erase })
    : { ended: [], marked: [], droppedLinkIds: [] };
  await endReminders(connection, [{ decision }]);
  await dropLinks(connection, decision.droppedLinkIds);
  if (live && !erase) await entombAppointment(connection, live.id);
  for (const { id } of erased) {
    await eraseAppointment(connection, id);
    await journal.append({ kind: 'erasure', appointmentId: id });
  }
  const about = { organisationId, mode, reference };
  await insertEvents(connection, [
    ...erased.map(({ id }) => ({ ...about, appointmentId: id, type: 'appointment.erased' })),
    ...(live && !erase
      ? [{ ...about, appointmentId: live.id, type: 'appointment.cancelled' }]
      : []),
    ...endedEvents({ ...about, appointmentId: shown.id }, decision),
  ]);
  return {
    id: shown.id,
    reference,
    version: shown.version,
    state: erase || shown.state === 'erased' ? 'erased' : 'cancelled',
    reminders: describe(shown, decision.ended),
  };
}

function describe(
  stored: StoredAppointment,
  ended: readonly EndedReminder[],
): DeleteAnswer['reminders'] {
  const ends = new Map(ended.map((end) => [end.id, end]));
  return stored.reminders.map(({ id, state, possiblySent }) => ({
    id,
    state: ends.get(id)?.to ?? (state === 'sending' ? 'in_flight' : state),
    ...(ends.get(id)?.possiblySent || possiblySent ? { possiblySent: true } : {}),
  }));
}
