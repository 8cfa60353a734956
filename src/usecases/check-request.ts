import { limits } from '../../config/limits.ts';
import { type AppointmentRequest, defaultDurationMinutes } from '../domain/appointment.ts';
import { type Before, parseBefore } from '../domain/before.ts';
import { parseBirthDate } from '../domain/birth-date.ts';
import type { Channel, Mode, RequestedChannel } from '../domain/channel.ts';
import type { FieldError, FieldErrorCode } from '../domain/errors.ts';
import { type Factor, factorsFor } from '../domain/factor.ts';
import { type Language, languageFor } from '../domain/language.ts';
import { linkExpiresAt } from '../domain/link-expiry.ts';
import type { OrganisationSettings } from '../domain/organisation.ts';
import { isTrivialPin, normalisePin } from '../domain/pin.ts';
import type { WantedAppointment } from '../domain/put-facts.ts';
import { nextAllowedMinute, planReminders } from '../domain/schedule.ts';
import { Secret } from '../domain/secret.ts';
import { resolveStart } from '../domain/start.ts';
import { checkEmail, checkPhone } from './check-contact-points.ts';

/** A request whose every rule holds: what it asks for, and where its messages go. */
export interface CheckedRequest {
  readonly wanted: WantedAppointment;
  readonly language: Language;
  readonly linkExpiresAt: Temporal.Instant;
  readonly contactPoints: Readonly<Partial<Record<Channel, Secret<string>>>>;
}

export interface CheckContext {
  readonly organisation: OrganisationSettings;
  readonly mode: Mode;
  /** Channels that this deployment can send this mode's messages on. */
  readonly channelsAvailable: readonly Channel[];
  readonly now: Temporal.Instant;
  readonly random: () => number;
}

/**
 * Checks everything about a request that its shape does not tell: times, contact points, factors.
 *
 * @returns every fault at once, or what is wanted
 */
export function checkRequest(
  request: AppointmentRequest,
  context: CheckContext,
): { ok: true; request: CheckedRequest } | { ok: false; errors: FieldError[] } {
  const errors: FieldError[] = [];
  const contactPoints = checkContacts(request, context, errors);
  checkFactors(request, context.now, errors);
  const entries = checkReminders(request, context, contactPoints, errors);
  checkNotice(request, context, contactPoints, errors);
  const linkChannels = context.channelsAvailable
    .filter((channel) => contactPoints[channel])
    .map((channel) => ({ channel, factors: factorsBehind(request, channel, context) }))
    .filter(({ factors }) => factors.length > 0)
    .toSorted((one, other) => weakness(one.factors) - weakness(other.factors))
    .map(({ channel }) => channel);
  const start = resolveStart({
    start: request.start,
    timeZone: request.timeZone,
    now: context.now,
  });
  if (!start.ok) errors.push({ pointer: `/${start.field}`, code: start.code });
  if (!start.ok || errors.length > 0) return { ok: false, errors };

  const { organisation, now, random } = context;
  const endsAt = start.startsAt.add({ minutes: request.durationMinutes ?? defaultDurationMinutes });
  const expiresAt = linkExpiresAt(endsAt);
  const horizon = now.add({
    hours: 24 * Math.min(organisation.daysAheadMax, limits.keyHorizonDays),
  });
  if (Temporal.Instant.compare(expiresAt, horizon) > 0) {
    return { ok: false, errors: [{ pointer: '/start', code: 'too_far_ahead' }] };
  }
  const { timeZone } = request;
  const { quietHours, jitterMinutes } = organisation;
  return {
    ok: true,
    request: {
      language: languageFor(request.recipient.language, organisation.defaultLanguage),
      linkExpiresAt: expiresAt,
      contactPoints,
      wanted: {
        revision: request.revision,
        status: request.status ?? 'booked',
        notice: request.notice ?? 'if_told',
        startsAt: start.startsAt,
        endsAt,
        reminders: planReminders({
          startsAt: start.startsAt,
          timeZone,
          now,
          notAfter: start.startsAt,
          quietHours,
          jitterMinutes,
          random,
          entries,
        }),
        linkChannels,
        now,
        noticeAt: (notAfter) => nextAllowedMinute({ now, timeZone, quietHours, notAfter }),
      },
    },
  };
}

