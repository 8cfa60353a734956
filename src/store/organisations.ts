import type { RequestedChannel } from '../domain/channel.ts';
import type { Language } from '../domain/language.ts';
import type { AdminConnection } from './administration.ts';

/** What an organisation may decide; what is absent stays as it is, or as the schema has it. */
export interface GivenSettings {
  readonly defaultLanguage?: Language;
  readonly reminderPlan?: readonly {
    readonly before: string;
    readonly channel: RequestedChannel;
  }[];
  /** Local times `HH:MM`; equal ones mean no quiet hours. */
  readonly quietFrom?: string;
  readonly quietUntil?: string;
  readonly jitterMinutes?: number;
  readonly uncertainPolicy?: 'resend' | 'hold';
  readonly birthDateOpensAll?: boolean;
  /** Null: no ceiling. */
  readonly requestsPerMinute?: number | null;
  readonly daysAheadMax?: number;
}

const columns: Record<keyof GivenSettings, string> = {
  defaultLanguage: 'default_language',
  reminderPlan: 'reminder_plan',
  quietFrom: 'quiet_from',
  quietUntil: 'quiet_until',
  jitterMinutes: 'jitter_minutes',
  uncertainPolicy: 'uncertain_policy',
  birthDateOpensAll: 'birth_date_opens_all',
  requestsPerMinute: 'requests_per_minute',
  daysAheadMax: 'days_ahead_max',
};

export async function insertOrganisation(
  connection: AdminConnection,
  { id, name, settings }: { id: string; name: string; settings: GivenSettings },
): Promise<void> {
  const { names, values } = columnsOf(settings);
  await connection.query(
    `insert into organisations (${['id', 'name', ...names].join(', ')})
     values (${[id, name, ...values].map((_, index) => `$${index + 1}`).join(', ')})`,
    [id, name, ...values],
  );
}

/**
 * Changes what is given, and nothing else.
 *
 * @param settings at least one
 * @returns whether there is such an organisation
 */
export async function updateOrganisation(
  connection: AdminConnection,
  { id, settings }: { id: string; settings: GivenSettings },
): Promise<boolean> {
  const { names, values } = columnsOf(settings);
  const changes = names.map((name, index) => `${name} = $${index + 2}`);
  const { rowCount } = await connection.query(
    `update organisations set ${changes.join(', ')} where id = $1`,
    [id, ...values],
  );
  return rowCount === 1;
}

function columnsOf(settings: GivenSettings): { names: string[]; values: unknown[] } {
  const given = (Object.keys(columns) as (keyof GivenSettings)[]).filter(
    (setting) => settings[setting] !== undefined,
  );
  return {
    names: given.map((setting) => columns[setting]),
    values: given.map((setting) =>
      setting === 'reminderPlan' ? JSON.stringify(settings[setting]) : settings[setting],
    ),
  };
}
