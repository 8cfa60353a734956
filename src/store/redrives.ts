import type { Channel, Mode } from '../domain/channel.ts';
import type { RedriveFacts } from '../domain/redrive.ts';
import type { Connection } from './database.ts';

/** Which dead letters: all that are absent are not asked about. */
export interface RedriveFilter {
  readonly reasonCode?: string | undefined;
  readonly organisationId?: string | undefined;
  readonly mode?: Mode | undefined;
}

export interface RedriveCandidate extends RedriveFacts {
  readonly reminderId: string;
  readonly appointmentId: string;
  readonly organisationId: string;
}

const matches = `($1::text is null or r.reason_code = $1)
  and ($2::uuid is null or r.organisation_id = $2) and ($3::text is null or r.mode = $3)`;

/**
 * Locks the next dead letters in the order of their ids, like everyone, and passes over those that
 * somebody else is changing at this moment. `after` leads on past what cannot be sent again.
 */
export async function lockDeadLetters(
  connection: Connection,
  input: RedriveFilter & { after: string; countMax: number },
): Promise<string[]> {
  const { rows } = await connection.query<{ id: string }>(
    `select r.id from reminders r where r.phase = 'failed' and r.id > $4 and ${matches}
     order by r.id limit $5 for no key update skip locked`,
    [...filterValues(input), input.after, input.countMax],
  );
  return rows.map(({ id }) => id);
}

/** Dead letters as they stand, without a lock: for looking before pressing. */
export async function listDeadLetters(
  connection: Connection,
  input: RedriveFilter & { countMax: number },
): Promise<string[]> {
  const { rows } = await connection.query<{ id: string }>(
    `select r.id from reminders r where r.phase = 'failed' and ${matches} order by r.id limit $4`,
    [...filterValues(input), input.countMax],
  );
  return rows.map(({ id }) => id);
}

/** What dead letters of now failed for. */
export async function listFailureCodes(connection: Connection): Promise<string[]> {
  const { rows } = await connection.query<{ reason_code: string }>(
    `select distinct reason_code from reminders where phase = 'failed' and reason_code is not null
     order by reason_code`,
  );
  return rows.map(({ reason_code }) => reason_code);
}

function filterValues({ reasonCode, organisationId, mode }: RedriveFilter): unknown[] {
  return [reasonCode ?? null, organisationId ?? null, mode ?? null];
}

/** Locks one reminder, whatever its state. */
export async function lockReminder(
  connection: Connection,
  reminderId: string,
): Promise<{ found: boolean }> {
  const { rowCount } = await connection.query(
    'select id from reminders where id = $1 for no key update',
    [reminderId],
  );
  return { found: rowCount === 1 };
}

/**
 * What a redrive rests on. After a lock this is a statement of its own: one for both would judge
 * links as they were before it waited.
 */
export async function readRedriveFacts(
  connection: Connection,
  reminderIds: readonly string[],
): Promise<RedriveCandidate[]> {
  const { rows } = await connection.query<{
    id: string;
    appointment_id: string;
    organisation_id: string;
    state: RedriveFacts['state'];
    channel: Channel;
    until_not_after_ms: number;
    sealed_channels: Channel[];
    may_have_arrived: boolean;
  }>(
    `select r.id, r.appointment_id, r.organisation_id, r.state, r.channel,
       extract(epoch from r.not_after - clock_timestamp())::float8 * 1000 as until_not_after_ms,
       array(select l.channel from links l where l.reminder_id = r.id and l.current
         and l.revoked_at is null and l.parcel_day is not null order by l.channel) as sealed_channels,
       -- A restored backup has lost attempts that it may have gone out by.
       r.possibly_sent or exists (select from attempts t where t.reminder_id = r.id
         and (t.outcome is null or t.outcome in ('accepted', 'uncertain'))) as may_have_arrived
     from reminders r where r.id = any($1::uuid[]) order by r.id`,
    [reminderIds],
  );
  return rows.map((row) => ({
    reminderId: row.id,
    appointmentId: row.appointment_id,
    organisationId: row.organisation_id,
    state: row.state,
    channel: row.channel,
    untilNotAfterMs: row.until_not_after_ms,
    sealedChannels: row.sealed_channels,
    mayHaveArrived: row.may_have_arrived,
  }));
}
