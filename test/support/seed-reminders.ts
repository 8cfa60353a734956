import { randomBytes } from 'node:crypto';
import type pg from 'pg';
import type { Channel, Mode } from '../../src/domain/channel.ts';
import { Secret } from '../../src/domain/secret.ts';
import { newIdOfDay, newShelf } from '../../src/keys/id-of-day.ts';
import { linkLookup, linkSealPublicKey, newLinkSecret } from '../../src/keys/link-secret.ts';
import { sealParcel } from '../../src/keys/sealing.ts';

export interface SeededReminder {
  readonly id: string;
  readonly organisationId: string;
  readonly appointmentId: string;
  readonly phone: string;
  readonly email: string;
  /** Of its own channel, the first. */
  readonly linkId: string;
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
  readonly mode?: Mode;
  /** What there is a link for; the first is what it goes out on first. */
  readonly channels?: readonly Channel[];
  /** What phones and local parts of addresses end in. */
  readonly ending?: string;
}

const hourMs = 3_600_000;

/** Of this process so far: no two of them have one phone. */
let made = 0;

/** Inserts appointments with one reminder each, whose parcels are truly sealed. */
export async function seedReminders(
  admin: pg.Pool,
  options: SeedOptions,
): Promise<SeededReminder[]> {
  const { organisationId, parcelDay, mode = 'live', channels = ['sms'] } = options;
  const seeded = Array.from({ length: options.count }, (_, place) => makeReminder(options, place));
  const reminders = seeded.map(({ reminder }) => reminder);
  const links = seeded.flatMap((one) => one.links);
  const ids = reminders.map(({ id }) => id);
  const appointmentIds = reminders.map(({ appointmentId }) => appointmentId);
  await admin.query(
    `insert into appointments (id, organisation_id, mode, reference, state, version, starts_at, ends_at,
       erase_at)
     select id, $2, $3, 'ref-' || id, 'booked', 1, now() + interval '1 day', now() + interval '1 day',
       now() + interval '120 days' from unnest($1::uuid[]) as a (id)`,
    [appointmentIds, organisationId, mode],
  );
  await admin.query(
    `insert into reminders (id, organisation_id, mode, appointment_id, kind, requested_channel, channel,
       before, resolved_at, send_at, due_at, not_after, state, reference)
     select id, $3, $7, appointment_id, 'planned', $8, $9, 'P1D', now(), now(),
       now() + $4::float8 * interval '1 millisecond', now() + $5::float8 * interval '1 millisecond', $6,
       'ref-' || appointment_id
     from unnest($1::uuid[], $2::uuid[]) as r (id, appointment_id)`,
    [
      ids,
      appointmentIds,
      organisationId,
      options.dueInMs ?? -1_000,
      options.notAfterInMs ?? 24 * hourMs,
      options.state ?? 'scheduled',
      mode,
      channels.length > 1 ? 'auto' : channels[0],
      channels[0],
    ],
  );
  await admin.query(
    `insert into links (id, organisation_id, mode, appointment_id, reminder_id, channel, lookup,
       seal_public_key, note, parcel, parcel_day, expires_at)
     select l.id, r.organisation_id, r.mode, r.appointment_id, r.id, l.channel, l.lookup, l.public_key,
       '\\x00', l.parcel, $7, now() + interval '10 days'
     from unnest($1::uuid[], $2::uuid[], $3::text[], $4::bytea[], $5::bytea[], $6::bytea[])
       as l (id, reminder_id, channel, lookup, public_key, parcel)
     join reminders r on r.id = l.reminder_id`,
    [
      links.map(({ id }) => id),
      links.map(({ reminderId }) => reminderId),
      links.map(({ channel }) => channel),
      links.map(({ lookup }) => lookup),
      links.map(({ publicKey }) => publicKey),
      links.map(({ parcel }) => parcel),
      parcelDay,
    ],
  );
  return reminders;
}

/** A reminder with links whose parcels are truly sealed, stored nowhere. */
export function makeReminder(
  options: Pick<
    SeedOptions,
    'organisationId' | 'epochPublicKey' | 'parcelDay' | 'channels' | 'ending'
  >,
  place: number,
) {
  const { organisationId, epochPublicKey, channels = ['sms'] } = options;
  // As if each had been accepted at another time.
  const newId = () => newIdOfDay(epochPublicKey, newShelf());
  const [id, appointmentId] = [newId(), newId()];
  const ending = options.ending ?? String(place).padStart(4, '0');
  const contacts = {
    sms: `+336${1_000 + (made++ % 8_999)}${ending}`,
    email: `p.${randomBytes(6).toString('hex')}x${ending}@example.org`,
  };
  const binding = { organisationId, appointmentId, reminderId: id };
  const links = channels.map((channel) =>
    sealLink({ ...options, id: newId(), binding, channel, contact: contacts[channel] }),
  );
  const reminder: SeededReminder = {
    id,
    organisationId,
    appointmentId,
    phone: contacts.sms,
    email: contacts.email,
    linkId: links[0]?.id ?? '',
    lookup: links[0]?.lookup ?? Buffer.alloc(0),
  };
  return { reminder, links };
}

function sealLink({
  id,
  epochPublicKey,
  binding,
  channel,
  contact,
}: Pick<SeedOptions, 'epochPublicKey'> & {
  id: string;
  binding: { organisationId: string; appointmentId: string; reminderId: string };
  channel: Channel;
  contact: string;
}) {
  const linkSecret = newLinkSecret();
  const parcel = sealParcel({
    epochPublicKey,
    binding,
    parcel: { linkSecret, contactPoint: new Secret(contact), channel, language: 'fr' },
  });
  return {
    id,
    reminderId: binding.reminderId,
    channel,
    lookup: linkLookup(linkSecret),
    publicKey: linkSealPublicKey(linkSecret),
    parcel,
  };
}

/** Bytes of the length of a parcel that nobody sealed. */
export function garbageParcel(): Buffer {
  return randomBytes(616);
}
