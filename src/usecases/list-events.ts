import { limits } from '../../config/limits.ts';
import { AppError } from '../domain/errors.ts';
import type { Owner } from '../store/appointment-reads.ts';
import type { Database } from '../store/database.ts';
import {
  type EventPosition,
  readEndOfEvents,
  readEvents,
  type StoredEvent,
} from '../store/event-reads.ts';

/** One thing that happened, for the booking system. */
export interface EventAnswer {
  readonly id: string;
  readonly type: string;
  readonly at: string;
  readonly reference: string;
  readonly reminderId?: string;
  readonly state?: string;
  readonly possibleDuplicate?: true;
  readonly possiblySent?: true;
}

/**
 * A page of events, oldest first, and the cursor behind the last of them.
 *
 * Whoever asks again with the newest cursor misses nothing and sees nothing twice.
 *
 * @param input.after a cursor, or `now` for one that the next event will stand behind
 * @returns `next: null` on an empty page: there is nothing newer yet, ask later with the same cursor
 * @throws {AppError} `invalid_request` at `/after` for a cursor that we did not make
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
  const position = after === undefined ? { transactionId: '0', id: '0' } : readCursor(after);
  const found = await readEvents(database, { ...owner, after: position, limit });
  const last = found.at(-1);
  return { events: found.map(describe), next: last ? writeCursor(last) : null };
}

function describe(event: StoredEvent): EventAnswer {
  return {
    id: event.id,
    type: event.type,
    at: event.at.toISOString(),
    reference: event.reference,
    ...(event.reminderId === null ? {} : { reminderId: event.reminderId }),
    ...(event.state === null ? {} : { state: event.state }),
    ...(event.possibleDuplicate ? { possibleDuplicate: true as const } : {}),
    ...(event.possiblySent ? { possiblySent: true as const } : {}),
  };
}

function writeCursor({ transactionId, id }: EventPosition): string {
  return Buffer.from(`${transactionId}.${id}`).toString('base64url');
}

function readCursor(cursor: string): EventPosition {
  const [, transactionId, id] =
    /^(0|[1-9]\d{0,18})\.(0|[1-9]\d{0,18})$/.exec(Buffer.from(cursor, 'base64url').toString()) ??
    [];
  if (transactionId !== undefined && id !== undefined && isBigint(transactionId) && isBigint(id)) {
    return { transactionId, id };
  }
  throw new AppError('invalid_request', { fields: [{ pointer: '/after', code: 'invalid_value' }] });
}

/** So that what was tampered with is refused here and not by the database. */
function isBigint(digits: string): boolean {
  return BigInt(digits) < 2n ** 63n;
}
