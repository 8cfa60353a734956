import { languageFor } from '../domain/language.ts';
import type { OrganisationSettings } from '../domain/organisation.ts';
import { type Database, uuidArray } from './database.ts';

/** Reads what an organisation has decided, or undefined when there is no such organisation. */
export async function readOrganisationSettings(
  database: Database,
  organisationId: string,
): Promise<OrganisationSettings | undefined> {
  const [row] = await database.readAs(
    [organisationId],
    `select id, default_language, reminder_plan, quiet_from, quiet_until, jitter_minutes,
       days_ahead_max
     from organisations where id = any (${uuidArray([organisationId])}::uuid[])`,
  );
  if (!row) return undefined;
  return {
    id: row.id,
    defaultLanguage: languageFor(row.default_language, 'fr'),
    reminderPlan: row.reminder_plan,
    quietHours:
      row.quiet_from === row.quiet_until ? null : { start: row.quiet_from, end: row.quiet_until },
    jitterMinutes: row.jitter_minutes,
    daysAheadMax: row.days_ahead_max,
  };
}
