import type { Config } from '../../config/env.ts';
import { modes } from '../domain/channel.ts';
import { scopes as everyScope, type Scope } from '../domain/scope.ts';
import { lineFault } from '../domain/shown-line.ts';
import { administer } from '../store/administration.ts';
import { type ListedCredential, listCredentials } from '../store/credential-list.ts';
import { changePlatform } from '../usecases/change-platform.ts';
import { createApiKey } from '../usecases/create-credential.ts';
import { revokeCredential } from '../usecases/revoke-credential.ts';
import { rotateCredential } from '../usecases/rotate-credential.ts';
import { adminUrlOf, missing, uuidFrom } from './admin.ts';
import { CommandError } from './command-error.ts';
import { commandLineJournal, tellUnjournaled } from './command-line-journal.ts';
import { exitCodes } from './exit-codes.ts';
import { endFrom, millisecondsFrom } from './moments.ts';
import { minuteText, printTable } from './print-table.ts';
import { reasonFrom } from './reason-option.ts';
import { type Action, runAction } from './run-action.ts';

interface Values {
  readonly organisation?: string | undefined;
  readonly mode?: string | undefined;
  readonly name?: string | undefined;
  readonly scopes?: string | undefined;
  readonly expires?: string | undefined;
  readonly 'acts-for'?: string | undefined;
  readonly overlap?: string | undefined;
  readonly reason?: string | undefined;
  readonly json?: boolean | undefined;
}

const labelCharactersMax = 100;

const actions: Readonly<Record<string, Action<Values>>> = {
  create: {
    words: 0,
    options: ['organisation', 'mode', 'name', 'scopes', 'expires', 'acts-for'],
    run: create,
  },
  list: { words: 0, options: ['organisation'], run: list },
  rotate: { words: 1, options: ['overlap'], run: rotate },
  revoke: { words: 1, options: ['reason'], run: revoke },
  allow: { words: 1, options: ['organisation'], run: allow(true) },
  disallow: { words: 1, options: ['organisation'], run: allow(false) },
};

/** `sotto key`: what booking systems sign in with. */
export function runKey(
  config: Config,
  given: { readonly values: Values; readonly positionals: readonly string[] },
): Promise<number> {
  return runAction(config, actions, given);
}

async function create(config: Config, values: Values): Promise<number> {
  const mode = modes.find((known) => known === values.mode);
  if (!mode) throw new CommandError('--mode must be test or live.');
  const organisationId = uuidFrom(values.organisation, '--organisation');
  const { expires } = values;
  const created = await createApiKey(
    { adminUrl: adminUrlOf(config) },
    {
      organisationId,
      mode,
      scopes: values.scopes === undefined ? everyScope : scopesFrom(values.scopes),
      expiresAt:
        expires === undefined ? undefined : endFrom('--expires', expires, Temporal.Now.instant()),
      actsFor: listFrom(values['acts-for']).map((id) => uuidFrom(id, 'Each of --acts-for')),
      label: values.name === undefined ? undefined : labelFrom(values.name),
    },
  ).catch(missing('organisation'));
  const key = created.key.reveal();
  console.log(
    values.json
      ? JSON.stringify({ id: created.id, key })
      : `Key ${created.id}, shown this once:\n${key}`,
  );
  return 0;
}

async function list(config: Config, { organisation, json }: Values): Promise<number> {
  const organisationId =
    organisation === undefined ? undefined : uuidFrom(organisation, '--organisation');
  const keys = await administer(adminUrlOf(config), (connection) =>
    listCredentials(connection, { organisationId }),
  );
  if (json) console.log(JSON.stringify({ keys }));
  else {
    printTable(
      ['ID', 'NAME', 'STATE', 'MODE', 'SCOPES', 'MADE', 'LAST USED', 'EXPIRES', 'ORGANISATIONS'],
      keys.map(cells),
    );
  }
  return 0;
}

