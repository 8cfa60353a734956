import { randomBytes, randomInt, randomUUID } from 'node:crypto';
import type pg from 'pg';
import { Secret } from '../../src/domain/secret.ts';
import { linkLookup, linkSealPublicKey, newLinkSecret } from '../../src/keys/link-secret.ts';
import { sealParcel } from '../../src/keys/sealing.ts';

export interface SeededReminder {
  readonly id: string;
  readonly organisationId: string;
  readonly appointmentId: string;
  readonly linkId: string;
  readonly phone: string;
  readonly lookup: Buffer;
}

export interface SeedOptions {
  readonly organisationId: string;
  readonly count: number;
  readonly epochPublicKey: Buffer;
  readonly parcelDay: string;
  /** From now; negative: it has been due for so long. */
  readonly dueInMs?: number;
  readonly notAfterInMs?: number;
  readonly state?: string;
}

const hourMs = 3_600_000;

/** Inserts appointments with one reminder by SMS each, whose parcels are truly sealed. */
export async function seedReminders(
  admin: pg.Pool,
  options: SeedOptions,
): Promise<SeededReminder[]> {
  const { organisationId, count, parcelDay } = options;
  const seeded = Array.from({ length: count }, (_, place) => seal(options, place));
  const ids = seeded.map(({ reminder }) => reminder.id);
  const appointmentIds = seeded.map(({ reminder }) => reminder.appointmentId);
  await admin.query(
    `insert into appointments (id, organisation_id, mode, reference, state, version, starts_at, ends_at,
       erase_at)
     select id, $2, 'live', 'ref-' || id, 'booked', 1, now() + interval '1 day', now() + interval '1 day',
       now() + interval '120 days' from unnest($1::uuid[]) as a (id)`,
    [appointmentIds, organisationId],
  );
  await admin.query(
    `insert into reminders (id, organisation_id, mode, appointment_id, kind, requested_channel, channel,
       before, resolved_at, send_at, due_at, not_after, state)
     select id, $3, 'live', appointment_id, 'planned', 'sms', 'sms', 'P1D', now(), now(),
       now() + $4::float8 * interval '1 millisecond', now() + $5::float8 * interval '1 millisecond', $6
     from unnest($1::uuid[], $2::uuid[]) as r (id, appointment_id)`,
    [
      ids,
      appointmentIds,
      organisationId,
      options.dueInMs ?? -1_000,
      options.notAfterInMs ?? 24 * hourMs,
      options.state ?? 'scheduled',
    ],
  );
  await admin.query(
    `insert into links (id, organisation_id, mode, appointment_id, reminder_id, channel, lookup,
       seal_public_key, note, parcel, parcel_day, expires_at)
     select id, $7, 'live', appointment_id, reminder_id, 'sms', lookup, public_key, '\\x00', parcel, $8,
       now() + interval '10 days'
     from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::bytea[], $5::bytea[], $6::bytea[])
       as l (id, appointment_id, reminder_id, lookup, public_key, parcel)`,
    [
      seeded.map(({ reminder }) => reminder.linkId),
      appointmentIds,
      ids,
      seeded.map(({ reminder }) => reminder.lookup),
      seeded.map(({ publicKey }) => publicKey),
      seeded.map(({ parcel }) => parcel),
      organisationId,
      parcelDay,
    ],
  );
  return seeded.map(({ reminder }) => reminder);
}

function seal(options: SeedOptions, place: number) {
  const { organisationId, epochPublicKey } = options;
  const secret = newLinkSecret();
  const reminder: SeededReminder = {
    id: randomUUID(),
    organisationId,
    appointmentId: randomUUID(),
    linkId: randomUUID(),
    phone: `+336${randomInt(1_000, 9_999)}${String(place).padStart(4, '0')}`,
    lookup: linkLookup(secret),
  };
  const parcel = sealParcel({
    epochPublicKey,
    binding: { organisationId, appointmentId: reminder.appointmentId, reminderId: reminder.id },
    parcel: {
      linkSecret: secret,
      contactPoint: new Secret(reminder.phone),
      channel: 'sms',
      language: 'fr',
    },
  });
  return { reminder, parcel, publicKey: linkSealPublicKey(secret) };
}

/** Bytes of the length of a parcel that nobody sealed. */
export function garbageParcel(): Buffer {
  return randomBytes(486);
}
