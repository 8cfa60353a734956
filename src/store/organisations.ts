import { canaryOrganisationId } from '../domain/canary-branch.ts';
import type { ChangedSettings } from '../domain/check-settings.ts';
import { languageFor } from '../domain/language.ts';
import type { Organisation } from '../domain/organisation.ts';
import type { AdminConnection } from './administration.ts';
import type { AnyConnection } from './database.ts';

/** What is given goes into the row; the rest is as the schema has it. */
export async function insertOrganisation(
  connection: AdminConnection,
  { id, name, settings }: { id: string; name: string; settings: ChangedSettings },
): Promise<void> {
  const row = { id, ...columnsOf({ ...settings, name }) };
  await connection.query(
    `insert into organisations (${Object.keys(row).join(', ')})
     values (${Object.keys(row)
       .map((_, index) => `$${index + 1}`)
       .join(', ')})`,
    Object.values(row),
  );
}

/** Reads an organisation, which nobody changes until the transaction ends. */
export async function lockOrganisation(
  connection: AnyConnection,
  id: string,
): Promise<Organisation | undefined> {
  // Not its key, which rows that are accepted meanwhile refer to.
  const { rows } = await connection.query<OrganisationRow>(
    `select ${organisationColumns} from organisations where id = $1 for no key update`,
    [id],
  );
  return rows[0] && organisationFrom(rows[0]);
}

/**
 * Changes what is given, and nothing else.
 *
 * @param changes at least one
 */
export async function updateOrganisation(
  connection: AnyConnection,
  { id, changes }: { id: string; changes: ChangedSettings },
): Promise<void> {
  const columns = columnsOf(changes);
  const assignments = Object.keys(columns).map((name, index) => `${name} = $${index + 2}`);
  await connection.query(`update organisations set ${assignments.join(', ')} where id = $1`, [
    id,
    ...Object.values(columns),
  ]);
}

/** In order of their names; the canary's only where it is asked for by its id. */
export async function listOrganisations(
  connection: AdminConnection,
  { id }: { id?: string | undefined } = {},
): Promise<(Organisation & { readonly createdAt: Date })[]> {
  const { rows } = await connection.query<OrganisationRow & { created_at: Date }>(
    `select ${organisationColumns}, created_at from organisations
     where id = $1 or ($1::uuid is null and id <> $2) order by name, id`,
    [id ?? null, canaryOrganisationId],
  );
  return rows.map((row) => ({ ...organisationFrom(row), createdAt: row.created_at }));
}

export const organisationColumns = `id, name, default_language, reminder_plan, quiet_from, quiet_until,
  jitter_minutes, uncertain_policy, birth_date_opens_all, proof_policy, portal_issuer, portal_client_id,
  portal_acr_values, portal_max_age_minutes, days_ahead_max, requests_per_minute,
  appointments_per_hour, appointments_per_day, reminders_per_hour, reminders_per_day, numbers_per_hour,
  countries`;

export interface OrganisationRow {
  readonly id: string;
  readonly name: string;
  readonly default_language: string;
  readonly reminder_plan: Organisation['reminderPlan'];
  readonly quiet_from: string;
  readonly quiet_until: string;
  readonly jitter_minutes: number;
  readonly uncertain_policy: Organisation['uncertainPolicy'];
  readonly birth_date_opens_all: boolean;
  readonly proof_policy: Organisation['proofPolicy'];
  readonly portal_issuer: string | null;
  readonly portal_client_id: string;
  readonly portal_acr_values: readonly string[];
  readonly portal_max_age_minutes: number;
  readonly days_ahead_max: number;
  readonly requests_per_minute: number | null;
  readonly appointments_per_hour: number | null;
  readonly appointments_per_day: number | null;
  readonly reminders_per_hour: number | null;
  readonly reminders_per_day: number | null;
  readonly numbers_per_hour: number | null;
  readonly countries: readonly string[] | null;
}

export function organisationFrom(row: OrganisationRow): Organisation {
  return {
    id: row.id,
    name: row.name,
    defaultLanguage: languageFor(row.default_language, 'fr'),
    reminderPlan: row.reminder_plan.map(({ before, channel }) => ({ before, channel })),
    quietHours:
      row.quiet_from === row.quiet_until ? null : { start: row.quiet_from, end: row.quiet_until },
    jitterMinutes: row.jitter_minutes,
    uncertainPolicy: row.uncertain_policy,
    birthDateOpens: row.birth_date_opens_all ? 'everything' : 'time',
    proofPolicy: row.proof_policy,
    portal:
      row.portal_issuer === null
        ? null
        : {
            issuer: row.portal_issuer,
            clientId: row.portal_client_id,
            acrValues: row.portal_acr_values,
            maxAgeMinutes: row.portal_max_age_minutes,
          },
    daysAheadMax: row.days_ahead_max,
    requestsPerMinute: row.requests_per_minute,
    appointmentsPerHour: row.appointments_per_hour,
    appointmentsPerDay: row.appointments_per_day,
    remindersPerHour: row.reminders_per_hour,
    remindersPerDay: row.reminders_per_day,
    numbersPerHour: row.numbers_per_hour,
    countries: row.countries,
  };
}

/** Columns with values for what is given. */
function columnsOf(settings: ChangedSettings): Record<string, unknown> {
  const { quietHours, reminderPlan, birthDateOpens, portal } = settings;
  const columns = {
    name: settings.name,
    default_language: settings.defaultLanguage,
    reminder_plan: reminderPlan && JSON.stringify(reminderPlan),
    // Equal times mean none.
    quiet_from: quietHours === null ? '00:00' : quietHours?.start,
    quiet_until: quietHours === null ? '00:00' : quietHours?.end,
    jitter_minutes: settings.jitterMinutes,
    uncertain_policy: settings.uncertainPolicy,
    birth_date_opens_all: birthDateOpens && birthDateOpens === 'everything',
    proof_policy: settings.proofPolicy,
    // Without an issuer the others are of no use, and stay.
    portal_issuer: portal === null ? null : portal?.issuer,
    portal_client_id: portal?.clientId,
    portal_acr_values: portal?.acrValues,
    portal_max_age_minutes: portal?.maxAgeMinutes,
    days_ahead_max: settings.daysAheadMax,
    requests_per_minute: settings.requestsPerMinute,
    appointments_per_hour: settings.appointmentsPerHour,
    appointments_per_day: settings.appointmentsPerDay,
    reminders_per_hour: settings.remindersPerHour,
    reminders_per_day: settings.remindersPerDay,
    numbers_per_hour: settings.numbersPerHour,
    countries: settings.countries,
  };
  return Object.fromEntries(Object.entries(columns).filter(([, value]) => value !== undefined));
}
