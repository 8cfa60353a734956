import { parseBefore } from './before.ts';
import { type Channel, type RequestedChannel, requestedChannels } from './channel.ts';
import type { FieldError, FieldErrorCode } from './errors.ts';
import { proofPolicies } from './factor.ts';
import { languages } from './language.ts';
import { birthDateTiers, type Organisation, uncertainPolicies } from './organisation.ts';
import { type Portal, portalBounds, portalMaxAgeMinutesDefault } from './portal.ts';
import { type CeilingName, ceilingBounds } from './quota.ts';
import { lineFault } from './shown-line.ts';

/** Settings as somebody wrote them: of the right types, and not yet looked at. Absent: as it is. */
export interface WantedSettings {
  readonly id?: string | undefined;
  readonly name?: string | undefined;
  readonly defaultLanguage?: string | undefined;
  readonly reminderPlan?:
    | readonly { readonly before: string; readonly channel: string }[]
    | undefined;
  readonly quietHours?: { readonly start: string; readonly end: string } | null | undefined;
  readonly jitterMinutes?: number | undefined;
  readonly uncertainPolicy?: string | undefined;
  readonly birthDateOpens?: string | undefined;
  readonly proofPolicy?: string | undefined;
  readonly portal?: WantedPortal | null | undefined;
  readonly daysAheadMax?: number | undefined;
  readonly requestsPerMinute?: number | null | undefined;
  readonly appointmentsPerHour?: number | null | undefined;
  readonly appointmentsPerDay?: number | null | undefined;
  readonly remindersPerHour?: number | null | undefined;
  readonly remindersPerDay?: number | null | undefined;
  readonly numbersPerHour?: number | null | undefined;
  readonly countries?: readonly string[] | null | undefined;
}

export interface WantedPortal {
  readonly issuer: string;
  readonly clientId: string;
  readonly acrValues?: readonly string[] | undefined;
  readonly maxAgeMinutes?: number | undefined;
}

export type SettingName = Exclude<keyof Organisation, 'id'>;
/** What differs from how it stands, in the form that is stored. */
export type ChangedSettings = { readonly [Name in SettingName]?: Organisation[Name] };

export interface SettingsContext {
  /** How it stands. */
  readonly organisation: Organisation;
  /** Why; needed to let a birth date open everything. */
  readonly reason: string | undefined;
  /** Whoever runs the service may also change the name and raise ceilings, which a key can only lower. */
  readonly isAdministrator: boolean;
  /** Channels that this deployment can send on. */
  readonly channelsAvailable: readonly Channel[];
  readonly planEntriesMax: number;
  /** Why a provider's address will not do: whoever speaks to it knows. */
  readonly issuerFault: (issuer: string) => FieldErrorCode | undefined;
  /** Whether one provider serves all organisations: then none has its own. */
  readonly isPortalForAll: boolean;
  /** Whether phones are known to be in a country of this code. */
  readonly isCountry: (code: string) => boolean;
}

export const organisationNameCharactersMax = 200;
export const reasonCharactersMax = 500;
export const countriesMax = 250;
/** Whole numbers, both ends included. */
export const settingBounds = {
  jitterMinutes: { minimum: 0, maximum: 240 },
  /** Keys to seal with are made for this many days. */
  daysAheadMax: { minimum: 1, maximum: 400 },
  requestsPerMinute: { minimum: 1, maximum: 1_000_000 },
  ...ceilingBounds,
} as const;

/**
 * Checks settings, whoever gives them: the one set of rules for the API and the command line.
 *
 * A plan that could never come true is refused: by a channel that the deployment lacks, or longer
 * before the start than appointments are accepted. A plan that stays as it is is not looked at, so
 * that what was read can be written back.
 *
 * @returns every fault, with JSON Pointers into the wanted settings; or what changes
 */
export function checkSettings(
  wanted: WantedSettings,
  context: SettingsContext,
): { ok: true; changes: ChangedSettings } | { ok: false; errors: readonly FieldError[] } {
  const { organisation } = context;
  const errors: FieldError[] = [];
  const changes: Record<string, unknown> = {};
  if (wanted.id !== undefined && wanted.id.toLowerCase() !== organisation.id) {
    errors.push({ pointer: '/id', code: 'read_only' });
  }
  for (const name of settingNames) {
    const given = wanted[name];
    if (given === undefined || isSame(given, organisation[name])) continue;
    const fault: Fault = (code, within = '') => {
      errors.push({ pointer: `/${name}${within}`, code });
      return undefined;
    };
    const value = (rules[name] as Rule<unknown, unknown>)(given, fault, context);
    if (value === undefined || isSame(value, organisation[name])) continue;
    if (administratorsAlone.has(name) && !context.isAdministrator) fault('read_only');
    else changes[name] = value;
  }
  errors.push(...reasonFaults(changes, context));
  if (errors.length === 0) errors.push(...planFaults(changes, context));
  return errors.length > 0 ? { ok: false, errors } : { ok: true, changes };
}

