import type { AppointmentDetails, AppointmentRequest, Recipient } from './appointment.ts';
import type { CanaryBranch } from './canary-branch.ts';
import { isTrivialPin } from './pin.ts';

/** One run, and when it began: all that its appointment is made up from, so that nothing of it is kept. */
export interface CanaryCase {
  readonly id: string;
  readonly branch: CanaryBranch;
  /** Place of the branch in the list. */
  readonly index: number;
  readonly isAsked: boolean;
  readonly startedAt: Temporal.Instant;
  /** What its times are counted from: when it was put, the last time that was tried. */
  readonly baseAt: Temporal.Instant;
}

export type CanaryVersion = 1 | 2;

/** From its PUT to the first message of a run whose message is a planned one. */
const dueInS = 12;

/** Booking systems' own id; operators would see it, were they shown the canary. */
export function canaryReference({ id }: CanaryCase): string {
  return `canary-${id}`;
}

/** The body of a PUT with every optional field that the branch allows. */
export function canaryRequest(run: CanaryCase, version: CanaryVersion): AppointmentRequest {
  const { branch } = run;
  const { timeZone } = canaryTimes(run, version);
  return {
    start: writeStart(run, version),
    timeZone,
    ...(branch.fields === 'all' && { durationMinutes: canaryDuration(run, version) }),
    ...(branch.revised && { revision: revisionOf(version) }),
    ...(branch.fields === 'all' && { status: 'booked' }),
    ...noticeOf(run, version),
    details: canaryDetails(run, version),
    recipient: canaryRecipient(run, version),
    ...remindersOf(run),
  };
}

/** The same appointment, no longer booked. */
export function canaryCancellation(run: CanaryCase): AppointmentRequest {
  const revision = run.branch.revised ? { revision: revisionOf(1) + 1 } : {};
  return { ...canaryRequest(run, 1), ...revision, status: 'cancelled', notice: 'if_told' };
}

/** A change that came too late: older than what is stored. */
export function canaryStale(run: CanaryCase): AppointmentRequest {
  return { ...canaryRequest(run, 2), revision: revisionOf(1) - 1 };
}

function revisionOf(version: CanaryVersion): number {
  return version * 7;
}

/** A patient who was told is told of another length too, so a mere change keeps it. */
export function canaryDuration({ branch }: CanaryCase, version: CanaryVersion): number {
  return version === 1 || branch.ending === 'change' ? 35 : 95;
}

/** Texts with everything in them that is ever escaped, cut or folded. */
export function canaryDetails(run: CanaryCase, version: CanaryVersion): AppointmentDetails {
  const { fields } = run.branch;
  const tag = `${run.id.slice(0, 6)}-${version}`;
  const practitioner = `Dr. Søren “${tag}” O’Neill & <Partner>`;
  const name = `Haus "${tag}"`;
  const address = `1 rue de l'Été ${tag}\n75011 Paris`;
  if (fields === 'required') return { practitioner };
  if (fields === 'place_name') return { practitioner, place: { name } };
  if (fields === 'place_address') return { practitioner, place: { address } };
  return {
    practitioner,
    specialty: `Hämatologie ${tag}`,
    place: { name, address },
    instructions: `Nüchtern kommen: ${tag}\n• <b>nichts</b> essen &amp; 3 > 2`,
    phone: `+33 1 99 00 ${digits(run, 2, 0)} ${version}${digits(run, 1, 2)}`,
    reason: `Contrôle nº ${tag}`,
    for: `Léa 🐤 ${tag}`,
  };
}

/** The person: a number and an address that no other run of these minutes has, and that are nobody's. */
export function canaryRecipient(run: CanaryCase, version: CanaryVersion): Recipient {
  const { contacts, factor, language } = run.branch;
  const all = run.branch.fields === 'all';
  const pin = factor === 'pin' ? { pin: canaryPin(run) } : {};
  const knowsBirthDate = factor.startsWith('birth_date') || (factor === 'pin' && all);
  return {
    ...(contacts !== 'email' && { phone: canaryPhone(run, version) }),
    ...(contacts !== 'phone' && { email: `Canary-${run.id}@Birds.Example` }),
    ...(language !== undefined && { language }),
    ...(knowsBirthDate && { birthDate: canaryBirthDate(run) }),
    ...pin,
    // Where a PIN is asked for first, whatever portal there is.
    ...(factor === 'pin' && all && { subject: `canary-${run.id}` }),
  };
}

/**
 * Of 80,000 that are kept out of use for films, written as people write them. One comes again long
 * after what was sent to it before has been deleted.
 */
function canaryPhone({ branch, ...run }: CanaryCase, version: CanaryVersion): string {
  const second = Math.floor(run.startedAt.epochMilliseconds / 1_000);
  const isSecond = version === 2 && branch.ending === 'renumber';
  const place = isSecond
    ? 60_000 + ((second * 64 + run.index * 2 + Number(run.isAsked)) % 20_000)
    : run.isAsked
      ? 40_000 + ((second * 32 + run.index) % 20_000)
      : second % 40_000;
  const line = String(place % 100).padStart(2, '0');
  return `+1 ${200 + Math.floor(place / 100)} 555 01${line}`;
}

