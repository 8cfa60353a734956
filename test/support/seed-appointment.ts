import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import type { AppointmentRequest } from '../../src/domain/appointment.ts';
import type { Channel, Mode } from '../../src/domain/channel.ts';
import { linkExpiresAt, utcMonth } from '../../src/domain/link-expiry.ts';
import { Secret } from '../../src/domain/secret.ts';
import type { KeyStore } from '../../src/keys/key-store.ts';
import { linkLookup, linkSealPublicKey, newLinkSecret } from '../../src/keys/link-secret.ts';
import { createLinkTokens } from '../../src/keys/link-token.ts';
import {
  newContentKey,
  prepareContent,
  sealContent,
  sealContentKey,
  sealNote,
} from '../../src/keys/sealing.ts';

/** What a seeded appointment says unless a test wants otherwise. Every value is a canary. */
export const seededPin = '482913';
export const seededRequest: AppointmentRequest = {
  start: inDays(3),
  timeZone: 'Europe/Paris',
  durationMinutes: 20,
  details: {
    practitioner: 'Dr Zélie Quenouille',
    specialty: 'Oncologie',
    place: { name: 'Clinique du Hérisson', address: '12 rue Tournebride, Trifouilly' },
    instructions: 'Venez à jeun',
    phone: '+33145670001',
    reason: 'Résultats',
    for: 'Léa',
  },
  recipient: {
    phone: '+33639980001',
    language: 'fr',
    birthDate: '1980-02-14',
    pin: seededPin,
  },
};

/** One link as a patient would get it. */
export interface SeededLink {
  readonly id: string;
  readonly reminderId: string;
  readonly channel: Channel;
  readonly secret: Secret<Buffer>;
  readonly token: string;
}

export interface SeededAppointment {
  readonly id: string;
  readonly organisationId: string;
  readonly mode: Mode;
  readonly reference: string;
  readonly link: SeededLink;
  readonly links: readonly SeededLink[];
}

export interface SeedDeps {
  readonly admin: pg.Pool;
  readonly keys: KeyStore;
  /** Host of PATIENT_URL. */
  readonly audience: string;
}

export interface SeedOptions {
  readonly organisationId: string;
  readonly mode?: Mode;
  readonly request?: AppointmentRequest;
  /** What each link goes out on; one by SMS when absent. */
  readonly channels?: readonly Channel[];
}

/** Puts an appointment into the database as an accepted PUT would, sealed, its links already sent. */
export async function seedAppointment(
  deps: SeedDeps,
  { organisationId, mode = 'test', request = seededRequest, channels = ['sms'] }: SeedOptions,
): Promise<SeededAppointment> {
  const { admin, keys } = deps;
  const id = randomUUID();
  const reference = `ref-${id}`;
  const { startsAt, endsAt, expiresAt } = timesOf(request);
  await keys.ensureViewKeys({ organisationIds: [organisationId], months: [utcMonth(expiresAt)] });
  await admin.query(
    `insert into appointments (id, organisation_id, mode, reference, state, version, starts_at, ends_at, erase_at)
     values ($1, $2, $3, $4, $5, 1, $6, $7, $8)`,
    [
      id,
      organisationId,
      mode,
      reference,
      request.status ?? 'booked',
      startsAt.toString(),
      endsAt.toString(),
      expiresAt.add({ hours: 24 * 90 }).toString(),
    ],
  );
  const links: SeededLink[] = [];
  for (const channel of channels) {
    links.push(await seedLink(deps, { id, organisationId, mode, request, channel, expiresAt }));
  }
  const [link] = links;
  if (!link) throw new Error('an appointment is seeded with a link at least');
  const seeded = { id, organisationId, mode, reference, link, links };
  await seedVersion(deps, { seeded, version: 1, request });
  return seeded;
}

/** Stores a newer version, shown by every link of the appointment, as a later PUT would. */
export async function seedNewVersion(
  deps: SeedDeps,
  {
    seeded,
    version,
    request,
    moved = false,
  }: { seeded: SeededAppointment; version: number; request: AppointmentRequest; moved?: boolean },
): Promise<void> {
  const { startsAt, endsAt } = timesOf(request);
  await seedVersion(deps, { seeded, version, request });
  await deps.admin.query(
    `update appointments set version = $2, state = $3, moved = $4, starts_at = $5, ends_at = $6
     where id = $1`,
    [seeded.id, version, request.status ?? 'booked', moved, startsAt.toString(), endsAt.toString()],
  );
}

