import type { Mode } from '../domain/channel.ts';
import type { Scope } from '../domain/scope.ts';
import type { AdminConnection } from './administration.ts';

export interface NewApiKey {
  readonly id: string;
  readonly organisationId: string;
  readonly mode: Mode;
  readonly hash: Buffer;
  readonly scopes: readonly Scope[];
  readonly expiresAt: Date | undefined;
  /** Other organisations that it may act for; a key with any is a platform's. */
  readonly actsFor: readonly string[];
}

/** @returns false when one of the organisations does not exist */
export async function insertApiKey(connection: AdminConnection, key: NewApiKey): Promise<boolean> {
  const wanted = new Set([key.organisationId, ...key.actsFor]);
  const known = await connection.query('select from organisations where id = any ($1::uuid[])', [
    [...wanted],
  ]);
  if (known.rowCount !== wanted.size) return false;
  await connection.query(
    `insert into credentials (id, organisation_id, mode, kind, key_hash, platform, scopes, expires_at)
     values ($1, $2, $3, 'api_key', $4, $5, $6, $7)`,
    [
      key.id,
      key.organisationId,
      key.mode,
      key.hash,
      key.actsFor.length > 0,
      key.scopes,
      key.expiresAt ?? null,
    ],
  );
  await connection.query(
    `insert into credential_organisations (credential_id, organisation_id)
     select $1, unnest($2::uuid[])`,
    [key.id, key.actsFor],
  );
  return true;
}

/** @returns the organisation of the credential, or undefined when there is no such credential */
export async function markRevoked(
  connection: AdminConnection,
  credentialId: string,
): Promise<string | undefined> {
  const { rows } = await connection.query<{ organisation_id: string }>(
    `update credentials set revoked_at = coalesce(revoked_at, clock_timestamp()) where id = $1
     returning organisation_id`,
    [credentialId],
  );
  return rows[0]?.organisation_id;
}
