import type { Connection, Database } from './database.ts';

/** An SMS that a provider still keeps and that is ours to delete there; mail servers offer nothing such. */
export interface OwedCopy {
  readonly attemptId: string;
  readonly providerId: string;
}

/** Looked at in one go. */
const setAsideMax = 1_000;

/**
 * Sets aside what would be owed now and that no message is known of, so that nobody comes by it again.
 * Should it turn out that there is one, it is owed at once.
 */
export async function setAsideWithoutCopy(
  connection: Connection,
  { transport }: { transport: string },
): Promise<void> {
  await connection.query({
    name: 'set aside without copy',
    text: `with owed as materialized (
        select id from (select id, provider_id, copy_owed_at from attempts
          where transport = $1 and channel = 'sms' and copy_gone_at is null and copy_owed_at <= now()
          order by copy_owed_at limit ${setAsideMax}) o
        where provider_id is null
      )
      update attempts set copy_owed_at = 'infinity'
      where id = any(array(select id from owed)) and provider_id is null`,
    values: [transport],
  });
}

/**
 * Takes copies of one transport that are to be deleted, those owed longest first. Each is this
 * process's for a while that doubles with every try, up to an hour; the caller commits before it asks.
 */
export async function takeOwedCopies(
  connection: Connection,
  input: { transport: string; firstWaitMs: number; countMax: number },
): Promise<OwedCopy[]> {
  const { rows } = await connection.query({
    name: 'take owed copies',
    text: `with owed as materialized (
        select id from attempts
        where transport = $1 and channel = 'sms' and provider_id is not null
          and copy_gone_at is null and copy_owed_at <= now()
          and (copy_retry_at is null or copy_retry_at <= now())
        order by copy_owed_at limit $3 for no key update skip locked
      )
      update attempts t set copy_tries = t.copy_tries + 1,
        copy_retry_at = clock_timestamp() + least(interval '1 hour',
          $2::float8 * interval '1 millisecond' * 2 ^ least(t.copy_tries, 20))
      where t.id = any(array(select id from owed))
      returning t.id, t.provider_id`,
    values: [input.transport, input.firstWaitMs, input.countMax],
  });
  return rows.map((row) => ({ attemptId: row.id, providerId: row.provider_id }));
}

/** Notes that the provider keeps these no more. */
export async function markCopiesGone(
  connection: Connection,
  attemptIds: readonly string[],
): Promise<void> {
  await connection.query({
    name: 'mark copies gone',
    text: 'update attempts set copy_gone_at = clock_timestamp() where id = any($1::uuid[])',
    values: [attemptIds],
  });
}

/** How many copies of one transport have been owed for longer than this. */
export async function countOverdueCopies(
  database: Pick<Database, 'query'>,
  { transport, overdueMs }: { transport: string; overdueMs: number },
): Promise<number> {
  const rows = await database.query<{ count: number }>(
    `select count(*)::int as count from attempts
     where transport = $1 and channel = 'sms' and provider_id is not null
       and copy_gone_at is null and copy_owed_at <= now() - $2::float8 * interval '1 millisecond'`,
    [transport, overdueMs],
  );
  return rows[0]?.count ?? 0;
}