async function seedLink(
  { admin, keys, audience }: SeedDeps,
  input: {
    id: string;
    organisationId: string;
    mode: Mode;
    request: AppointmentRequest;
    channel: Channel;
    expiresAt: Temporal.Instant;
  },
): Promise<SeededLink> {
  const { id: appointmentId, organisationId, mode, request, channel, expiresAt } = input;
  const { phone, email } = request.recipient;
  const contactPoint = new Secret((channel === 'sms' ? phone : email) ?? '');
  const [reminderId, linkId] = [randomUUID(), randomUUID()];
  const secret = newLinkSecret();
  const linkPublicKey = linkSealPublicKey(secret);
  const binding = { organisationId, appointmentId, reminderId };
  const note = sealNote({ linkPublicKey, binding, note: { channel, contactPoint } });
  const tokens = createLinkTokens({ keys: await keys.ensureLinkKey(), audience });
  const { startsAt } = timesOf(request);
  await admin.query(
    `insert into reminders (id, organisation_id, mode, appointment_id, kind, requested_channel, channel,
       before, resolved_at, send_at, due_at, not_after, state, sent_at)
     values ($1, $2, $3, $4, 'planned', $5, $5, 'P2D', $6, $6, $6, $6, 'sent', clock_timestamp())`,
    [reminderId, organisationId, mode, appointmentId, channel, startsAt.toString()],
  );
  await admin.query(
    `insert into links (id, organisation_id, mode, appointment_id, reminder_id, channel, lookup,
       seal_public_key, note, selector, attempted_at, expires_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, clock_timestamp(), $11)`,
    [
      linkId,
      organisationId,
      mode,
      appointmentId,
      reminderId,
      channel,
      linkLookup(secret),
      linkPublicKey,
      note,
      tokens.newestSelector,
      expiresAt.toString(),
    ],
  );
  const token = tokens.mint(secret, tokens.newestSelector).reveal();
  return { id: linkId, reminderId, channel, secret, token };
}

async function seedVersion(
  { admin, keys }: SeedDeps,
  input: { seeded: SeededAppointment; version: number; request: AppointmentRequest },
): Promise<void> {
  const { seeded, version, request } = input;
  const { organisationId, mode, id: appointmentId, links } = seeded;
  const binding = { organisationId, appointmentId, version };
  const month = utcMonth(timesOf(request).expiresAt);
  await keys.ensureViewKeys({ organisationIds: [organisationId], months: [month] });
  const viewPublicKey = await keys.viewPublicKey(organisationId, month);
  if (!viewPublicKey) throw new Error('no view key');

  const contentKey = newContentKey();
  const content = sealContent(contentKey, binding, prepareContent(request).plaintext);
  await admin.query(
    `insert into versions (organisation_id, mode, appointment_id, version, receipt_id, content, view_month)
     values ($1, $2, $3, $4, $5, $6, $7)`,
    [organisationId, mode, appointmentId, version, randomUUID(), content, month],
  );
  for (const link of links) {
    const sealedKey = sealContentKey({
      contentKey,
      linkPublicKey: linkSealPublicKey(link.secret),
      viewPublicKey,
      binding,
      linkId: link.id,
    });
    await admin.query(
      `insert into content_keys (organisation_id, mode, appointment_id, version, link_id, sealed_key)
       values ($1, $2, $3, $4, $5, $6)`,
      [organisationId, mode, appointmentId, version, link.id, sealedKey],
    );
  }
}

function timesOf({ start, timeZone, durationMinutes = 60 }: AppointmentRequest) {
  const startsAt = Temporal.PlainDateTime.from(start).toZonedDateTime(timeZone).toInstant();
  const endsAt = startsAt.add({ minutes: durationMinutes });
  return { startsAt, endsAt, expiresAt: linkExpiresAt(endsAt) };
}

/** Half past ten on the wall, some days from today. */
export function inDays(days: number): string {
  return `${Temporal.Now.plainDateISO('UTC').add({ days })}T10:30`;
}