function cells(key: ListedCredential): string[] {
  return [
    key.id,
    key.label ?? '-',
    key.state,
    key.mode,
    key.scopes.length === everyScope.length ? 'all' : key.scopes.join(',') || 'none',
    minuteText(key.createdAt, '-'),
    minuteText(key.lastUsedAt, 'never'),
    minuteText(key.expiresAt, 'never'),
    [key.organisationId, ...key.actsFor].join(','),
  ];
}

/** The old key goes on working for a while, so that the booking system can change over. */
async function rotate(config: Config, values: Values, word: string): Promise<number> {
  const credentialId = uuidFrom(word, 'The key');
  const overlapMs = millisecondsFrom('--overlap', values.overlap ?? 'P7D', Temporal.Now.instant());
  const rotated = await rotateCredential(
    {
      adminUrl: adminUrlOf(config),
      journal: commandLineJournal(config),
      now: () => new Date(),
    },
    { credentialId, overlapMs },
  ).catch(missing('key'));
  if (rotated.outcome !== 'rotated') {
    throw new CommandError(
      rotated.outcome === 'ended'
        ? 'This key has expired or is revoked. Make another: key create.'
        : `This key was replaced already. Rotate the one in its place: ${rotated.by}`,
      { exitCode: 1 },
    );
  }
  const { id, expiresAt, oldExpiresAt } = rotated;
  const key = rotated.key.reveal();
  if (values.json) {
    console.log(
      JSON.stringify({ id, key, expiresAt, old: { id: credentialId, expiresAt: oldExpiresAt } }),
    );
  } else {
    console.log(`Key ${id}, shown this once:\n${key}`);
    console.log(`The old one, ${credentialId}, works until ${minuteText(oldExpiresAt, '')}.`);
  }
  if (rotated.isJournaled) return exitCodes.fine;
  tellUnjournaled('It is replaced', 'revoke the old one');
  return exitCodes.failed;
}

async function revoke(config: Config, values: Values, word: string): Promise<number> {
  const credentialId = uuidFrom(word, 'The key');
  const { isJournaled } = await revokeCredential(
    { adminUrl: adminUrlOf(config), journal: commandLineJournal(config) },
    {
      credentialId,
      reason: values.reason === undefined ? undefined : reasonFrom(values.reason),
    },
  ).catch(missing('key'));
  if (!isJournaled) tellUnjournaled('It is revoked', 'revoke it again');
  console.log(
    values.json ? JSON.stringify({ id: credentialId, revoked: true }) : `Revoked ${credentialId}`,
  );
  return isJournaled ? 0 : 1;
}

function allow(isAllowed: boolean): Action<Values>['run'] {
  return async (config, values, word) => {
    const credentialId = uuidFrom(word, 'The key');
    const organisationId = uuidFrom(values.organisation, '--organisation');
    const { changed, isJournaled } = await changePlatform(
      { adminUrl: adminUrlOf(config), journal: commandLineJournal(config) },
      { credentialId, organisationId, allow: isAllowed },
    ).catch(missing('key or organisation'));
    const said = isAllowed ? 'It may act for it.' : 'It may no longer act for it.';
    console.log(
      values.json
        ? JSON.stringify({ id: credentialId, organisation: organisationId, changed })
        : changed
          ? said
          : 'Nothing changed.',
    );
    if (isJournaled) return exitCodes.fine;
    tellUnjournaled('It may not', 'take it away again');
    return exitCodes.failed;
  };
}

function scopesFrom(text: string): Scope[] {
  const chosen = new Set(listFrom(text));
  const known = everyScope.filter((scope) => chosen.delete(scope));
  if (known.length > 0 && chosen.size === 0) return known;
  throw new CommandError(`--scopes must be some of ${everyScope.join(',')}.`);
}

function labelFrom(text: string): string {
  const label = text.trim();
  if (!lineFault(label, labelCharactersMax)) return label;
  throw new CommandError(`--name must be 1 to ${labelCharactersMax} characters on one line.`);
}

function listFrom(text = ''): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}
