import type { Config } from '../../config/env.ts';
import { scopes as everyScope } from '../domain/scope.ts';
import { administer } from '../store/administration.ts';
import { type ListedCredential, listCredentials } from '../store/credential-list.ts';
import { changePlatform } from '../usecases/change-platform.ts';
import { createApiKey } from '../usecases/create-credential.ts';
import { revokeCredential } from '../usecases/revoke-credential.ts';
import { rotateCredential } from '../usecases/rotate-credential.ts';
import { adminUrlOf, missing, uuidFrom } from './admin.ts';
import { ceilingOptions } from './ceiling-options.ts';
import { CommandError } from './command-error.ts';
import { commandLineJournal, tellUnjournaled } from './command-line-journal.ts';
import { exitCodes } from './exit-codes.ts';
import { addKey, limit, register, removeKey, restrict } from './key-registration.ts';
import { type KeyValues, rightsFrom, rightsOptions } from './key-rights.ts';
import { millisecondsFrom } from './moments.ts';
import { minuteText, printTable } from './print-table.ts';
import { reasonFrom } from './reason-option.ts';
import { type Action, runAction } from './run-action.ts';

const actions: Readonly<Record<string, Action<KeyValues>>> = {
  create: {
    words: 0,
    options: rightsOptions,
    run: create,
  },
  register: { words: 0, options: [...rightsOptions, 'public-key'], run: register },
  add: { words: 1, options: ['public-key'], run: addKey },
  remove: { words: 1, options: ['thumbprint'], run: removeKey },
  restrict: { words: 1, options: ['from'], run: restrict },
  limit: { words: 1, options: Object.values(ceilingOptions), run: limit },
  list: { words: 0, options: ['organisation'], run: list },
  rotate: { words: 1, options: ['overlap'], run: rotate },
  revoke: { words: 1, options: ['reason'], run: revoke },
  allow: { words: 1, options: ['organisation'], run: allow(true) },
  disallow: { words: 1, options: ['organisation'], run: allow(false) },
};

/** `sotto key`: what booking systems sign in with. */
export function runKey(
  config: Config,
  given: { readonly values: KeyValues; readonly positionals: readonly string[] },
): Promise<number> {
  return runAction(config, actions, given);
}

async function create(config: Config, values: KeyValues): Promise<number> {
  const created = await createApiKey({ adminUrl: adminUrlOf(config) }, rightsFrom(values)).catch(
    missing('organisation'),
  );
  const key = created.key.reveal();
  console.log(
    values.json
      ? JSON.stringify({ id: created.id, key })
      : `Key ${created.id}, shown this once:\n${key}`,
  );
  return 0;
}

async function list(config: Config, { organisation, json }: KeyValues): Promise<number> {
  const organisationId =
    organisation === undefined ? undefined : uuidFrom(organisation, '--organisation');
  const keys = await administer(adminUrlOf(config), (connection) =>
    listCredentials(connection, { organisationId }),
  );
  if (json) console.log(JSON.stringify({ keys }));
  else {
    printTable(
      [
        ...['ID', 'NAME', 'STATE', 'KIND', 'MODE', 'SCOPES', 'MADE', 'LAST USED', 'EXPIRES'],
        ...['FROM', 'TODAY', 'STOPPED', 'ORGANISATIONS'],
      ],
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
    key.kind === 'public_key' ? `${key.publicKeys.length} registered` : 'secret',
    key.mode,
    key.scopes.length === everyScope.length ? 'all' : key.scopes.join(',') || 'none',
    minuteText(key.createdAt, '-'),
    minuteText(key.lastUsedAt, 'never'),
    minuteText(key.expiresAt, 'never'),
    key.networks === null ? 'anywhere' : key.networks.join(',') || 'nowhere',
    String(key.today),
    key.refusedAt ? `${minuteText(key.refusedAt, '')} ${key.refusedBy}` : '-',
    [key.organisationId, ...key.actsFor].join(','),
  ];
}

/** The old key goes on working for a while, so that the booking system can change over. */
async function rotate(config: Config, values: KeyValues, word: string): Promise<number> {
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
        : rotated.outcome === 'public_key'
          ? 'This one signs with registered keys. Register the next with key add, then take the old one away with key remove.'
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

async function revoke(config: Config, values: KeyValues, word: string): Promise<number> {
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

function allow(isAllowed: boolean): Action<KeyValues>['run'] {
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
