import { randomUUID } from 'node:crypto';
import type { Mode } from '../domain/channel.ts';
import { AppError } from '../domain/errors.ts';
import { scopes as everyScope, type Scope } from '../domain/scope.ts';
import type { Secret } from '../domain/secret.ts';
import { newApiKey } from '../keys/api-key.ts';
import { type AdminConnection, administer, recordAdministration } from '../store/administration.ts';
import { type CredentialRights, insertCredential } from '../store/credential-writes.ts';

export interface CreateCredentialInput {
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
  /** Where it may be used from (CIDR); absent or null: from anywhere. */
  readonly networks?: readonly string[] | null | undefined;
}

/**
 * Makes an API key. It is told here and never again: stored is its hash.
 *
 * @throws {AppError} `not_found` when an organisation does not exist
 */
export async function createApiKey(
  { adminUrl }: { adminUrl: Secret<string> },
  input: CreateCredentialInput,
): Promise<{ id: string; key: Secret<string> }> {
  return administer(adminUrl, (connection) =>
    makeKey(connection, { rights: rightsOf(input), expiresAt: input.expiresAt ?? null }),
  );
}

/** What a credential may do, with what is meant where nothing is said. */
export function rightsOf(input: CreateCredentialInput): CredentialRights {
  const { organisationId, mode, scopes = everyScope, actsFor = [], label, networks } = input;
  return {
    organisationId,
    mode,
    scopes,
    label: label ?? null,
    networks: networks ?? null,
    quotas: {},
    actsFor: actsFor.filter((id) => id !== organisationId),
  };
}

/** Makes a key in the transaction of what it is made for, with a line in the audit. */
export async function makeKey(
  connection: AdminConnection,
  { rights, expiresAt }: { rights: CredentialRights; expiresAt: Date | null },
): Promise<{ id: string; key: Secret<string> }> {
  const { key, hash } = newApiKey(rights.mode);
  return { id: await makeCredential(connection, { rights, hash, expiresAt }), key };
}

/**
 * Makes a credential, with its lines in the audit.
 *
 * @param hash null for one that signs with keys of its own
 */
export async function makeCredential(
  connection: AdminConnection,
  {
    rights,
    hash,
    expiresAt,
  }: { rights: CredentialRights; hash: Buffer | null; expiresAt: Date | null },
): Promise<string> {
  const id = randomUUID();
  if (!(await insertCredential(connection, { ...rights, id, hash, expiresAt }))) {
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
  return id;
}
