import { limits } from '../../config/limits.ts';
import { AppError } from '../domain/errors.ts';
import type { Owner } from '../store/appointment-reads.ts';
import type { Database } from '../store/database.ts';
import { readEndOfEvents, readEvents } from '../store/event-reads.ts';
import { firstPosition } from '../store/kept-events.ts';
import { describeEvent, type EventAnswer } from './describe-event.ts';
import { readCursor, writeCursor } from './event-cursor.ts';

/**
 * A page of events, oldest first, and the cursor behind the last of them.
 *
 * Whoever asks again with the newest cursor misses nothing and sees nothing twice.
 *
 * @param input.after a cursor, or `now` for one that the next event will stand behind
 * @returns `next: null` on an empty page: there is nothing newer yet, ask later with the same cursor
 * @throws {AppError} `invalid_request` at `/after` for a cursor that we did not make; `cursor_too_old` for
 *   one behind which there were events that are kept no longer
 */
export async function listEvents(
  { database }: { database: Database },
  {
    after,
    limit = limits.pageSizeDefault,
    ...owner
  }: Owner & { after?: string | undefined; limit?: number | undefined },
): Promise<{ events: EventAnswer[]; next: string | null }> {
  if (after === 'now') return { events: [], next: writeCursor(await readEndOfEvents(database)) };
  const position = after === undefined ? firstPosition : readCursor(after);
  const found = await readEvents(database, { ...owner, after: position, limit });
  if (found === 'gone') throw new AppError('cursor_too_old');
  const last = found.at(-1);
  return { events: found.map(describeEvent), next: last ? writeCursor(last) : null };
}
