import type { Connection } from './database.ts';

/** A phone on one day, by an index that means nothing once the day's key is gone. */
export interface PhoneDay {
  readonly index: Buffer;
  /** `YYYY-MM-DD`, UTC. */
  readonly day: string;
}

/**
 * Counts one more message to a phone, unless it has had its share of the day.
 *
 * @returns whether it was counted
 */
export async function countPhoneDay(
  connection: Connection,
  { index, day, max }: PhoneDay & { max: number },
): Promise<boolean> {
  const { rowCount } = await connection.query(
    `insert into phone_day_counts as c (phone_index, day, sent_count) values ($1, $2, 1)
     on conflict (day, phone_index) do update set sent_count = c.sent_count + 1
       where c.sent_count < $3`,
    [index, day, max],
  );
  return rowCount === 1;
}

/** Takes back what was counted for a message that certainly did not go out. */
export async function uncountPhoneDay(
  connection: Connection,
  { index, day }: PhoneDay,
): Promise<void> {
  await connection.query(
    `update phone_day_counts set sent_count = greatest(sent_count - 1, 0)
     where phone_index = $1 and day = $2`,
    [index, day],
  );
}
