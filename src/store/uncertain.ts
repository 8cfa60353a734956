import type { PendingEnd } from '../domain/attempt.ts';
import type { Lane } from '../domain/lane.ts';
import type { Organisation } from '../domain/organisation.ts';
import type { Connection, Database } from './database.ts';

/** An attempt that nobody knows the outcome of, with what it was made of, while that is still there. */
export interface DoubtfulAttempt {
  readonly attemptId: string;
  readonly token: Buffer;
  readonly transport: string;
  readonly startedAtMs: number;
  readonly link: SealedLink | null;
}

/** What a message was, or would be, made of. */
export interface SealedLink {
  readonly lookup: Buffer;
  readonly parcel: Buffer;
  readonly day: string;
}

/** A reminder in doubt that this process may look for until the lease ends. */
export interface TakenDoubt {
  readonly reminderId: string;
  readonly organisationId: string;
  readonly appointmentId: string;
  /** Which look this is. The next one makes what this one found missing void. */
  readonly look: number;
  readonly ageMs: number;
  readonly attempts: readonly DoubtfulAttempt[];
  /** It may have been sent by attempts that the database has lost. */
  readonly restored: RestoredDoubt | null;
}

/** Where to look for messages that nothing is known of: from its send time on, by every link. */
export interface RestoredDoubt {
  readonly sendAtMs: number;
  /** The newest last. */
  readonly links: readonly (SealedLink & { readonly id: string })[];
}

/**
 * Takes reminders of one lane whose look is due, those that have waited longest first, and keeps them
 * from every other process for as long as the lease lasts. The caller commits before it looks.
 *
 * @param input.firstLookMs how long after it came into doubt a reminder is first looked for
 */
export async function takeDoubts(
  connection: Connection,
  input: Lane & { firstLookMs: number; leaseMs: number; countMax: number },
): Promise<TakenDoubt[]> {
  const { rows } = await connection.query({
    name: 'take doubts',
    text: `with due as materialized (
        select id from reminders
        where phase = 'uncertain' and channel = $1 and mode = $2 and settle_at <= now()
          and (settle_count > 0 or doubted_at <= now() - $3::float8 * interval '1 millisecond')
        order by settle_at limit $5 for no key update skip locked
      )
      update reminders r set settle_count = r.settle_count + 1,
        settle_at = clock_timestamp() + $4::float8 * interval '1 millisecond'
      where r.id = any(array(select id from due))
      returning r.id, r.organisation_id, r.appointment_id, r.settle_count as look,
        extract(epoch from clock_timestamp() - r.doubted_at)::float8 * 1000 as age_ms,
        r.reason_code = 'restored' as is_restored,
        extract(epoch from r.send_at)::float8 * 1000 as send_at_ms`,
    values: [input.channel, input.mode, input.firstLookMs, input.leaseMs, input.countMax],
  });
  const ids = rows.map(({ id }) => id);
  const attempts = await readAttempts(connection, ids);
  const restored = rows.filter((row) => row.is_restored).map((row): string => row.id);
  const links = await readLinks(connection, { channel: input.channel, reminderIds: restored });
  return rows.map((row) => ({
    reminderId: row.id,
    organisationId: row.organisation_id,
    appointmentId: row.appointment_id,
    look: row.look,
    ageMs: row.age_ms,
    attempts: attempts.get(row.id) ?? [],
    restored: row.is_restored ? { sendAtMs: row.send_at_ms, links: links.get(row.id) ?? [] } : null,
  }));
}

async function readLinks(
  connection: Connection,
  { channel, reminderIds }: { channel: string; reminderIds: readonly string[] },
): Promise<Map<string, RestoredDoubt['links']>> {
  if (reminderIds.length === 0) return new Map();
  const { rows } = await connection.query({
    name: 'read links of doubts',
    text: `select l.reminder_id, l.id, l.lookup, l.parcel, l.parcel_day::text as day
      from reminders r join links l on l.appointment_id = r.appointment_id and l.reminder_id = r.id
      where r.id = any($1::uuid[]) and l.channel = $2 and l.parcel is not null
      order by l.current, l.id`,
    values: [reminderIds, channel],
  });
  const grouped = Map.groupBy(rows, (row): string => row.reminder_id);
  return new Map(
    Array.from(grouped, ([reminderId, of]) => [
      reminderId,
      of.map(({ id, lookup, parcel, day }) => ({ id, lookup, parcel, day })),
    ]),
  );
}

/**
 * Adds an attempt for each message that the provider shows of a reminder and that the database has lost
 * what it knew of. Their outcomes are left to be recorded as any other's.
 */
export async function insertLostAttempts(
  connection: Connection,
  input: Pick<TakenDoubt, 'reminderId' | 'look'> & {
    transport: string;
    linkId: string | null;
    attempts: readonly { id: string; token: Buffer; startedAtMs: number }[];
  },
): Promise<boolean> {
  const { rowCount } = await connection.query({
    name: 'insert lost attempts',
    text: `with lost as (
        select * from unnest($3::uuid[], $4::bytea[], $5::float8[]) with ordinality
          as l (id, token, started_at_ms, place)
      ), changed as (
        update reminders r set attempt_count = r.attempt_count + cardinality($3::uuid[])
        where r.id = $1 and r.settle_count = $2 and r.state = 'uncertain' returning r.*
      )
      insert into attempts (id, organisation_id, mode, reminder_id, link_id, number, channel, transport,
        token, batch_id, started_at, ended_at, outcome, reason_code)
      select l.id, c.organisation_id, c.mode, c.id, $7, c.attempt_count - cardinality($3::uuid[]) + l.place,
        c.channel, $6, l.token, l.id, to_timestamp(l.started_at_ms / 1000), clock_timestamp(), 'uncertain',
        'restored'
      from lost l, changed c`,
    values: [
      input.reminderId,
      input.look,
      input.attempts.map(({ id }) => id),
      input.attempts.map(({ token }) => token),
      input.attempts.map(({ startedAtMs }) => startedAtMs),
      input.transport,
      input.linkId,
    ],
  });
  return (rowCount ?? 0) > 0;
}

