import type { Channel } from '../domain/channel.ts';
import type { Database } from './database.ts';

/** Moments that are booked for messages of one sender, one behind the other. */
export interface Booking {
  readonly count: number;
  /** From when the database was asked; with none booked, until the next could be. */
  readonly firstInMs: number;
}

export interface WantedMoments {
  readonly sender: Channel;
  readonly wanted: number;
  readonly everyMs: number;
  readonly aheadMs: number;
}

/** Books moments that begin within `aheadMs`, of all that the processes of a deployment share. */
export async function bookMoments(
  database: Pick<Database, 'query'>,
  input: WantedMoments,
): Promise<Booking> {
  const [row] = await database.query<Booking & { count: number }>(
    'select booked as count, first_in_ms as "firstInMs" from book_moments($1, $2, $3, $4)',
    [input.sender, input.wanted, input.everyMs, input.aheadMs],
    'book moments',
  );
  return row ?? { count: 0, firstInMs: 0 };
}
