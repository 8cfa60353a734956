import type { Owner } from './appointment-reads.ts';
import type { AnyConnection, Database } from './database.ts';
import type { EventPosition } from './event-position.ts';

const startOfKept = `select c.transaction_id::text as "transactionId", c.id::text
  from carried_ends c join event_months m on m.month = c.month
  where c.organisation_id = $1 and c.mode = $2 and m.dropped_at is not null
  order by c.transaction_id desc, c.id desc limit 1`;

/** Before every event that there ever was. */
export const firstPosition: EventPosition = { transactionId: '0', id: '0' };

/** Behind the last event, in the order of reading, that is kept no longer. */
export async function readStartOfKept(
  connection: AnyConnection,
  { organisationId, mode }: Owner,
): Promise<EventPosition> {
  const { rows } = await connection.query<EventPosition>(startOfKept, [organisationId, mode]);
  return rows[0] ?? firstPosition;
}

/**
 * Whether whoever goes on from here has missed events that are kept no longer. To be asked after reading:
 * what was dropped before then is known by now.
 */
export async function isBehindKept(
  connection: AnyConnection,
  { position, ...owner }: Owner & { position: EventPosition },
): Promise<boolean> {
  return isMissing(position, await readStartOfKept(connection, owner));
}

/** Likewise for an endpoint that events are pushed to. */
export async function isEndpointBehindKept(
  database: Pick<Database, 'query'>,
  { organisationId, mode, position }: Owner & { position: EventPosition },
): Promise<boolean> {
  const [start] = await database.query<EventPosition & Record<string, unknown>>(startOfKept, [
    ...[organisationId, mode],
  ]);
  return start !== undefined && isMissing(position, start);
}

function isMissing(position: EventPosition, start: EventPosition): boolean {
  if (isFirst(position)) return false;
  const [one, other] = [BigInt(position.transactionId), BigInt(start.transactionId)];
  return one < other || (one === other && BigInt(position.id) < BigInt(start.id));
}

/** All that is kept is asked for, and not what lies behind some event. */
export function isFirst({ transactionId }: EventPosition): boolean {
  return transactionId === firstPosition.transactionId;
}
