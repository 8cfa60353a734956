import { randomUUID } from 'node:crypto';
import type { Channel } from '../domain/channel.ts';
import { AppError } from '../domain/errors.ts';
import { utcDay, utcMonth } from '../domain/link-expiry.ts';
import type { PutDecision } from '../domain/put-decision.ts';
import type { NewReminder } from '../domain/put-facts.ts';
import type { Secret } from '../domain/secret.ts';
import { newIdOfDay } from '../keys/id-of-day.ts';
import type { KeyStore } from '../keys/key-store.ts';
import { linkLookup, linkSealPublicKey, newLinkSecret } from '../keys/link-secret.ts';
import {
  newContentKey,
  sealContent,
  sealContentKey,
  sealNote,
  sealParcel,
} from '../keys/sealing.ts';
import type { SealedAppointment, SealedLink } from '../store/accepted-version.ts';
import type { CheckedRequest } from './check-request.ts';

/** The public halves that sealing needs. */
export type PublicKeys = Pick<KeyStore, 'epochPublicKey' | 'viewPublicKey'>;

interface LinkOwner {
  readonly reminderId: string;
  readonly channel: Channel;
  /** When the next attempt is due: picks the day whose key the parcel is sealed to. */
  readonly dueAt: Temporal.Instant;
}

/**
 * Seals what a PUT decided: the content under a key of its own, that key to every link that may
 * show it, and for each new link what the worker needs to send it. Everything else is forgotten.
 *
 * @param content the padded plaintext, already proven to equal the request
 * @throws {AppError} `key_missing` when a public half is not published
 */
export async function sealAppointment(
  keys: PublicKeys,
  input: {
    organisationId: string;
    appointmentId: string;
    decision: PutDecision;
    request: CheckedRequest;
    content: Secret<Buffer>;
  },
): Promise<SealedAppointment> {
  const { organisationId, appointmentId, decision, request } = input;
  const viewMonth = utcMonth(request.linkExpiresAt);
  const viewPublicKey = present(await keys.viewPublicKey(organisationId, viewMonth));
  const dueAt = [
    ...decision.newReminders.flatMap(({ skipped, sendAt }) => (skipped ? [] : sendAt)),
    ...decision.resealed.map(({ reminder }) => reminder.dueAt),
  ];
  const epochKeys = await readEpochKeys(keys, dueAt, request.wanted.now);
  const reminders = decision.newReminders.map((reminder) => ({
    ...reminder,
    id: reminder.skipped ? randomUUID() : newIdOfDay(epochKeys(reminder.sendAt).publicKey),
  }));
  const owners = [...reminders.flatMap(newOwners(request)), ...keptOwners(decision)];

  const binding = { organisationId, appointmentId, version: decision.version };
  const contentKey = newContentKey();
  const sealKeyFor = (linkId: string, linkPublicKey: Buffer) => ({
    linkId,
    sealedKey: sealContentKey({ contentKey, linkPublicKey, viewPublicKey, binding, linkId }),
  });
  const links = owners.map((owner) =>
    sealLink({ owner, organisationId, appointmentId, request, epochKeys }),
  );
  return {
    viewMonth,
    content: sealContent(contentKey, binding, input.content),
    reminders,
    links,
    contentKeys: [
      ...links.map((link) => sealKeyFor(link.id, link.sealPublicKey)),
      ...decision.shownLinks.map((link) => sealKeyFor(link.id, Buffer.from(link.sealPublicKey))),
    ],
  };
}

function newOwners({ wanted }: CheckedRequest) {
  return (reminder: NewReminder & { id: string }): LinkOwner[] =>
    reminder.skipped
      ? []
      : wanted.linkChannels.map((channel) => ({
          reminderId: reminder.id,
          channel,
          dueAt: reminder.sendAt,
        }));
}

function keptOwners({ resealed }: PutDecision): LinkOwner[] {
  return resealed.map(({ reminder, channel }) => ({
    reminderId: reminder.id,
    channel,
    dueAt: reminder.dueAt,
  }));
}

/** What was due before today goes out today: a key of a past day may soon be destroyed. */
function parcelDay(dueAt: Temporal.Instant, now: Temporal.Instant): string {
  return utcDay(Temporal.Instant.compare(dueAt, now) > 0 ? dueAt : now);
}

type EpochKeys = (dueAt: Temporal.Instant) => { day: string; publicKey: Buffer };

async function readEpochKeys(
  keys: PublicKeys,
  allDueAt: readonly Temporal.Instant[],
  now: Temporal.Instant,
): Promise<EpochKeys> {
  const byDay = new Map<string, Buffer>();
  for (const dueAt of allDueAt) {
    const day = parcelDay(dueAt, now);
    if (!byDay.has(day)) byDay.set(day, present(await keys.epochPublicKey(day)));
  }
  return (dueAt) => {
    const day = parcelDay(dueAt, now);
    return { day, publicKey: present(byDay.get(day)) };
  };
}

function sealLink({
  owner: { reminderId, channel, dueAt },
  organisationId,
  appointmentId,
  request,
  epochKeys,
}: {
  owner: LinkOwner;
  organisationId: string;
  appointmentId: string;
  request: CheckedRequest;
  epochKeys: EpochKeys;
}): SealedLink {
  const binding = { organisationId, appointmentId, reminderId };
  const linkSecret = newLinkSecret();
  const sealPublicKey = linkSealPublicKey(linkSecret);
  const contactPoint = request.contactPoints[channel];
  if (!contactPoint) throw new AppError('internal');
  const { day, publicKey } = epochKeys(dueAt);
  const parcel = { linkSecret, contactPoint, channel, language: request.language };
  return {
    id: newIdOfDay(publicKey),
    reminderId,
    channel,
    lookup: linkLookup(linkSecret),
    sealPublicKey,
    note: sealNote({ linkPublicKey: sealPublicKey, binding, note: { channel, contactPoint } }),
    parcel: sealParcel({ epochPublicKey: publicKey, binding, parcel }),
    parcelDay: day,
  };
}

function present(key: Buffer | undefined): Buffer {
  if (!key) throw new AppError('key_missing', { retryAfterS: 5 });
  return key;
}
