import { type FieldDrift, findFieldDrift } from '../domain/field-drift.ts';
import type { Database } from '../store/database.ts';
import { tryDuty } from '../store/duty-lock.ts';
import { deleteOldFieldFills, readFieldFills } from '../store/field-fills.ts';

/** An hour for who has many, a day for who has few. */
const windowsHours = [1, 24];

/**
 * Compares how often each optional field was filled in the last hour, and in the last day, with the same
 * hours of the weeks before. What has drifted opens an incident, or adds to it.
 */
export async function watchFieldDrift(deps: {
  database: Pick<Database, 'transaction'>;
  openIncident: (incident: {
    code: 'field_drift';
    since: Temporal.Instant;
    facts: Readonly<Record<string, number>>;
  }) => Promise<unknown>;
}): Promise<void> {
  const looks = await deps.database.transaction([], async (connection) => {
    if (!(await tryDuty(connection, 'field drift'))) return [];
    await deleteOldFieldFills(connection);
    const found = [];
    for (const hours of windowsHours) {
      const { since, ...fills } = await readFieldFills(connection, hours);
      found.push({ since, drifts: findFieldDrift(fills) });
    }
    return found;
  });
  for (const { since, drifts } of looks) {
    if (drifts.length === 0) continue;
    const facts = Object.fromEntries(drifts.flatMap(factsOf));
    await deps.openIncident({ code: 'field_drift', since, facts });
  }
}

function factsOf({ field, filled, versions, usualPermille }: FieldDrift): [string, number][] {
  return [
    [`${field}.filled`, filled],
    [`${field}.of`, versions],
    [`${field}.usual_permille`, usualPermille],
  ];
}
