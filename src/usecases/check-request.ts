import { limits } from '../../config/limits.ts';
import { type AppointmentRequest, defaultDurationMinutes } from '../domain/appointment.ts';
import { type Before, parseBefore } from '../domain/before.ts';
import { parseBirthDate } from '../domain/birth-date.ts';
import type { Channel, Mode, RequestedChannel } from '../domain/channel.ts';
import type { FieldError, FieldErrorCode } from '../domain/errors.ts';
import { type Language, languageFor } from '../domain/language.ts';
import { linkExpiresAt } from '../domain/link-expiry.ts';
import { factorRulesOf, type OrganisationSettings } from '../domain/organisation.ts';
import { isTrivialPin, normalisePin } from '../domain/pin.ts';
import { isSubject } from '../domain/portal.ts';
import type { WantedAppointment } from '../domain/put-facts.ts';
import { isQuiet } from '../domain/quiet-hours.ts';
import { nextAllowedMinute, planReminders } from '../domain/schedule.ts';
import { Secret } from '../domain/secret.ts';
import { resolveStart } from '../domain/start.ts';
import { channelFault, fittingPlan, linkChannels, type Reachability } from './check-channels.ts';
import { checkEmail, checkPhone, isInCountries } from './check-contact-points.ts';

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
  /** Whether one provider serves the patients of all organisations. */
  readonly isPortalForAll: boolean;
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
  const { recipient } = request;
  const reachability = {
    recipient,
    contactPoints,
    channelsAvailable: context.channelsAvailable,
    factorRules: factorRulesOf(context.organisation, context),
  };
  const entries = checkReminders(request, context.organisation, reachability, errors);
  checkNotice(request, reachability, errors);
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
        linkChannels: linkChannels(
          reachability,
          entries.map(({ channel }) => channel),
        ),
        now,
        isQuiet: (instant) => isQuiet(instant, timeZone, quietHours),
        noticeAt: (notAfter) => nextAllowedMinute({ now, timeZone, quietHours, notAfter }),
      },
    },
  };
}

function checkContacts(
  { recipient }: AppointmentRequest,
  { mode, organisation: { countries } }: CheckContext,
  errors: FieldError[],
): CheckedRequest['contactPoints'] {
  const found: Partial<Record<Channel, Secret<string>>> = {};
  if (recipient.phone !== undefined) {
    const phone = checkPhone(recipient.phone, mode);
    if (!phone.ok) errors.push({ pointer: '/recipient/phone', code: phone.code });
    else if (countries !== null && !isInCountries(phone.e164, countries)) {
      errors.push({ pointer: '/recipient/phone', code: 'country_not_allowed' });
    } else found.sms = new Secret(phone.e164);
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
  const { subject } = recipient;
  if (subject !== undefined) {
    const isContact = subject === recipient.phone || subject === recipient.email;
    if (isContact || !isSubject(subject)) {
      errors.push({ pointer: '/recipient/subject', code: 'invalid_subject' });
    }
  }
}

type Entry = { readonly before: Before; readonly channel: RequestedChannel };

function checkReminders(
  request: AppointmentRequest,
  organisation: OrganisationSettings,
  reachability: Reachability,
  errors: FieldError[],
): Entry[] {
  const named = request.reminders !== undefined;
  const wanted = request.reminders ?? fittingPlan(organisation.reminderPlan, reachability);
  const entries: Entry[] = [];
  const seen = new Set<string>();
  for (const [index, { before: text, channel }] of wanted.entries()) {
    const before = parseBefore(text);
    const twice = before !== undefined && seen.has(`${channel} ${before.text}`);
    const fault: [string, FieldErrorCode | undefined] = !before
      ? ['/before', 'invalid_before']
      : twice
        ? ['', 'duplicate_reminder']
        : ['/channel', channelFault(channel, reachability)];
    const [field, code] = fault;
    const pointer = named ? `/reminders/${index}${field}` : '/recipient';
    // Two entries of the plan may come to the same for this recipient.
    if (!named && twice) continue;
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
  reachability: Reachability,
  errors: FieldError[],
): void {
  if (request.notice !== 'now') return;
  const faults = reachability.channelsAvailable.map((channel) =>
    channelFault(channel, reachability),
  );
  if (faults.includes(undefined)) return;
  errors.push({ pointer: '/notice', code: faults[0] ?? 'channel_unavailable' });
}
