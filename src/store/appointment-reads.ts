import type { AppointmentState } from '../domain/appointment.ts';
import type { Mode, RequestedChannel } from '../domain/channel.ts';
import type { ReminderState } from '../domain/reminder.ts';
import type { Connection, Database } from './database.ts';

/** What may be read back of an appointment: states and times of sending, none of its own. */
export interface ReadableAppointment {
  readonly id: string;
  readonly reference: string;
  readonly version: number;
  readonly revision: number | null;
  readonly state: AppointmentState;
  /** A factor of it is locked after too many wrong answers. */
  readonly locked: boolean;
  readonly reminders: readonly ReadableReminder[];
}

export interface ReadableReminder {
  readonly id: string;
  readonly channel: RequestedChannel;
  readonly state: ReminderState;
  readonly skipped: string | null;
  readonly reasonCode: string | null;
  readonly sentAt: Date | null;
  readonly deliveredAt: Date | null;
}

export interface Owner {
  readonly organisationId: string;
  readonly mode: Mode;
}

const readableColumns = 'a.id, a.reference, a.version, a.revision, a.state';

/** The appointment under this reference, or else the newest that was deleted. */
export async function readAppointment(
  database: Database,
  { organisationId, mode, reference }: Owner & { reference: string },
): Promise<ReadableAppointment | undefined> {
  return database.transaction([organisationId], async (connection) => {
    const { rows } = await connection.query<AppointmentRow>({
      name: 'read appointment',
      text: `select ${readableColumns} from appointments a
             where a.organisation_id = $1 and a.mode = $2 and a.reference = $3
             order by a.deleted_at desc nulls first, a.id desc limit 1`,
      values: [organisationId, mode, reference],
    });
    return (await withReminders(connection, rows))[0];
  });
}

/**
 * A page of appointments in order of their references, each reference once: the appointment that
 * has it now, or else the newest that was deleted.
 *
 * Both halves walk their own index and stop at the limit, so a page costs the same at any depth.
 *
 * @param after the reference to go on from; empty for the first page
 */
export async function listAppointments(
  database: Database,
  input: Owner & { state?: AppointmentState | undefined; after: string; limit: number },
): Promise<ReadableAppointment[]> {
  const { organisationId, mode, state, after, limit } = input;
  return database.transaction([organisationId], async (connection) => {
    const { rows } = await connection.query<AppointmentRow>({
      name: 'list appointments',
      text: `
        (select ${readableColumns} from appointments a
         where a.organisation_id = $1 and a.mode = $2 and a.reference > $3 and a.deleted_at is null
           and ($4::text is null or a.state = $4)
         order by a.reference limit $5)
        union all
        (select ${readableColumns} from appointments a
         where a.organisation_id = $1 and a.mode = $2 and a.reference > $3 and a.deleted_at is not null
           and ($4::text is null or a.state = $4)
           and not exists (select from appointments newer
             where newer.organisation_id = $1 and newer.mode = $2 and newer.reference = a.reference
               and newer.deleted_at is null)
           and not exists (select from appointments newer
             where newer.organisation_id = $1 and newer.mode = $2 and newer.reference = a.reference
               and newer.deleted_at is not null and (newer.deleted_at, newer.id) > (a.deleted_at, a.id))
         order by a.reference limit $5)
        order by reference limit $5`,
      values: [organisationId, mode, after, state ?? null, limit],
    });
    return withReminders(connection, rows);
  });
}

interface AppointmentRow {
  id: string;
  reference: string;
  version: number;
  revision: number | null;
  state: AppointmentState;
}

interface ReminderRow {
  id: string;
  appointment_id: string;
  requested_channel: RequestedChannel;
  state: ReminderState;
  skipped_reason: string | null;
  reason_code: string | null;
  sent_at: Date | null;
  delivered_at: Date | null;
}

async function withReminders(
  connection: Connection,
  appointments: readonly AppointmentRow[],
): Promise<ReadableAppointment[]> {
  if (appointments.length === 0) return [];
  const ids = appointments.map(({ id }) => id);
  const reminders = await connection.query<ReminderRow>({
    name: 'read reminders of appointments',
    text: `select id, appointment_id, requested_channel, state, skipped_reason, reason_code, sent_at,
             delivered_at
           from reminders where appointment_id = any ($1::uuid[]) order by send_at, id`,
    values: [ids],
  });
  const locks = await connection.query<{ appointment_id: string }>({
    name: 'read locks of appointments',
    text: `select distinct appointment_id from factor_failures
           where appointment_id = any ($1::uuid[]) and locked_at is not null`,
    values: [ids],
  });
  const remindersOf = Map.groupBy(reminders.rows, (row) => row.appointment_id);
  const locked = new Set(locks.rows.map((row) => row.appointment_id));
  return appointments.map((row) => ({
    ...row,
    locked: locked.has(row.id),
    reminders: (remindersOf.get(row.id) ?? []).map(readable),
  }));
}

function readable(row: ReminderRow): ReadableReminder {
  return {
    id: row.id,
    channel: row.requested_channel,
    state: row.state,
    skipped: row.skipped_reason,
    reasonCode: row.reason_code,
    sentAt: row.sent_at,
    deliveredAt: row.delivered_at,
  };
}
