import type { Mode } from '../domain/channel.ts';
import type { CeilingName, Usage } from '../domain/quota.ts';
import { type Connection, type Database, idsParameter } from './database.ts';

/** Which hour and UTC day it is, and which process asks, whose own numbers are left out. */
export interface UsageWindow {
  readonly processId: string;
  readonly hourMs: number;
  readonly dayMs: number;
}

/** What was accepted by every process, of each organisation and mode and of each credential named. */
export interface UsageSums {
  /** By id and mode, as `${id} ${mode}`. */
  readonly organisations: ReadonlyMap<string, Usage>;
  readonly credentials: ReadonlyMap<string, Usage>;
}

type SumRow = { whose: 'organisation' | 'credential'; id: string; mode: Mode } & Usage;

const sums = `
  coalesce(sum(appointments) filter (where hour >= to_timestamp($3)), 0)::int as "appointmentsPerHour",
  sum(appointments)::int as "appointmentsPerDay",
  coalesce(sum(reminders) filter (where hour >= to_timestamp($3)), 0)::int as "remindersPerHour",
  sum(reminders)::int as "remindersPerDay",
  coalesce(sum(numbers) filter (where hour >= to_timestamp($3) and process_id <> $4), 0)::int
    as "numbersPerHour"`;

/** @param input.credentialIds of those that have quotas: theirs are over all their organisations */
export async function readUsage(
  connection: Connection,
  {
    organisationIds,
    credentialIds,
    window,
  }: {
    organisationIds: readonly string[];
    credentialIds: readonly string[];
    window: UsageWindow;
  },
): Promise<UsageSums> {
  const { processId, hourMs, dayMs } = window;
  const { rows } = await connection.query<SumRow>({
    name: 'read credential usage',
    text: `
      select 'organisation' as whose, organisation_id as id, mode, ${sums}
      from credential_usage
      where organisation_id = any ($1::uuid[]) and hour >= to_timestamp($2)
      group by organisation_id, mode
      union all select 'credential', credential_id, '', coalesce(appointments_hour, 0)::int,
        appointments_day::int, coalesce(reminders_hour, 0)::int, reminders_day::int,
        coalesce(numbers_hour, 0)::int
      from sum_credential_usage($5::uuid[], to_timestamp($3), to_timestamp($2), $4)`,
    values: [
      ...[idsParameter(organisationIds), dayMs / 1_000, hourMs / 1_000, processId],
      idsParameter(credentialIds),
    ],
  });
  const of = (whose: SumRow['whose']) => rows.filter((row) => row.whose === whose);
  return {
    organisations: new Map(of('organisation').map((row) => [`${row.id} ${row.mode}`, row])),
    credentials: new Map(of('credential').map((row) => [row.id, row])),
  };
}

/** What one credential had accepted for one organisation by this process. */
export interface AddedUsage {
  readonly organisationId: string;
  readonly credentialId: string;
  readonly mode: Mode;
  readonly appointments: number;
  readonly reminders: number;
  /** All of the hour, not what came on top. */
  readonly numbers: number;
}

/** Adds to the rows of this process, in the transaction that accepts. Nobody else writes them. */
export async function addUsage(
  connection: Connection,
  window: UsageWindow,
  added: readonly AddedUsage[],
): Promise<void> {
  await connection.query({
    name: 'add credential usage',
    text: `insert into credential_usage as u
        (organisation_id, credential_id, mode, process_id, hour, appointments, reminders, numbers)
      select organisation_id, credential_id, mode, $1, to_timestamp($2), appointments, reminders, numbers
      from unnest($3::uuid[], $4::uuid[], $5::text[], $6::int[], $7::int[], $8::int[])
        as n (organisation_id, credential_id, mode, appointments, reminders, numbers)
      on conflict (credential_id, organisation_id, mode, process_id, hour) do update set
        appointments = u.appointments + excluded.appointments,
        reminders = u.reminders + excluded.reminders,
        numbers = greatest(u.numbers, excluded.numbers)`,
    values: [
      window.processId,
      window.hourMs / 1_000,
      added.map((row) => row.organisationId),
      added.map((row) => row.credentialId),
      added.map((row) => row.mode),
      added.map((row) => row.appointments),
      added.map((row) => row.reminders),
      added.map((row) => row.numbers),
    ],
  });
}

/** A sign that a credential came to a ceiling, its own or its organisation's. */
export async function markRefused(
  database: Pick<Database, 'transaction'>,
  { processId, hourMs }: UsageWindow,
  refused: {
    organisationId: string;
    credentialId: string;
    mode: Mode;
    by: CeilingName;
  },
): Promise<void> {
  await database.transaction([refused.organisationId], (connection) =>
    connection.query(
      `insert into credential_usage (organisation_id, credential_id, mode, process_id, hour,
         refused_at, refused_by)
       values ($1, $2, $3, $4, to_timestamp($5), clock_timestamp(), $6)
       on conflict (credential_id, organisation_id, mode, process_id, hour) do update set
         refused_at = excluded.refused_at, refused_by = excluded.refused_by`,
      [
        refused.organisationId,
        refused.credentialId,
        refused.mode,
        processId,
        hourMs / 1_000,
        refused.by,
      ],
    ),
  );
}
