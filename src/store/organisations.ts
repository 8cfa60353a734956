import type { RequestedChannel } from '../domain/channel.ts';
import type { Language } from '../domain/language.ts';
import type { AdminConnection } from './administration.ts';

/** What an organisation may decide; what is absent keeps its default, which stands in the schema. */
export interface NewOrganisationSettings {
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

const columns: Record<keyof NewOrganisationSettings, string> = {
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
  { id, name, settings }: { id: string; name: string; settings: NewOrganisationSettings },
): Promise<void> {
  const given = (Object.keys(columns) as (keyof NewOrganisationSettings)[]).filter(
    (setting) => settings[setting] !== undefined,
  );
  const values = given.map((setting) =>
    setting === 'reminderPlan' ? JSON.stringify(settings[setting]) : settings[setting],
  );
  await connection.query(
    `insert into organisations (${['id', 'name', ...given.map((setting) => columns[setting])].join(', ')})
     values (${[id, name, ...values].map((_, index) => `$${index + 1}`).join(', ')})`,
    [id, name, ...values],
  );
}