export function canaryPin(run: CanaryCase): string {
  const birthDate = canaryBirthDate(run);
  for (let from = 0; from < 20; from += 1) {
    const pin = digits(run, 6, from);
    if (!isTrivialPin(pin, birthDate)) return pin;
  }
  return '481529';
}

export function canaryBirthDate(run: CanaryCase): string {
  const [year, month, day] = [hex(run, 0) % 60, hex(run, 3) % 12, hex(run, 6) % 28];
  return new Temporal.PlainDate(1940 + year, 1 + month, 1 + day).toString();
}

function noticeOf({ branch: { by, ending } }: CanaryCase, version: CanaryVersion) {
  const isNotice = by === 'notice' || by === 'plan';
  if (version === 1) return isNotice ? ({ notice: 'now' } as const) : {};
  if (ending === 'renew' || ending === 'renumber') return { notice: 'now' } as const;
  return ending === 'move_untold' || ending === 'rebook'
    ? ({ notice: 'none' } as const)
    : ({ notice: 'if_told' } as const);
}

/** The one that goes out, and one that is still owed when the appointment ends. */
function remindersOf({
  branch: { by, channel },
}: CanaryCase): Pick<AppointmentRequest, 'reminders'> {
  if (by === 'plan') return {};
  if (by === 'notice') return { reminders: [{ before: 'PT15H', channel }] };
  const owed = by === 'PT5M' ? [] : [{ before: 'PT1H', channel }];
  return { reminders: [{ before: by, channel }, ...owed] };
}

/** When and where it is. */
export interface CanaryTimes {
  readonly timeZone: string;
  readonly startsAt: Temporal.Instant;
  /** When each reminder that is asked for must be planned to go out, in order. */
  readonly plannedAt: readonly Temporal.Instant[];
}

/**
 * Times at a place where it is day now, so that nothing waits for the end of quiet hours; but the
 * reminder that is not to go out falls into the night before, and must be moved to its end.
 */
export function canaryTimes(run: CanaryCase, version: CanaryVersion): CanaryTimes {
  const { by, ending } = run.branch;
  const base = run.baseAt.round({ smallestUnit: 'second', roundingMode: 'floor' });
  const timeZone = zoneByDay(base, run.index);
  const moves = version === 2 && (ending === 'move' || ending === 'move_untold');
  const later = (at: Temporal.ZonedDateTime) => (moves ? at.add({ days: 1 }) : at);
  const here = base.toZonedDateTimeISO(timeZone);
  if (by === 'notice' || by === 'plan') {
    const start = later(here.add({ days: 4 })).with({ hour: 14, minute: 30, second: 0 });
    const morning = start.with({ hour: 8, minute: 0 }).toInstant();
    return { timeZone, startsAt: start.toInstant(), plannedAt: by === 'notice' ? [morning] : [] };
  }
  const due = here.add({ seconds: dueInS });
  const start = due.add(Temporal.Duration.from(by));
  const at = later(due).toInstant();
  return { timeZone, startsAt: later(start).toInstant(), plannedAt: [at] };
}

const zones = [
  'America/Los_Angeles',
  'America/New_York',
  'America/Sao_Paulo',
  'Europe/Paris',
  'Africa/Nairobi',
  'Asia/Kolkata',
  'Asia/Tokyo',
  'Australia/Adelaide',
  'Pacific/Auckland',
] as const;

function zoneByDay(base: Temporal.Instant, index: number): string {
  const byDay = zones.filter((zone) => {
    const { hour } = base.toZonedDateTimeISO(zone);
    return hour >= 9 && hour < 19;
  });
  return byDay[index % byDay.length] ?? 'Europe/Paris';
}

function writeStart(run: CanaryCase, version: CanaryVersion): string {
  const { startsAt, timeZone } = canaryTimes(run, version);
  if (run.branch.start === 'utc') return startsAt.toString({ smallestUnit: 'second' });
  const there = startsAt.toZonedDateTimeISO(timeZone);
  if (run.branch.start === 'local') {
    return there.toPlainDateTime().toString({ smallestUnit: 'second' });
  }
  return there.toString({ smallestUnit: 'second', timeZoneName: 'never' });
}

/** A number from the random digits of the run's id. */
function hex({ id }: Pick<CanaryCase, 'id'>, from: number): number {
  const random = id.replaceAll('-', '').replace(/^(.{12})./, '$1');
  return Number.parseInt((random + random).slice(from, from + 3), 16);
}

function digits(run: Pick<CanaryCase, 'id'>, count: number, from: number): string {
  return Array.from({ length: count }, (_, place) => hex(run, from + place) % 10).join('');
}