type Fault = (code: FieldErrorCode, within?: string) => undefined;
/** Gives the form that is stored, or tells of a fault. */
type Rule<Given, Stored> = (
  given: Given,
  fault: Fault,
  context: SettingsContext,
) => Stored | undefined;

const administratorsAlone: ReadonlySet<SettingName> = new Set(['name', 'requestsPerMinute']);

const rules: {
  readonly [Name in SettingName]: Rule<
    Exclude<WantedSettings[Name], undefined>,
    Organisation[Name]
  >;
} = {
  name: (text, fault) => {
    const code = lineFault(text, organisationNameCharactersMax);
    return code ? fault(code) : text;
  },
  defaultLanguage: oneOf(languages),
  reminderPlan: checkPlan,
  quietHours: (hours, fault) => {
    if (hours === null) return null;
    const wrong = (['start', 'end'] as const).filter((edge) => !wallClock.test(hours[edge]));
    for (const edge of wrong) fault('invalid_value', `/${edge}`);
    if (wrong.length > 0) return undefined;
    // Is that never or always? Null says never; always would be no reminder at all.
    if (hours.start === hours.end) return fault('invalid_value');
    return { start: hours.start, end: hours.end };
  },
  jitterMinutes: wholeNumber(settingBounds.jitterMinutes),
  uncertainPolicy: oneOf(uncertainPolicies),
  birthDateOpens: oneOf(birthDateTiers),
  proofPolicy: oneOf(proofPolicies),
  portal: checkPortal,
  daysAheadMax: wholeNumber(settingBounds.daysAheadMax),
  requestsPerMinute: (count, fault, context) =>
    count === null ? null : wholeNumber(settingBounds.requestsPerMinute)(count, fault, context),
  appointmentsPerHour: ceiling('appointmentsPerHour'),
  appointmentsPerDay: ceiling('appointmentsPerDay'),
  remindersPerHour: ceiling('remindersPerHour'),
  remindersPerDay: ceiling('remindersPerDay'),
  numbersPerHour: ceiling('numbersPerHour'),
  countries: checkCountries,
};
/** In the order in which they are shown and audited. */
export const settingNames = Object.keys(rules) as readonly SettingName[];

const wallClock = /^([01]\d|2[0-3]):[0-5]\d$/;

function oneOf<Choice extends string>(choices: readonly Choice[]): Rule<string, Choice> {
  return (text, fault) => choices.find((choice) => choice === text) ?? fault('invalid_value');
}

function wholeNumber(bounds: { minimum: number; maximum: number }): Rule<number, number> {
  return (count, fault) =>
    Number.isInteger(count) && count >= bounds.minimum && count <= bounds.maximum
      ? count
      : fault('invalid_value');
}

/** A key that was stolen must not be able to raise what holds it. */
function ceiling(name: CeilingName): Rule<number | null, number | null> {
  return (given, fault, context) => {
    const { organisation, isAdministrator } = context;
    if (given !== null && wholeNumber(ceilingBounds[name])(given, fault, context) === undefined) {
      return undefined;
    }
    const isRaised = (given ?? Infinity) > (organisation[name] ?? Infinity);
    return isRaised && !isAdministrator ? fault('read_only') : given;
  };
}

function checkCountries(
  given: readonly string[] | null,
  fault: Fault,
  { organisation, isAdministrator, isCountry }: SettingsContext,
): Organisation['countries'] | undefined {
  const { countries: allowed } = organisation;
  const isWider = given === null || given.some((code) => !(allowed?.includes(code) ?? true));
  if (given?.length === 0) return fault('too_short');
  if (given && given.length > countriesMax) return fault('too_many');
  const unknown = given?.findIndex((code) => !isCountry(code)) ?? -1;
  if (unknown >= 0) return fault('invalid_value', `/${unknown}`);
  if (isWider && allowed !== null && !isAdministrator) return fault('read_only');
  return given && [...new Set(given)].toSorted();
}

