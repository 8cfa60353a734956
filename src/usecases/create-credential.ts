import { randomUUID } from 'node:crypto';
import type { Mode } from '../domain/channel.ts';
import { AppError } from '../domain/errors.ts';
import { scopes as everyScope, type Scope } from '../domain/scope.ts';
import type { Secret } from '../domain/secret.ts';
import { newApiKey } from '../keys/api-key.ts';
import { administer, recordAdministration } from '../store/administration.ts';
import { insertApiKey } from '../store/credential-writes.ts';

export interface CreateApiKeyInput {
  readonly organisationId: string;
  readonly mode: Mode;
  /** Absent: every scope. */
  readonly scopes?: readonly Scope[];
  /** Absent: until it is revoked. */
  readonly expiresAt?: Date;
  /** Other organisations that a platform's key may act for. */
  readonly actsFor?: readonly string[];
}

/**
 * Makes an API key. It is told here and never again: stored is its hash.
 *
 * @throws {AppError} `not_found` when an organisation does not exist
 */
export async function createApiKey(
  { adminUrl }: { adminUrl: Secret<string> },
  input: CreateApiKeyInput,
): Promise<{ id: string; key: Secret<string> }> {
  const { organisationId, mode, scopes = everyScope, expiresAt, actsFor = [] } = input;
  const id = randomUUID();
  const { key, hash } = newApiKey(mode);
  await administer(adminUrl, async (connection) => {
    const isInserted = await insertApiKey(connection, {
      id,
      organisationId,
      mode,
      hash,
      scopes,
      expiresAt,
      actsFor,
    });
    if (!isInserted) throw new AppError('not_found');
    await recordAdministration(connection, {
      action: 'credential.create',
      organisationId,
      subject: id,
    });
  });
  return { id, key };
}
