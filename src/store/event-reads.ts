import type { Owner } from './appointment-reads.ts';
import type { Database } from './database.ts';
import type { EventPosition } from './event-position.ts';
import { isBehindKept, isFirst, readStartOfKept } from './kept-events.ts';

export interface StoredEvent extends EventPosition {
  readonly type: string;
  readonly at: Date;
  /** Absent for what is no appointment's. */
  readonly reference: string | null;
  readonly endpointId: string | null;
  readonly incidentId: string | null;
  /** Of an incident: what it is. */
  readonly code: string | null;
  /** Of an erasure by somebody else than the booking system: whose it was. */
  readonly reasonCode: string | null;
  readonly reminderId: string | null;
  readonly state: string | null;
  readonly possibleDuplicate: boolean;
  readonly possiblySent: boolean;
}

export interface EventRow {
  transaction_id: string;
  id: string;
  type: string;
  created_at: Date;
  reference: string | null;
  endpoint_id: string | null;
  incident_id: string | null;
  incident_code: string | null;
  erased_by: string | null;
  reminder_id: string | null;
  to_state: string | null;
  possible_duplicate: boolean;
  possibly_sent: boolean;
}

export const eventColumns = `transaction_id::text, id::text, type, created_at, reference,
  endpoint_id, incident_id, case when incident_id is not null then reason_code end as incident_code,
  case when reason_code = 'by_recipient' then reason_code end as erased_by,
  reminder_id, to_state, possible_duplicate, possibly_sent`;

/** See {@link readEvents}: what no reader may pass yet, and what is no news for a booking system. */
export const eventIsForReaders = `transaction_id < (select events_horizon())
  and to_state is distinct from 'queued' and to_state is distinct from 'sending'
  and not (to_state is not distinct from 'scheduled'
    and coalesce(from_state in ('queued', 'sending'), false))`;

/**
 * Events after a position, in the order of the transactions that wrote them.
 *
 * A transaction that is still running may yet commit events that stand before those of one that
 * has ended. So nothing is read at or above the oldest running transaction: what commits late is
 * then still ahead of every reader. Left out are steps that only say which process has a reminder
 * in hand: it was taken, it is being sent, it was put back.
 *
 * @param input.after the first position: all that is kept
 * @returns `gone` where events behind that position are kept no longer
 */
export async function readEvents(
  database: Database,
  { organisationId, mode, after, limit }: Owner & { after: EventPosition; limit: number },
): Promise<StoredEvent[] | 'gone'> {
  return database.transaction([organisationId], async (connection) => {
    const owner = { organisationId, mode };
    const from = isFirst(after) ? await readStartOfKept(connection, owner) : after;
    const { rows } = await connection.query<EventRow>({
      name: 'read events',
      text: `
        select ${eventColumns} from events
        where organisation_id = $1 and mode = $2
          and (transaction_id, id) > ($3::xid8, $4::bigint) and ${eventIsForReaders}
        order by events.transaction_id, events.id limit $5`, // unqualified: the texts selected above
      values: [organisationId, mode, from.transactionId, from.id, limit],
    });
    if (await isBehindKept(connection, { ...owner, position: after })) return 'gone';
    return rows.map(eventFrom);
  });
}

export function eventFrom(row: EventRow): StoredEvent {
  return {
    transactionId: row.transaction_id,
    id: row.id,
    type: row.type,
    at: row.created_at,
    reference: row.reference,
    endpointId: row.endpoint_id,
    incidentId: row.incident_id,
    code: row.incident_code,
    reasonCode: row.erased_by,
    reminderId: row.reminder_id,
    state: row.to_state,
    possibleDuplicate: row.possible_duplicate,
    possiblySent: row.possibly_sent,
  };
}

/**
 * The position that nothing which may still be read stands before: events from now on come after it,
 * those of transactions that are running included.
 */
export async function readEndOfEvents(database: Pick<Database, 'query'>): Promise<EventPosition> {
  const [row] = await database.query<{ transactionId: string }>(
    'select events_horizon()::text as "transactionId"',
  );
  return { transactionId: row?.transactionId ?? '0', id: '0' };
}