const visibleAscii = /^[\x21-\x7e]+$/;

function checkPortal(
  given: WantedPortal | null,
  fault: Fault,
  { issuerFault, isPortalForAll }: SettingsContext,
): Portal | null | undefined {
  if (given === null) return null;
  if (isPortalForAll) return fault('read_only');
  const { issuer, clientId, acrValues = [] } = given;
  const wrong = issuerFault(issuer);
  if (wrong) fault(wrong, '/issuer');
  const isText = (text: string) =>
    text.length <= portalBounds.charactersMax && visibleAscii.test(text);
  if (!isText(clientId)) fault('invalid_value', '/clientId');
  if (acrValues.length > portalBounds.acrValuesMax) fault('too_many', '/acrValues');
  const wrongAcr = acrValues.findIndex((value) => !isText(value));
  if (wrongAcr >= 0) fault('invalid_value', `/acrValues/${wrongAcr}`);
  const { minimum, maximum } = portalBounds.maxAgeMinutes;
  const maxAgeMinutes = given.maxAgeMinutes ?? portalMaxAgeMinutesDefault;
  const isAge =
    Number.isInteger(maxAgeMinutes) && maxAgeMinutes >= minimum && maxAgeMinutes <= maximum;
  if (!isAge) fault('invalid_value', '/maxAgeMinutes');
  return { issuer, clientId, acrValues, maxAgeMinutes };
}

function checkPlan(
  entries: readonly { readonly before: string; readonly channel: string }[],
  fault: Fault,
  { planEntriesMax }: SettingsContext,
): Organisation['reminderPlan'] | undefined {
  if (entries.length > planEntriesMax) return fault('too_many');
  const plan: { before: string; channel: RequestedChannel }[] = [];
  for (const [index, entry] of entries.entries()) {
    const before = parseBefore(entry.before)?.text;
    const channel = requestedChannels.find((known) => known === entry.channel);
    if (before === undefined) fault('invalid_before', `/${index}/before`);
    if (channel === undefined) fault('invalid_value', `/${index}/channel`);
    if (before === undefined || channel === undefined) continue;
    if (plan.some((one) => one.before === before && one.channel === channel)) {
      fault('duplicate_reminder', `/${index}`);
    }
    plan.push({ before, channel });
  }
  return plan.length === entries.length ? plan : undefined;
}

/** What of the plan could never come true, once everything has changed. */
function planFaults(changes: ChangedSettings, context: SettingsContext): FieldError[] {
  const { reminderPlan: newPlan, daysAheadMax: newLimit } = changes;
  const plan = newPlan ?? context.organisation.reminderPlan;
  const daysAheadMax = newLimit ?? context.organisation.daysAheadMax;
  if (newPlan === undefined) {
    // What was there first is not at fault.
    const isCutOff =
      newLimit !== undefined && plan.some(({ before }) => isTooFar(before, newLimit));
    return isCutOff ? [{ pointer: '/daysAheadMax', code: 'too_far_ahead' }] : [];
  }
  return plan.flatMap(({ before, channel }, index): FieldError[] => {
    const pointer = `/reminderPlan/${index}`;
    const needed: readonly Channel[] = channel === 'auto' ? ['email', 'sms'] : [channel];
    const isSendable = needed.every((one) => context.channelsAvailable.includes(one));
    return [
      ...(isSendable
        ? []
        : [{ pointer: `${pointer}/channel`, code: 'channel_unavailable' as const }]),
      ...(isTooFar(before, daysAheadMax)
        ? [{ pointer: `${pointer}/before`, code: 'too_far_ahead' as const }]
        : []),
    ];
  });
}

/** A link lives for a day beyond its appointment, so a start lies less than the limit ahead. */
function isTooFar(before: string, daysAheadMax: number): boolean {
  const duration = parseBefore(before)?.duration;
  return duration !== undefined && duration.total({ unit: 'hours' }) >= 24 * daysAheadMax;
}

function reasonFaults(changes: ChangedSettings, { reason }: SettingsContext): FieldError[] {
  if (reason === undefined) {
    return changes.birthDateOpens === 'everything'
      ? [{ pointer: '/reason', code: 'required' }]
      : [];
  }
  const code = lineFault(reason, reasonCharactersMax);
  return code ? [{ pointer: '/reason', code }] : [];
}

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