async function readAttempts(
  connection: Connection,
  reminderIds: readonly string[],
): Promise<Map<string, DoubtfulAttempt[]>> {
  if (reminderIds.length === 0) return new Map();
  const { rows } = await connection.query({
    name: 'read doubtful attempts',
    text: `select t.reminder_id, t.id, t.token, t.transport,
        extract(epoch from t.started_at)::float8 * 1000 as started_at_ms,
        l.lookup, l.parcel, l.parcel_day::text as day
      from attempts t left join links l on l.id = t.link_id
      where t.reminder_id = any($1::uuid[]) and coalesce(t.outcome, 'uncertain') = 'uncertain'
      order by t.number`,
    values: [reminderIds],
  });
  const grouped = Map.groupBy(rows, (row): string => row.reminder_id);
  return new Map(
    Array.from(grouped, ([reminderId, of]) => [
      reminderId,
      of.map((row) => ({
        attemptId: row.id,
        token: row.token,
        transport: row.transport,
        startedAtMs: row.started_at_ms,
        link: row.parcel ? { lookup: row.lookup, parcel: row.parcel, day: row.day } : null,
      })),
    ]),
  );
}

/**
 * Which of these ids of a provider's are some attempt's already: of its own reminder's attempts, for what
 * holds its link is nobody else's; whosever, for what is shown without text. The latter looks through a
 * summary of all attempts, which takes its time.
 *
 * @returns each with its attempt
 */
export async function findBoundProviderIds(
  database: Pick<Database, 'query'>,
  seen: { reminderId: string; holding: readonly string[]; textless: readonly string[] },
): Promise<Map<string, string>> {
  const bound = new Map<string, string>();
  const find = async (text: string, values: readonly unknown[], name: string) => {
    const rows = await database.query<{ provider_id: string; id: string }>(text, values, name);
    for (const { provider_id, id } of rows) bound.set(provider_id, id);
  };
  if (seen.holding.length > 0) {
    await find(
      'select provider_id, id from attempts where reminder_id = $1 and provider_id = any($2::text[])',
      [seen.reminderId, seen.holding],
      'find own provider ids',
    );
  }
  if (seen.textless.length > 0) {
    await find(
      'select provider_id, id from attempts where provider_id = any($1::text[])',
      [seen.textless],
      'find provider ids',
    );
  }
  return bound;
}

/** A reminder that is still in the doubt that was looked at, its row locked by this transaction. */
export interface LockedDoubt {
  readonly pendingEnd: PendingEnd | null;
  readonly policy: Organisation['uncertainPolicy'];
  readonly untilNotAfterMs: number;
  readonly untilSendAtMs: number;
  /** Another attempt than its newest is in doubt too. */
  readonly isSecond: boolean;
}

/** @returns undefined when it is settled, has ended, or somebody else looks by now */
export async function lockDoubt(
  connection: Connection,
  { reminderId, look }: Pick<TakenDoubt, 'reminderId' | 'look'>,
): Promise<LockedDoubt | undefined> {
  const locked = await connection.query({
    name: 'lock doubt',
    text: `select organisation_id, pending_end, attempt_count,
        extract(epoch from not_after - clock_timestamp())::float8 * 1000 as until_not_after_ms,
        extract(epoch from send_at - clock_timestamp())::float8 * 1000 as until_send_at_ms
      from reminders where id = $1 and state = 'uncertain' and settle_count = $2
      for no key update`,
    values: [reminderId, look],
  });
  const [row] = locked.rows;
  if (!row) return undefined;
  // As of the lock: one statement for both would read the attempts as they were before it waited.
  const around = await connection.query({
    name: 'read around doubt',
    text: `select (select uncertain_policy from organisations where id = $2) as policy,
        exists (select from attempts where reminder_id = $1 and number < $3
          and coalesce(outcome, 'uncertain') = 'uncertain') as is_second`,
    values: [reminderId, row.organisation_id, row.attempt_count],
  });
  return {
    pendingEnd: row.pending_end,
    policy: around.rows[0].policy,
    untilNotAfterMs: row.until_not_after_ms,
    untilSendAtMs: row.until_send_at_ms,
    isSecond: around.rows[0].is_second,
  };
}

/** Lets the next look wait. */
export async function postponeLook(
  connection: Connection,
  { reminderId, nextInMs }: { reminderId: string; nextInMs: number },
): Promise<void> {
  await connection.query({
    name: 'postpone look',
    text: `update reminders set settle_at = clock_timestamp() + $2::float8 * interval '1 millisecond'
      where id = $1`,
    values: [reminderId, nextInMs],
  });
}

/**
 * Reminders for which half of the time that was left when they came into doubt has gone by; each is
 * told of once a doubt.
 */
export async function takeLateDoubts(connection: Connection): Promise<string[]> {
  const { rows } = await connection.query<{ id: string }>({
    name: 'take late doubts',
    text: `with late as materialized (
        select id from reminders
        where phase = 'uncertain' and doubt_alarmed_at is null
          and doubted_at + (not_after - doubted_at) / 2 <= now()
        limit 500 for no key update skip locked
      )
      update reminders set doubt_alarmed_at = clock_timestamp()
      where id = any(array(select id from late)) returning id`,
  });
  return rows.map(({ id }) => id);
}
