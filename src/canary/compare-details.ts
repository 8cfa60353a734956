import type { AppointmentDetails } from '../domain/appointment.ts';
import {
  type CanaryCase,
  type CanaryVersion,
  canaryDetails,
  canaryDuration,
  canaryTimes,
} from '../domain/canary-appointment.ts';
import { canaryLanguage } from '../domain/canary-branch.ts';
import { textsIn } from '../texts/catalogue.ts';
import type { PatientTexts } from '../texts/patient-texts.ts';
import { writeAppointmentTime, writeDuration } from '../texts/written-appointment-time.ts';
import { readDetails } from './read-details.ts';

type State = 'booked' | 'moved' | 'cancelled';
type Row = ReturnType<typeof readDetails>['rows'][number];

/** What the page should say. */
export interface Expected {
  readonly run: CanaryCase;
  readonly version: CanaryVersion;
  readonly state: State;
  /** A birth date alone opens the time and nothing else. */
  readonly opens: 'time' | 'everything';
}

/**
 * Compares a page with what was put: every field, and that there is nothing beside them.
 *
 * @returns names of what differs; none when all of it is right
 */
export function compareDetails(html: string, expected: Expected): string[] {
  const { run, version, state, opens } = expected;
  const language = canaryLanguage(run.branch);
  const texts = textsIn(language);
  const seen = readDetails(html);
  const rowOf = (label: string) => seen.rows.find((row) => row.label === label);
  const when = rowOf(state === 'cancelled' ? texts.details.plannedFor : texts.details.when);
  const wanted = opens === 'time' ? {} : canaryDetails(run, version);
  const fields = Object.keys(differing).filter((name) => {
    const row = rowOf(labelOf(texts, name));
    return differing[name]?.({ row, details: wanted, expected, texts }) ?? false;
  });
  return [
    ...(seen.language === language ? [] : ['recipient.language']),
    ...(noticeDiffers(seen.notice, state, texts) ? ['state'] : []),
    ...(isRightTime(when, expected, texts) ? [] : ['start']),
    ...fields.flatMap((name) => partsOf(name, rowOf(labelOf(texts, name)), wanted)),
    ...(seen.rows.length > rowsMax(wanted, expected) ? ['shown_beside'] : []),
  ];
}

type Look = {
  row: Row | undefined;
  details: Partial<AppointmentDetails>;
  expected: Expected;
  texts: PatientTexts;
};

const same = (name: 'practitioner' | 'specialty' | 'reason' | 'for') => (look: Look) =>
  look.row?.text !== look.details[name];

/** By the name of the field; each says whether its row is wrong. */
const differing: Readonly<Record<string, (look: Look) => boolean>> = {
  practitioner: same('practitioner'),
  specialty: same('specialty'),
  place: ({ row, details }) => row?.text !== placeText(details),
  instructions: ({ row, details, expected }) =>
    row?.text !== (expected.state === 'cancelled' ? undefined : details.instructions),
  phone: ({ row, details }) =>
    digitsOf(row?.text) !== digitsOf(details.phone) ||
    digitsOf(row?.machine) !== digitsOf(details.phone),
  reason: same('reason'),
  for: same('for'),
  duration: ({ row, expected, texts }) => row?.text !== durationText(expected, texts),
};

function labelOf({ details }: PatientTexts, name: string): string {
  return details[name as 'practitioner'];
}

function placeText({ place }: Partial<AppointmentDetails>): string | undefined {
  return place && [place.name, place.address].filter(Boolean).join('\n');
}

function durationText({ run, version, state, opens }: Expected, texts: PatientTexts) {
  const told = run.branch.fields === 'all' && opens === 'everything' && state !== 'cancelled';
  return told ? writeDuration(texts, canaryDuration(run, version)) : undefined;
}

function noticeDiffers(notice: string | undefined, state: State, texts: PatientTexts): boolean {
  const { moved, cancelled } = texts.details;
  return notice !== { booked: undefined, moved, cancelled }[state];
}

function isRightTime(
  row: Row | undefined,
  { run, version }: Expected,
  texts: PatientTexts,
): boolean {
  const { startsAt, timeZone } = canaryTimes(run, version);
  const there = startsAt.toZonedDateTimeISO(timeZone);
  const written = writeAppointmentTime(texts, startsAt, timeZone);
  const machine = there.toPlainDateTime().toString({ smallestUnit: 'minute' }) + there.offset;
  return (
    row?.machine === machine && row.text === `${written.date} ${written.time} (${written.zone})`
  );
}

/** A place is one row and two fields. */
function partsOf(
  name: string,
  row: Row | undefined,
  { place }: Partial<AppointmentDetails>,
): string[] {
  if (name === 'duration') return ['durationMinutes'];
  if (name !== 'place' || !place) return [`details.${name}`];
  const lacks = (part: string | undefined) => part !== undefined && !row?.text.includes(part);
  const parts = [
    ...(lacks(place.name) ? ['details.place.name'] : []),
    ...(lacks(place.address) ? ['details.place.address'] : []),
  ];
  return parts.length > 0 ? parts : ['details.place'];
}

/** One of the time, and one of each field that has something to say. */
function rowsMax(details: Partial<AppointmentDetails>, { run, state, opens }: Expected): number {
  if (opens === 'time') return 1;
  const fields = Object.keys(details).length;
  if (run.branch.fields !== 'all') return 1 + fields;
  return 1 + (state === 'cancelled' ? fields - 1 : fields + 1);
}

function digitsOf(text: string | undefined): string | undefined {
  return text?.replace(/\D/g, '');
}
