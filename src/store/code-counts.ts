import type { Mode } from '../domain/channel.ts';
import type { Connection } from './database.ts';

interface Whose {
  readonly organisationId: string;
  readonly mode: Mode;
}

/**
 * Counts one more code of an organisation, unless it has had as many in this hour or UTC day as it may
 * have reminders accepted. Whoever counts at the same moment, in any process, waits for the commit.
 *
 * @returns whether it was counted
 */
export async function countOrganisationCode(
  connection: Connection,
  { organisationId, mode }: Whose,
): Promise<boolean> {
  const { rowCount } = await connection.query(
    `insert into code_counts as c (organisation_id, mode, hour, sent_in_hour, sent_in_day)
     values ($1, $2, date_trunc('hour', clock_timestamp(), 'UTC'), 1, 1)
     on conflict (organisation_id, mode) do update set
       hour = greatest(c.hour, excluded.hour),
       sent_in_hour = 1 + case when ${sameHour} then c.sent_in_hour else 0 end,
       sent_in_day = 1 + case when ${sameDay} then c.sent_in_day else 0 end
     where not exists (select from organisations o where o.id = c.organisation_id
       and (${sameHour} and c.sent_in_hour >= o.reminders_per_hour
         or ${sameDay} and c.sent_in_day >= o.reminders_per_day))`,
    [organisationId, mode],
  );
  return rowCount === 1;
}

// The hour of whoever waited here may be over, and counts as the one that began meanwhile.
const sameHour = 'c.hour >= excluded.hour';
const sameDay = `c.hour >= date_trunc('day', excluded.hour, 'UTC')`;

/**
 * Leaves a sign for whoever watches for incidents.
 *
 * @returns false if there was one a moment ago
 */
export async function markCodeRefused(
  connection: Connection,
  { organisationId, mode }: Whose,
): Promise<boolean> {
  const { rowCount } = await connection.query(
    `update code_counts set refused_at = clock_timestamp()
     where organisation_id = $1 and mode = $2
       and coalesce(refused_at < clock_timestamp() - interval '10 seconds', true)`,
    [organisationId, mode],
  );
  return rowCount === 1;
}
