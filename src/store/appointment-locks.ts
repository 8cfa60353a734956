import type { Mode } from '../domain/channel.ts';
import type { StoredAppointment, StoredLink, StoredReminder } from '../domain/put-facts.ts';
import type { Connection } from './database.ts';

/** What names an appointment that a booking system may still change. */
export interface AppointmentKey {
  readonly organisationId: string;
  readonly mode: Mode;
  readonly reference: string;
}

export function appointmentKeyText({ organisationId, mode, reference }: AppointmentKey): string {
  return `${organisationId} ${mode} ${reference}`;
}

const appointmentColumns = `a.id, a.organisation_id, a.mode, a.reference, a.state, a.version,
  a.revision, a.moved, a.starts_at, a.ends_at`;

/**
 * Locks appointments and then their reminders, always in this order, and reads them as they stand.
 *
 * @param keys sorted by organisation, mode and reference, each once
 * @returns by `appointmentKeyText`; a deleted or missing one is absent
 */
export async function lockAppointments(
  connection: Connection,
  keys: readonly AppointmentKey[],
): Promise<Map<string, StoredAppointment>> {
  if (keys.length === 0) return new Map();
  const { rows } = await connection.query({
    name: 'lock appointments',
    text: `select ${appointmentColumns}
           from appointments a
           join unnest($1::uuid[], $2::text[], $3::text[]) as k (organisation_id, mode, reference)
             on (a.organisation_id, a.mode, a.reference) = (k.organisation_id, k.mode, k.reference)
           where a.deleted_at is null
           order by a.organisation_id, a.mode, a.reference
           for update of a`,
    values: [
      keys.map((key) => key.organisationId),
      keys.map((key) => key.mode),
      keys.map((key) => key.reference),
    ],
  });
  const stored = await withReminders(connection, rows);
  return new Map(rows.map((row, index) => [rowKey(row), stored[index] as StoredAppointment]));
}

/** Locks what was deleted or erased under a reference, newest first. */
export async function lockTombstones(
  connection: Connection,
  { organisationId, mode, reference }: AppointmentKey,
): Promise<StoredAppointment[]> {
  const { rows } = await connection.query(
    `select ${appointmentColumns} from appointments a
     where a.organisation_id = $1 and a.mode = $2 and a.reference = $3
       and a.deleted_at is not null
     order by a.deleted_at desc, a.id desc for update of a`,
    [organisationId, mode, reference],
  );
  return withReminders(connection, rows);
}

async function withReminders(
  connection: Connection,
  // biome-ignore lint/suspicious/noExplicitAny: rows come untyped from the driver
  rows: readonly any[],
): Promise<StoredAppointment[]> {
  const reminders = await lockReminders(
    connection,
    rows.map((row) => row.id),
  );
  return rows.map((row) => ({
    id: row.id,
    state: row.state,
    version: row.version,
    revision: row.revision,
    moved: row.moved,
    startsAt: instant(row.starts_at),
    endsAt: instant(row.ends_at),
    reminders: reminders.get(row.id) ?? [],
  }));
}

function rowKey(row: { organisation_id: string; mode: Mode; reference: string }): string {
  return appointmentKeyText({
    organisationId: row.organisation_id,
    mode: row.mode,
    reference: row.reference,
  });
}

/** The highest revision among deleted appointments of each reference, where revisions were used. */
export async function readTombstoneRevisions(
  connection: Connection,
  keys: readonly AppointmentKey[],
): Promise<Map<string, number>> {
  const { rows } = await connection.query({
    name: 'read tombstones',
    text: `select k.organisation_id, k.mode, k.reference, max(a.revision) as revision
           from unnest($1::uuid[], $2::text[], $3::text[]) as k (organisation_id, mode, reference)
           join appointments a
             on (a.organisation_id, a.mode, a.reference) = (k.organisation_id, k.mode, k.reference)
           where a.deleted_at is not null and a.revision is not null
           group by 1, 2, 3`,
    values: [
      keys.map((key) => key.organisationId),
      keys.map((key) => key.mode),
      keys.map((key) => key.reference),
    ],
  });
  return new Map(rows.map((row) => [rowKey(row), row.revision]));
}

async function lockReminders(
  connection: Connection,
  appointmentIds: readonly string[],
): Promise<Map<string, StoredReminder[]>> {
  const { rows } = await connection.query({
    name: 'lock reminders',
    text: `select id, appointment_id, kind, requested_channel, channel, before, resolved_at, send_at,
             due_at, not_after, state, skipped_reason, pending_end, possibly_sent, sent_at
           from reminders where appointment_id = any($1::uuid[]) order by id for update`,
    values: [appointmentIds],
  });
  const links = await readLinks(connection, appointmentIds);
  const grouped = new Map<string, StoredReminder[]>();
  for (const row of rows) {
    const reminder: StoredReminder = {
      id: row.id,
      kind: row.kind,
      requestedChannel: row.requested_channel,
      channel: row.channel,
      before: row.before,
      resolvedAt: instant(row.resolved_at),
      sendAt: instant(row.send_at),
      dueAt: instant(row.due_at),
      notAfter: instant(row.not_after),
      state: row.state,
      skipped: row.skipped_reason,
      pendingEnd: row.pending_end,
      possiblySent: row.possibly_sent,
      sentAt: row.sent_at ? instant(row.sent_at) : null,
      links: links.get(row.id) ?? [],
    };
    grouped.set(row.appointment_id, [...(grouped.get(row.appointment_id) ?? []), reminder]);
  }
  return grouped;
}

async function readLinks(
  connection: Connection,
  appointmentIds: readonly string[],
): Promise<Map<string, StoredLink[]>> {
  const { rows } = await connection.query({
    name: 'read links of appointments',
    text: `select id, reminder_id, channel, current, attempted_at is not null as attempted,
             revoked_at is not null as revoked, expires_at, seal_public_key
           from links where appointment_id = any($1::uuid[]) order by created_at, id`,
    values: [appointmentIds],
  });
  const grouped = new Map<string, StoredLink[]>();
  for (const row of rows) {
    const link: StoredLink = {
      id: row.id,
      channel: row.channel,
      current: row.current,
      attempted: row.attempted,
      revoked: row.revoked,
      expiresAt: instant(row.expires_at),
      sealPublicKey: row.seal_public_key,
    };
    grouped.set(row.reminder_id, [...(grouped.get(row.reminder_id) ?? []), link]);
  }
  return grouped;
}

function instant(date: Date): Temporal.Instant {
  return Temporal.Instant.fromEpochMilliseconds(date.getTime());
}
