import { AppError } from '../domain/errors.ts';
import type { Secret } from '../domain/secret.ts';
import type { Journal } from '../journal/journal.ts';
import type { RegisteredKey } from '../keys/registered-key.ts';
import { type AdminConnection, administer, recordAdministration } from '../store/administration.ts';
import { deleteRegisteredKey, insertRegisteredKey } from '../store/credential-keys.ts';
import { lockCredential } from '../store/credential-list.ts';
import { type CreateCredentialInput, makeCredential, rightsOf } from './create-credential.ts';
import { tryJournal } from './try-journal.ts';

interface Deps {
  readonly adminUrl: Secret<string>;
}

/**
 * Makes a credential that signs its requests with this key. Nothing of it is secret.
 *
 * @throws {AppError} `not_found` when an organisation does not exist
 */
export async function registerPublicKey(
  { adminUrl }: Deps,
  { key, ...input }: CreateCredentialInput & { key: RegisteredKey },
): Promise<{ id: string }> {
  return administer(adminUrl, async (connection) => {
    const rights = rightsOf(input);
    const expiresAt = input.expiresAt ?? null;
    const id = await makeCredential(connection, { rights, hash: null, expiresAt });
    await addKey(connection, { credentialId: id, organisationId: input.organisationId, key });
    return { id };
  });
}

/**
 * Registers a second key, which signs beside the first until one of them is taken away.
 *
 * @returns `api_key` for a credential that signs nothing, `known` for a key that it has, `full` when it
 *   has two, `ended` when it has expired or was revoked
 * @throws {AppError} `not_found` when there is no such credential
 */
export async function addPublicKey(
  { adminUrl }: Deps,
  { credentialId, key }: { credentialId: string; key: RegisteredKey },
): Promise<'inserted' | 'known' | 'full' | 'api_key' | 'ended'> {
  return administer(adminUrl, async (connection) => {
    const credential = await lockCredential(connection, credentialId);
    if (!credential) throw new AppError('not_found');
    if (credential.kind !== 'public_key') return 'api_key';
    if (credential.state !== 'active') return 'ended';
    const { organisationId } = credential;
    return addKey(connection, { credentialId, organisationId, key });
  });
}

async function addKey(
  connection: AdminConnection,
  {
    credentialId,
    organisationId,
    key,
  }: { credentialId: string; organisationId: string; key: RegisteredKey },
): Promise<'inserted' | 'known' | 'full'> {
  const outcome = await insertRegisteredKey(connection, { credentialId, organisationId, ...key });
  if (outcome === 'inserted') {
    await recordAdministration(connection, {
      action: 'credential.key_add',
      organisationId,
      subject: `${credentialId} ${key.thumbprint}`,
    });
  }
  return outcome;
}

/**
 * Takes a registered key away: the next request signed with it is refused, and it does not come back
 * with a backup.
 *
 * @returns whether the journal has it; if not, do it again after a restore
 * @throws {AppError} `not_found` when there is no such credential, or none with this key
 */
export async function removePublicKey(
  { adminUrl, journal }: Deps & { journal: Pick<Journal, 'append'> },
  { credentialId, thumbprint }: { credentialId: string; thumbprint: string },
): Promise<{ isJournaled: boolean }> {
  return administer(adminUrl, async (connection) => {
    const credential = await lockCredential(connection, credentialId);
    const isGone =
      credential && (await deleteRegisteredKey(connection, { credentialId, thumbprint }));
    if (!isGone) throw new AppError('not_found');
    const entry = { kind: 'credential_key_removal', credentialId, thumbprint } as const;
    const journaled = await tryJournal(journal, entry);
    await recordAdministration(connection, {
      action: 'credential.key_remove',
      organisationId: credential.organisationId,
      subject: `${credentialId} ${thumbprint}`,
    });
    return journaled;
  });
}
