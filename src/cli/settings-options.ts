import { limits } from '../../config/limits.ts';
import {
  reasonCharactersMax,
  settingBounds,
  type WantedSettings,
} from '../domain/check-settings.ts';
import { AppError, type FieldError } from '../domain/errors.ts';
import { proofPolicies } from '../domain/factor.ts';
import { languages } from '../domain/language.ts';
import { birthDateTiers, uncertainPolicies } from '../domain/organisation.ts';
import { portalBounds } from '../domain/portal.ts';
import { type CeilingName, ceilingBounds, ceilingNames } from '../domain/quota.ts';
import { type CeilingValues, ceilingOptions, ceilingsFrom, numberFrom } from './ceiling-options.ts';
import { CommandError } from './command-error.ts';

/** The options of settings, as they were typed. */
export interface SettingsValues extends CeilingValues {
  readonly name?: string | undefined;
  readonly language?: string | undefined;
  readonly plan?: string | undefined;
  readonly quiet?: string | undefined;
  readonly jitter?: string | undefined;
  readonly uncertain?: string | undefined;
  readonly 'birth-date-opens'?: string | undefined;
  readonly proof?: string | undefined;
  readonly portal?: string | undefined;
  readonly 'portal-client'?: string | undefined;
  readonly 'portal-acr'?: string | undefined;
  readonly 'portal-max-age'?: string | undefined;
  readonly 'days-ahead'?: string | undefined;
  readonly 'requests-per-minute'?: string | undefined;
  readonly countries?: string | undefined;
}

type Setting = Exclude<keyof WantedSettings, 'id'>;

/** Which option stands for which setting, and what it may be. */
const options: Record<Setting | 'reason', { option: string; mayBe: string }> = {
  name: { option: '--name', mayBe: '1 to 200 characters on one line' },
  defaultLanguage: { option: '--language', mayBe: `one of ${languages.join(', ')}` },
  reminderPlan: {
    option: '--plan',
    mayBe: `like "P2D auto, PT3H sms", from PT5M to P400D by sms, email or auto, at most ${limits.remindersPerAppointmentMax} and none twice; or none`,
  },
  quietHours: { option: '--quiet', mayBe: 'like 21:00-08:00, or none' },
  jitterMinutes: { option: '--jitter', mayBe: whole('minutes', settingBounds.jitterMinutes) },
  uncertainPolicy: { option: '--uncertain', mayBe: `one of ${uncertainPolicies.join(', ')}` },
  birthDateOpens: { option: '--birth-date-opens', mayBe: `one of ${birthDateTiers.join(', ')}` },
  proofPolicy: { option: '--proof', mayBe: `one of ${proofPolicies.join(', ')}` },
  portal: {
    option: '--portal',
    mayBe: `the https address of a provider on the public internet, or none, with --portal-client; --portal-acr at most ${portalBounds.acrValuesMax} words; --portal-max-age ${whole('minutes', portalBounds.maxAgeMinutes)}`,
  },
  daysAheadMax: { option: '--days-ahead', mayBe: whole('days', settingBounds.daysAheadMax) },
  requestsPerMinute: {
    option: '--requests-per-minute',
    mayBe: `${whole('requests', settingBounds.requestsPerMinute)}, or none`,
  },
  ...ceilingSettings(),
  countries: { option: '--countries', mayBe: 'codes of ISO 3166-1 as FR,BE,CH, or all' },
  reason: { option: '--reason', mayBe: `1 to ${reasonCharactersMax} characters on one line` },
};

function ceilingSettings() {
  return Object.fromEntries(
    ceilingNames.map((name) => [
      name,
      {
        option: `--${ceilingOptions[name]}`,
        mayBe: `${whole('numbers', ceilingBounds[name])}, or none`,
      },
    ]),
  ) as Record<CeilingName, { option: string; mayBe: string }>;
}

function whole(what: string, { minimum, maximum }: { minimum: number; maximum: number }): string {
  return `whole ${what} from ${minimum} to ${maximum}`;
}

/** The settings that were typed, none of them checked. */
export function settingsFrom(values: SettingsValues): WantedSettings {
  const { plan, quiet, jitter } = values;
  const ceiling = values['requests-per-minute'];
  const daysAhead = values['days-ahead'];
  return {
    name: values.name?.trim(),
    defaultLanguage: values.language,
    reminderPlan: plan === undefined ? undefined : planFrom(plan),
    quietHours: quiet === undefined ? undefined : quietFrom(quiet),
    jitterMinutes: jitter === undefined ? undefined : numberFrom(jitter),
    uncertainPolicy: values.uncertain,
    birthDateOpens: values['birth-date-opens'],
    proofPolicy: values.proof,
    portal: portalFrom(values),
    daysAheadMax: daysAhead === undefined ? undefined : numberFrom(daysAhead),
    requestsPerMinute:
      ceiling === undefined ? undefined : ceiling === 'none' ? null : numberFrom(ceiling),
    ...ceilingsFrom(values),
    countries: countriesFrom(values.countries),
  };
}

function portalFrom(values: SettingsValues): WantedSettings['portal'] {
  const { portal: issuer, 'portal-client': clientId, 'portal-acr': acr } = values;
  const age = values['portal-max-age'];
  const isBare = [clientId, acr, age].every((value) => value === undefined);
  if (issuer === undefined) {
    if (isBare) return undefined;
    throw new CommandError('--portal-client, --portal-acr and --portal-max-age need --portal.');
  }
  if (issuer === 'none') return null;
  return {
    issuer,
    clientId: clientId ?? '',
    acrValues: acr === undefined || acr === 'none' ? [] : acr.trim().split(/\s+/),
    maxAgeMinutes: age === undefined ? undefined : numberFrom(age),
  };
}

function countriesFrom(text: string | undefined): WantedSettings['countries'] {
  if (text === undefined) return undefined;
  return text === 'all' ? null : text.split(',').map((code) => code.trim().toUpperCase());
}

function planFrom(text: string): NonNullable<WantedSettings['reminderPlan']> {
  if (text === 'none') return [];
  return text.split(',').map((entry) => {
    const [before = '', channel = '', ...rest] = entry.trim().split(/\s+/);
    return { before: rest.length > 0 ? entry : before, channel };
  });
}

function quietFrom(text: string): { start: string; end: string } | null {
  if (text === 'none') return null;
  const [start = '', end = '', ...rest] = text.split('-');
  return { start: rest.length > 0 ? text : start, end };
}

/** Words the faults of settings for whoever typed their options. */
export function settingsFaults(error: unknown): never {
  if (!(error instanceof AppError) || error.code !== 'invalid_request') throw error;
  throw new CommandError([...new Set(error.fields.map(sentence))].join('\n'));
}

function sentence({ pointer, code }: FieldError): string {
  const { option, mayBe } = options[pointer.split('/')[1] as Setting | 'reason'];
  if (code === 'required') {
    return '--birth-date-opens everything needs --reason: who accepts that a birth date, which many people know, opens all details.';
  }
  if (pointer === '/portal' && code === 'read_only') {
    return '--portal: PORTAL_ISSUER is set here, which serves all organisations.';
  }
  if (code === 'channel_unavailable') {
    return `${option} names a channel that the variables set here do not send on.`;
  }
  if (code === 'too_far_ahead') {
    return pointer === '/daysAheadMax'
      ? '--days-ahead is too low for the plan: some of it could never be in time. Give another --plan with it.'
      : '--plan holds a reminder as long before the start as --days-ahead or longer, which could never be in time.';
  }
  return `${option} must be ${mayBe}.`;
}
