import type { AppointmentRequest } from '../domain/appointment.ts';
import { fieldsIn, type OptionalField } from '../domain/optional-fields.ts';
import type { Secret } from '../domain/secret.ts';
import type { Database } from '../store/database.ts';
import { addFieldFills } from '../store/field-fills.ts';

/** So many stand behind every number that leaves this process: of one of them it says nothing. */
const versionsMin = 20;

export interface FieldCounter {
  /** Notes which optional fields an accepted version carries, as it was sealed. */
  count(version: Secret<AppointmentRequest>): void;
  /** Adds what was noted to the hour's counts, once it is of enough versions. */
  flush(): Promise<void>;
}

/**
 * Counts how often optional fields are filled, over all organisations. What is of too few versions to be
 * told stays until there are more, and is lost with the process: these counts are for shares.
 */
export function createFieldCounter({
  database,
}: {
  database: Pick<Database, 'query'>;
}): FieldCounter {
  let versions = 0;
  let fills = new Map<OptionalField, number>();
  return {
    count(version) {
      versions += 1;
      for (const field of fieldsIn(version.reveal())) fills.set(field, (fills.get(field) ?? 0) + 1);
    },
    async flush() {
      if (versions < versionsMin) return;
      const noted = { versions, fills: Object.fromEntries(fills) };
      versions = 0;
      fills = new Map();
      await addFieldFills(database, noted);
    },
  };
}
