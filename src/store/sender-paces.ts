import type { Channel } from '../domain/channel.ts';
import type { Database } from './database.ts';

/** Moments of one sender, one behind the other, in milliseconds of the database's clock. */
export interface Booking {
  readonly count: number;
  /** With none booked, when the next could be. */
  readonly firstMs: number;
  /** When the database answered. */
  readonly nowMs: number;
}

export interface WantedMoments {
  readonly sender: Channel;
  readonly purpose: 'reminders' | 'codes';
  readonly wanted: number;
  readonly everyMs: number;
  /** None begins sooner, and none later than so long after that; but a reminder's, of four in a row. */
  readonly leadMs: number;
  readonly aheadMs: number;
}

/** Books moments of those that all processes of a deployment share. */
export async function bookMoments(
  database: Pick<Database, 'query'>,
  { sender, purpose, wanted, everyMs, leadMs, aheadMs }: WantedMoments,
): Promise<Booking> {
  const [row] = await database.query<Booking & { count: number }>(
    `select booked as count, first_ms as "firstMs", now_ms as "nowMs"
     from book_moments($1, $2, $3, $4, $5, $6)`,
    [sender, purpose === 'codes', wanted, everyMs, leadMs, aheadMs],
  );
  return row ?? { count: 0, firstMs: 0, nowMs: 0 };
}
