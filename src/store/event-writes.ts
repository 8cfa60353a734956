import type { Channel, Mode } from '../domain/channel.ts';
import type { ReminderState } from '../domain/reminder.ts';
import type { Connection } from './database.ts';
import { insertRows, type TableRows, tableRows } from './insert-rows.ts';

/** One transition, as the ledger and the booking system's event feed keep it. */
export interface NewEvent {
  readonly organisationId: string;
  readonly mode: Mode;
  readonly type: string;
  readonly reference: string;
  readonly appointmentId: string;
  readonly reminderId?: string;
  readonly from?: ReminderState;
  readonly to?: ReminderState;
  readonly reasonCode?: string | undefined;
  readonly possiblySent?: boolean;
  /** That the reminder is on; counted by it, and without it the reminder is read for that. */
  readonly channel?: Channel;
}

/** Writes events in the transaction of what they tell of. */
export async function insertEvents(
  connection: Connection,
  events: readonly NewEvent[],
): Promise<void> {
  await insertRows(connection, [eventRows(events)]);
}

/** Events as rows, to be inserted together with what they tell of. */
export function eventRows(events: readonly NewEvent[]): TableRows {
  return tableRows({
    table: 'events',
    columns: {
      organisation_id: 'uuid',
      mode: 'text',
      type: 'text',
      reference: 'text',
      appointment_id: 'uuid',
      reminder_id: 'uuid',
      from_state: 'text',
      to_state: 'text',
      reason_code: 'text',
      possibly_sent: 'boolean',
      channel: 'text',
    },
    rows: events.map((event) => ({
      organisation_id: event.organisationId,
      mode: event.mode,
      type: event.type,
      reference: event.reference,
      appointment_id: event.appointmentId,
      reminder_id: event.reminderId ?? null,
      from_state: event.from ?? null,
      to_state: event.to ?? null,
      reason_code: event.reasonCode ?? null,
      possibly_sent: event.possiblySent ?? false,
      channel: event.channel ?? null,
    })),
  });
}
