import { type AcceptedVersion, eraseAt } from './accepted-version.ts';
import {
  changeLinks,
  clearLocks,
  endedEvents,
  endReminders,
  retimeNotices,
  updateAppointments,
} from './appointment-changes.ts';
import type { AppointmentKey } from './appointment-locks.ts';
import type { ArrayParameter } from './array-parameter.ts';
import type { Connection } from './database.ts';
import { eventRows, type NewEvent } from './event-writes.ts';
import { insertRows, type TableRows, tableRows, unnestRows } from './insert-rows.ts';

/** A first version's row, written before anything is locked, so that two first PUTs meet there. */
export interface MissingAppointment extends AppointmentKey {
  readonly id: string;
  readonly state: 'booked' | 'cancelled';
  readonly revision: number | null;
  readonly startsAt: Temporal.Instant;
  readonly endsAt: Temporal.Instant;
  readonly linkExpiresAt: Temporal.Instant;
}

/**
 * Inserts appointments that do not exist yet.
 *
 * A reference whose deleted appointment used a revision at or above the new one is left alone.
 *
 * @param rows sorted by organisation, mode and reference, each once
 * @returns the ids that were inserted
 */
export async function insertMissingAppointments(
  connection: Connection,
  rows: readonly MissingAppointment[],
): Promise<Set<string>> {
  const values: ArrayParameter[] = [];
  const given = unnestRows(
    {
      id: 'uuid',
      organisation_id: 'uuid',
      mode: 'text',
      reference: 'text',
      state: 'text',
      revision: 'int',
      starts_at: 'timestamptz',
      ends_at: 'timestamptz',
      erase_at: 'timestamptz',
    },
    rows.map((row) => ({
      ...row,
      organisation_id: row.organisationId,
      starts_at: row.startsAt,
      ends_at: row.endsAt,
      erase_at: eraseAt(row.linkExpiresAt),
    })),
    values,
  );
  const inserted = await connection.query({
    name: 'insert missing appointments',
    text: `insert into appointments (id, organisation_id, mode, reference, state, version, revision,
             starts_at, ends_at, erase_at)
           select n.id, n.organisation_id, n.mode, n.reference, n.state, 1, n.revision, n.starts_at,
             n.ends_at, n.erase_at
           from ${given}
             as n (id, organisation_id, mode, reference, state, revision, starts_at, ends_at, erase_at)
           where not exists (
             select from appointments t
             where (t.organisation_id, t.mode, t.reference) = (n.organisation_id, n.mode, n.reference)
               and t.deleted_at is not null and t.revision >= coalesce(n.revision, -1))
           on conflict (organisation_id, mode, reference) where deleted_at is null do nothing
           returning id`,
    values,
  });
  return new Set(inserted.rows.map((row) => row.id));
}

/** Writes accepted versions with all that hangs on them, in the transaction that holds their locks. */
export async function writeAcceptedVersions(
  connection: Connection,
  versions: readonly AcceptedVersion[],
): Promise<void> {
  const replaced = versions.filter((version) => !version.created);
  if (replaced.length > 0) {
    await endReminders(connection, replaced);
    await retimeNotices(connection, replaced);
    await changeLinks(connection, replaced);
    await clearLocks(connection, replaced);
    await updateAppointments(connection, replaced);
  }
  await insertRows(connection, [
    versionRows(versions),
    receiptRows(versions),
    reminderRows(versions),
    linkRows(versions),
    contentKeyRows(versions),
    eventRows(versions.flatMap(eventsOf)),
  ]);
}

function versionRows(versions: readonly AcceptedVersion[]): TableRows {
  return tableRows({
    table: 'versions',
    columns: {
      organisation_id: 'uuid',
      mode: 'text',
      appointment_id: 'uuid',
      version: 'int',
      revision: 'int',
      receipt_id: 'uuid',
      content: 'bytea',
      view_month: 'text',
      expires_at: 'timestamptz',
    },
    rows: versions.map(
      ({ organisationId, mode, id, decision, receiptId, sealed, linkExpiresAt }) => ({
        organisation_id: organisationId,
        mode,
        appointment_id: id,
        version: decision.version,
        revision: decision.revision,
        receipt_id: receiptId,
        content: sealed.content,
        view_month: sealed.viewMonth,
        // Others go with the last link that leads to them.
        expires_at: sealed.contentKeys.length === 0 ? linkExpiresAt : null,
      }),
    ),
  });
}

