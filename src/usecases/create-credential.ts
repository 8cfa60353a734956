import { randomUUID } from 'node:crypto';
import type { Mode } from '../domain/channel.ts';
import { AppError } from '../domain/errors.ts';
import { scopes as everyScope, type Scope } from '../domain/scope.ts';
import type { Secret } from '../domain/secret.ts';
import { newApiKey } from '../keys/api-key.ts';
import { type AdminConnection, administer, recordAdministration } from '../store/administration.ts';
import { type CredentialRights, insertApiKey } from '../store/credential-writes.ts';

export interface CreateApiKeyInput {
  readonly organisationId: string;
  readonly mode: Mode;
  /** Absent: every scope. */
  readonly scopes?: readonly Scope[];
  /** Absent: until it is revoked. */
  readonly expiresAt?: Date | undefined;
  /** Other organisations that a platform's key may act for. */
  readonly actsFor?: readonly string[];
  /** What people call it. */
  readonly label?: string | undefined;
}

/**
 * Makes an API key. It is told here and never again: stored is its hash.
 *
 * @throws {AppError} `not_found` when an organisation does not exist
 */
export async function createApiKey(
  { adminUrl }: { adminUrl: Secret<string> },
  { scopes = everyScope, expiresAt, actsFor = [], label, ...input }: CreateApiKeyInput,
): Promise<{ id: string; key: Secret<string> }> {
  const rights = {
    ...input,
    scopes,
    label: label ?? null,
    actsFor: actsFor.filter((id) => id !== input.organisationId),
  };
  return administer(adminUrl, (connection) =>
    makeKey(connection, { rights, expiresAt: expiresAt ?? null }),
  );
}

/** Makes a key in the transaction of what it is made for, with a line in the audit. */
export async function makeKey(
  connection: AdminConnection,
  { rights, expiresAt }: { rights: CredentialRights; expiresAt: Date | null },
): Promise<{ id: string; key: Secret<string> }> {
  const id = randomUUID();
  const { key, hash } = newApiKey(rights.mode);
  if (!(await insertApiKey(connection, { ...rights, id, hash, expiresAt }))) {
    throw new AppError('not_found');
  }
  await recordAdministration(connection, {
    action: 'credential.create',
    organisationId: rights.organisationId,
    subject: id,
  });
  for (const organisationId of rights.actsFor) {
    await recordAdministration(connection, {
      action: 'credential.allow',
      organisationId,
      subject: id,
    });
  }
  return { id, key };
}
