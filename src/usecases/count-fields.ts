import type { AppointmentRequest } from '../domain/appointment.ts';
import { fieldsIn, type OptionalField } from '../domain/optional-fields.ts';
import type { Secret } from '../domain/secret.ts';
import type { Database } from '../store/database.ts';
import { addFieldFills } from '../store/field-fills.ts';

/** So many stand behind every number that leaves this process: of one of them it says nothing. */
const appointmentsMin = 20;

export interface FieldCounter {
  /**
   * Notes which optional fields an accepted version carries, as it was sealed. One more of an appointment that
   * was noted since the last flush counts for nothing: it would hide nobody.
   */
  count(version: Secret<AppointmentRequest>, appointmentId: string): void;
  /** Adds what was noted to the hour's counts, once it is of enough appointments. */
  flush(): Promise<void>;
}

/**
 * Counts how often optional fields are filled, over all organisations. What is of too few appointments to be
 * told stays until there are more, and is lost with the process: these counts are for shares.
 */
export function createFieldCounter({
  database,
}: {
  database: Pick<Database, 'query'>;
}): FieldCounter {
  let appointments = new Set<string>();
  let fills = new Map<OptionalField, number>();
  return {
    count(version, appointmentId) {
      if (appointments.has(appointmentId)) return;
      appointments.add(appointmentId);
      for (const field of fieldsIn(version.reveal())) fills.set(field, (fills.get(field) ?? 0) + 1);
    },
    async flush() {
      if (appointments.size < appointmentsMin) return;
      const noted = { versions: appointments.size, fills: Object.fromEntries(fills) };
      appointments = new Set();
      fills = new Map();
      await addFieldFills(database, noted);
    },
  };
}
