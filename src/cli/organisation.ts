import type { Config } from '../../config/env.ts';
import { limits } from '../../config/limits.ts';
import { parseBefore } from '../domain/before.ts';
import { requestedChannels } from '../domain/channel.ts';
import { languages } from '../domain/language.ts';
import type { GivenSettings } from '../store/organisations.ts';
import { changeOrganisation } from '../usecases/change-organisation.ts';
import { createOrganisation } from '../usecases/create-organisation.ts';
import { adminUrlOf, missing, untilSealable, uuidFrom } from './admin.ts';
import { CommandError } from './command-error.ts';

/** `sotto org create` and `sotto org set`. */
export async function runOrganisation(
  config: Config,
  { values, positionals }: { readonly values: Values; readonly positionals: readonly string[] },
): Promise<number> {
  const [action, id] = positionals;
  if (action === 'create') return create(config, values);
  if (action === 'set' && id) return set(config, uuidFrom(id, 'The organisation'), values);
  throw new CommandError('Say create, or set and the id of an organisation.');
}

interface Values {
  readonly name?: string | undefined;
  readonly language?: string | undefined;
  readonly plan?: string | undefined;
  readonly quiet?: string | undefined;
  readonly jitter?: string | undefined;
  readonly uncertain?: string | undefined;
  readonly 'birth-date-opens'?: string | undefined;
  readonly reason?: string | undefined;
  readonly json?: boolean | undefined;
}

/** Returns once the organisation's sealing keys are published. */
async function create(config: Config, values: Values): Promise<number> {
  const name = (values.name ?? '').trim();
  if (name === '' || name.length > 200)
    throw new CommandError('--name must be 1 to 200 characters.');
  const { id } = await createOrganisation({ adminUrl: adminUrlOf(config) }, { name });
  await untilSealable(config, id);
  console.log(values.json ? JSON.stringify({ id, name }) : `Created organisation ${id}`);
  return 0;
}

async function set(config: Config, id: string, values: Values): Promise<number> {
  const settings = settingsFrom(values);
  const names = Object.keys(settings);
  if (names.length === 0) throw new CommandError('Say at least one setting.');
  const reason = values.reason?.trim();
  if (settings.birthDateOpensAll && !reason) {
    throw new CommandError(
      '--birth-date-opens everything needs --reason: who accepts that a birth date, which many people know, opens all details.',
    );
  }
  const adminUrl = adminUrlOf(config);
  await changeOrganisation({ adminUrl }, { id, settings, reason }).catch(missing('organisation'));
  console.log(values.json ? JSON.stringify({ id, ...settings }) : `Set ${names.join(', ')}`);
  return 0;
}

function settingsFrom(values: Values): GivenSettings {
  const { language, plan, quiet, jitter, uncertain } = values;
  const opens = values['birth-date-opens'];
  return {
    ...(language === undefined
      ? {}
      : { defaultLanguage: oneOf('--language', languages, language) }),
    ...(plan === undefined ? {} : { reminderPlan: planFrom(plan) }),
    ...(quiet === undefined ? {} : quietFrom(quiet)),
    ...(jitter === undefined ? {} : { jitterMinutes: jitterFrom(jitter) }),
    ...(uncertain === undefined
      ? {}
      : { uncertainPolicy: oneOf('--uncertain', ['resend', 'hold'], uncertain) }),
    ...(opens === undefined
      ? {}
      : {
          birthDateOpensAll:
            oneOf('--birth-date-opens', ['time', 'everything'], opens) === 'everything',
        }),
  };
}

function oneOf<Choice extends string>(
  option: string,
  choices: readonly Choice[],
  text: string,
): Choice {
  const choice = choices.find((candidate) => candidate === text);
  if (choice) return choice;
  throw new CommandError(`${option} must be one of ${choices.join(', ')}.`);
}

function planFrom(text: string): NonNullable<GivenSettings['reminderPlan']> {
  const entries = text.split(',').map((entry) => {
    const [before = '', channel = '', ...rest] = entry.trim().split(/\s+/);
    const parsed = parseBefore(before);
    if (!parsed || rest.length > 0) {
      throw new CommandError('--plan must be like "P2D auto, PT3H sms": from PT5M to P400D.');
    }
    return {
      before: parsed.text,
      channel: oneOf('A channel of --plan', requestedChannels, channel),
    };
  });
  const meanings = new Set(entries.map(({ before, channel }) => `${before} ${channel}`));
  if (entries.length > limits.remindersPerAppointmentMax || meanings.size < entries.length) {
    throw new CommandError(
      `--plan must name at most ${limits.remindersPerAppointmentMax} reminders, none twice.`,
    );
  }
  return entries;
}

function quietFrom(text: string): Pick<GivenSettings, 'quietFrom' | 'quietUntil'> {
  if (text === 'none') return { quietFrom: '00:00', quietUntil: '00:00' };
  const time = '(?:[01]\\d|2[0-3]):[0-5]\\d';
  const [, from, until] = new RegExp(`^(${time})-(${time})$`).exec(text) ?? [];
  if (!from || !until) throw new CommandError('--quiet must be like 21:00-08:00, or none.');
  return { quietFrom: from, quietUntil: until };
}

function jitterFrom(text: string): number {
  const minutes = Number(text);
  if (/^\d+$/.test(text) && minutes <= 240) return minutes;
  throw new CommandError('--jitter must be whole minutes from 0 to 240.');
}
