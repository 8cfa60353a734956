import { readFile } from 'node:fs/promises';
import type { Config } from '../../config/env.ts';
import { ceilingBounds, ceilingNames } from '../domain/quota.ts';
import { type RegisteredKey, readPublicKey } from '../keys/registered-key.ts';
import { limitCredential } from '../usecases/limit-credential.ts';
import {
  addPublicKey,
  registerPublicKey,
  removePublicKey,
} from '../usecases/register-public-key.ts';
import { restrictCredential } from '../usecases/restrict-credential.ts';
import { adminUrlOf, missing, uuidFrom } from './admin.ts';
import { ceilingOptions, ceilingsFrom } from './ceiling-options.ts';
import { CommandError } from './command-error.ts';
import { commandLineJournal, tellUnjournaled } from './command-line-journal.ts';
import { exitCodes } from './exit-codes.ts';
import { type KeyValues, networksFrom, rightsFrom } from './key-rights.ts';

/** Makes a credential whose requests are signed with a key that we hold the public half of. */
export async function register(config: Config, values: KeyValues): Promise<number> {
  const rights = rightsFrom(values);
  const key = await publicKeyFrom(values);
  const { id } = await registerPublicKey(
    { adminUrl: adminUrlOf(config) },
    { ...rights, key },
  ).catch(missing('organisation'));
  tellRegistered(values, { id, key });
  return exitCodes.fine;
}

/** A second key, for changing over. */
export async function addKey(config: Config, values: KeyValues, word: string): Promise<number> {
  const credentialId = uuidFrom(word, 'The key');
  const key = await publicKeyFrom(values);
  const outcome = await addPublicKey({ adminUrl: adminUrlOf(config) }, { credentialId, key }).catch(
    missing('key'),
  );
  if (outcome !== 'inserted') throw new CommandError(whyNotAdded[outcome], { exitCode: 1 });
  tellRegistered(values, { id: credentialId, key });
  return exitCodes.fine;
}

const whyNotAdded = {
  known: 'It has this key already.',
  full: 'It has two keys. Take one away first: key remove.',
  api_key: 'This one is a secret key and signs nothing. Make one that does: key register.',
  ended: 'This one has expired or is revoked. Make another: key register.',
};

export async function removeKey(config: Config, values: KeyValues, word: string): Promise<number> {
  const credentialId = uuidFrom(word, 'The key');
  const { thumbprint = '' } = values;
  if (!/^[A-Za-z0-9_-]{43}$/.test(thumbprint)) {
    throw new CommandError('--thumbprint must be as key register or key list --json printed it.');
  }
  const { isJournaled } = await removePublicKey(
    { adminUrl: adminUrlOf(config), journal: commandLineJournal(config) },
    { credentialId, thumbprint },
  ).catch(missing('key with this thumbprint'));
  if (!isJournaled) tellUnjournaled('It is taken away', 'take it away again');
  console.log(
    values.json
      ? JSON.stringify({ id: credentialId, thumbprint, removed: true })
      : `Took the key away from ${credentialId}`,
  );
  return isJournaled ? exitCodes.fine : exitCodes.failed;
}

/** Where a credential may be used from. */
export async function restrict(config: Config, values: KeyValues, word: string): Promise<number> {
  const credentialId = uuidFrom(word, 'The key');
  const { networks, isJournaled } = await restrictCredential(
    { adminUrl: adminUrlOf(config), journal: commandLineJournal(config) },
    { credentialId, networks: networksFrom(values.from) },
  ).catch(missing('key'));
  console.log(
    values.json
      ? JSON.stringify({ id: credentialId, networks })
      : `It may be used from ${networks?.join(', ') ?? 'anywhere'}.`,
  );
  if (isJournaled) return exitCodes.fine;
  tellUnjournaled('It is restricted', 'restrict it again');
  return exitCodes.failed;
}

/** How much a credential may have accepted. */
export async function limit(config: Config, values: KeyValues, word: string): Promise<number> {
  const credentialId = uuidFrom(word, 'The key');
  const changes = ceilingsFrom(values);
  const names = ceilingNames.filter((name) => name in changes);
  if (names.length === 0) throw new CommandError('Say at least one quota.');
  const wrong = names.find((name) => !isWithin(changes[name] ?? null, ceilingBounds[name]));
  if (wrong !== undefined) {
    const { minimum, maximum } = ceilingBounds[wrong];
    throw new CommandError(
      `--${ceilingOptions[wrong]} must be a whole number from ${minimum} to ${maximum}, or none.`,
    );
  }
  const { quotas, isJournaled } = await limitCredential(
    { adminUrl: adminUrlOf(config), journal: commandLineJournal(config) },
    { credentialId, changes },
  ).catch(missing('key'));
  const told = ceilingNames.flatMap((name) =>
    quotas[name] == null ? [] : [`--${ceilingOptions[name]} ${quotas[name]}`],
  );
  console.log(
    values.json
      ? JSON.stringify({ id: credentialId, quotas })
      : `Its own quotas: ${told.join(' ') || 'none'}. Those of its organisation hold beside them.`,
  );
  if (isJournaled) return exitCodes.fine;
  tellUnjournaled('It is limited', 'limit it again');
  return exitCodes.failed;
}

function isWithin(count: number | null, bounds: { minimum: number; maximum: number }): boolean {
  return count === null || (count >= bounds.minimum && count <= bounds.maximum);
}

function tellRegistered(values: KeyValues, { id, key }: { id: string; key: RegisteredKey }): void {
  const { thumbprint, algorithm } = key;
  console.log(
    values.json
      ? JSON.stringify({ id, thumbprint, algorithm })
      : `Registered. To sign with:\niss ${id}\nkid ${thumbprint}\nalg ${algorithm}`,
  );
}

async function publicKeyFrom(values: KeyValues): Promise<RegisteredKey> {
  const file = values['public-key'];
  if (file === undefined) throw new CommandError('--public-key must be a file.');
  const text = await readFile(file, 'utf8').catch(() => {
    throw new CommandError('--public-key cannot be read.', { exitCode: 1 });
  });
  const key = await readPublicKey(text);
  if (typeof key === 'string') throw new CommandError(whyNotRead[key], { exitCode: 1 });
  return key;
}

const whyNotRead = {
  private:
    'This file holds a private key. Keep that to whoever signs, and give the public half: openssl pkey -in FILE -pubout',
  unreadable: '--public-key must be a public key in PEM (SPKI) or a JWK.',
  unsupported: '--public-key must be of Ed25519 or P-256.',
};