/** Which receipts there are is known for longer than the versions that they are for. */
function receiptRows(versions: readonly AcceptedVersion[]): TableRows {
  return tableRows({
    table: 'receipts',
    columns: {
      organisation_id: 'uuid',
      mode: 'text',
      issued_at: 'timestamptz',
      receipt_id: 'uuid',
    },
    rows: versions.map(({ organisationId, mode, issuedAt, receiptId }) => ({
      organisation_id: organisationId,
      mode,
      issued_at: issuedAt,
      receipt_id: receiptId,
    })),
  });
}

function reminderRows(versions: readonly AcceptedVersion[]): TableRows {
  return tableRows({
    table: 'reminders',
    columns: {
      id: 'uuid',
      organisation_id: 'uuid',
      mode: 'text',
      appointment_id: 'uuid',
      reference: 'text',
      kind: 'text',
      requested_channel: 'text',
      channel: 'text',
      before: 'text',
      resolved_at: 'timestamptz',
      send_at: 'timestamptz',
      due_at: 'timestamptz',
      not_after: 'timestamptz',
      state: 'text',
      skipped_reason: 'text',
    },
    rows: versions.flatMap(({ organisationId, mode, id, reference, sealed }) =>
      sealed.reminders.map((reminder) => ({
        id: reminder.id,
        organisation_id: organisationId,
        mode,
        appointment_id: id,
        reference,
        kind: reminder.kind,
        requested_channel: reminder.requestedChannel,
        channel: reminder.channel,
        before: reminder.before,
        resolved_at: reminder.resolvedAt,
        send_at: reminder.sendAt,
        due_at: reminder.sendAt,
        not_after: reminder.notAfter,
        state: reminder.skipped ? 'skipped' : 'scheduled',
        skipped_reason: reminder.skipped ?? null,
      })),
    ),
  });
}

function linkRows(versions: readonly AcceptedVersion[]): TableRows {
  return tableRows({
    table: 'links',
    columns: {
      id: 'uuid',
      organisation_id: 'uuid',
      mode: 'text',
      appointment_id: 'uuid',
      reminder_id: 'uuid',
      channel: 'text',
      lookup: 'bytea',
      seal_public_key: 'bytea',
      note: 'bytea',
      parcel: 'bytea',
      parcel_day: 'date',
      expires_at: 'timestamptz',
    },
    rows: versions.flatMap(({ organisationId, mode, id, sealed, linkExpiresAt }) =>
      sealed.links.map((link) => ({
        id: link.id,
        organisation_id: organisationId,
        mode,
        appointment_id: id,
        reminder_id: link.reminderId,
        channel: link.channel,
        lookup: link.lookup,
        seal_public_key: link.sealPublicKey,
        note: link.note,
        parcel: link.parcel,
        parcel_day: link.parcelDay,
        expires_at: linkExpiresAt,
      })),
    ),
  });
}

function contentKeyRows(versions: readonly AcceptedVersion[]): TableRows {
  return tableRows({
    table: 'content_keys',
    columns: {
      organisation_id: 'uuid',
      mode: 'text',
      appointment_id: 'uuid',
      version: 'int',
      link_id: 'uuid',
      sealed_key: 'bytea',
    },
    rows: versions.flatMap(({ organisationId, mode, id, decision, sealed }) =>
      sealed.contentKeys.map(({ linkId, sealedKey }) => ({
        organisation_id: organisationId,
        mode,
        appointment_id: id,
        version: decision.version,
        link_id: linkId,
        sealed_key: sealedKey,
      })),
    ),
  });
}

function eventsOf(version: AcceptedVersion): NewEvent[] {
  const { organisationId, mode, reference, id: appointmentId, decision, sealed } = version;
  const about = { organisationId, mode, reference, appointmentId };
  const happened = version.created
    ? 'accepted'
    : decision.state === 'cancelled'
      ? 'cancelled'
      : 'replaced';
  return [
    { ...about, type: `appointment.${happened}` },
    ...endedEvents(about, decision),
    ...sealed.reminders.map((reminder): NewEvent => {
      const to = reminder.skipped ? 'skipped' : 'scheduled';
      const { id: reminderId, channel, skipped: reasonCode } = reminder;
      return { ...about, type: `reminder.${to}`, reminderId, to, reasonCode, channel };
    }),
  ];
}