function checkContacts(
  { recipient }: AppointmentRequest,
  { mode }: CheckContext,
  errors: FieldError[],
): CheckedRequest['contactPoints'] {
  const found: Partial<Record<Channel, Secret<string>>> = {};
  if (recipient.phone !== undefined) {
    const phone = checkPhone(recipient.phone, mode);
    if (phone.ok) found.sms = new Secret(phone.e164);
    else errors.push({ pointer: '/recipient/phone', code: phone.code });
  }
  if (recipient.email !== undefined) {
    const email = checkEmail(recipient.email, mode);
    if (email.ok) found.email = new Secret(email.address);
    else errors.push({ pointer: '/recipient/email', code: email.code });
  }
  if (recipient.phone === undefined && recipient.email === undefined) {
    errors.push({ pointer: '/recipient', code: 'no_contact_point' });
  }
  return found;
}

function checkFactors(
  { recipient }: AppointmentRequest,
  now: Temporal.Instant,
  errors: FieldError[],
): void {
  if (recipient.pin !== undefined) {
    const pin = normalisePin(recipient.pin);
    if (pin === undefined) errors.push({ pointer: '/recipient/pin', code: 'invalid_pin' });
    else if (isTrivialPin(pin, recipient.birthDate)) {
      errors.push({ pointer: '/recipient/pin', code: 'trivial_pin' });
    }
  }
  if (recipient.birthDate !== undefined && parseBirthDate(recipient.birthDate, now) === undefined) {
    errors.push({ pointer: '/recipient/birthDate', code: 'invalid_birth_date' });
  }
}

/** What the patient can prove with behind a link on this channel. */
function factorsBehind(
  { recipient: { phone, ...recipient } }: AppointmentRequest,
  channel: Channel,
  { channelsAvailable }: CheckContext,
): Factor[] {
  // A code goes out by SMS, which this deployment may not send.
  const reachable = channelsAvailable.includes('sms') ? { ...recipient, phone } : recipient;
  return factorsFor(reachable, channel);
}

/** A link that a birth date alone opens shows the least, so another channel is preferred. */
function weakness([strongest]: readonly Factor[]): number {
  return strongest === 'birth_date' ? 1 : 0;
}

type Entry = { readonly before: Before; readonly channel: RequestedChannel };

function checkReminders(
  request: AppointmentRequest,
  context: CheckContext,
  contactPoints: CheckedRequest['contactPoints'],
  errors: FieldError[],
): Entry[] {
  const named = request.reminders !== undefined;
  const wanted = request.reminders ?? context.organisation.reminderPlan;
  const entries: Entry[] = [];
  const seen = new Set<string>();
  for (const [index, { before: text, channel }] of wanted.entries()) {
    const before = parseBefore(text);
    const twice = before !== undefined && seen.has(`${channel} ${before.text}`);
    const fault: [string, FieldErrorCode | undefined] = !before
      ? ['/before', 'invalid_before']
      : twice
        ? ['', 'duplicate_reminder']
        : ['/channel', channelFault(channel, request, context, contactPoints)];
    const [field, code] = fault;
    const pointer = named ? `/reminders/${index}${field}` : '/recipient';
    if (code && !errors.some((one) => one.pointer === pointer && one.code === code)) {
      errors.push({ pointer, code });
    }
    if (!before || code) continue;
    seen.add(`${channel} ${before.text}`);
    entries.push({ before, channel });
  }
  return entries;
}

/** A notice that is asked for outright is refused rather than silently not sent. */
function checkNotice(
  request: AppointmentRequest,
  context: CheckContext,
  contactPoints: CheckedRequest['contactPoints'],
  errors: FieldError[],
): void {
  if (request.notice !== 'now') return;
  const faults = context.channelsAvailable.map((channel) =>
    channelFault(channel, request, context, contactPoints),
  );
  if (faults.includes(undefined)) return;
  errors.push({ pointer: '/notice', code: faults[0] ?? 'channel_unavailable' });
}

function channelFault(
  requested: RequestedChannel,
  request: AppointmentRequest,
  context: CheckContext,
  contactPoints: CheckedRequest['contactPoints'],
): FieldErrorCode | undefined {
  // Auto is the link by email and the code by SMS.
  const needed: readonly Channel[] = requested === 'auto' ? ['email', 'sms'] : [requested];
  const isAvailable = (channel: Channel) => context.channelsAvailable.includes(channel);
  if (!needed.every(isAvailable)) return 'channel_unavailable';
  const given = { sms: request.recipient.phone, email: request.recipient.email };
  if (!needed.every((channel) => given[channel] !== undefined)) return 'no_contact_point';
  const first = needed[0] ?? 'sms';
  // One that is not valid has been complained of already.
  if (!contactPoints[first]) return undefined;
  return factorsBehind(request, first, context).length > 0 ? undefined : 'no_usable_factor';
}
