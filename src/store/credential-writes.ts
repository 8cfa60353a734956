import type { Mode } from '../domain/channel.ts';
import type { Quotas } from '../domain/quota.ts';
import type { Scope } from '../domain/scope.ts';
import type { AdminConnection } from './administration.ts';

/** What a key may do, for whom, and what people call it. */
export interface CredentialRights {
  readonly organisationId: string;
  readonly mode: Mode;
  readonly scopes: readonly Scope[];
  /** Other organisations that it may act for; a key with any is a platform's. */
  readonly actsFor: readonly string[];
  readonly label: string | null;
  /** Where it may be used from (CIDR); null: from anywhere. */
  readonly networks: readonly string[] | null;
  /** What it may have accepted in an hour or a day, beside what its organisation allows. */
  readonly quotas: Quotas;
}

export interface NewCredential extends CredentialRights {
  readonly id: string;
  /** SHA-256 of an API key; null for a credential that signs with registered keys. */
  readonly hash: Buffer | null;
  readonly expiresAt: Date | null;
}

/** @returns false when one of the organisations does not exist */
export async function insertCredential(
  connection: AdminConnection,
  key: NewCredential,
): Promise<boolean> {
  const wanted = new Set([key.organisationId, ...key.actsFor]);
  const known = await connection.query('select from organisations where id = any ($1::uuid[])', [
    [...wanted],
  ]);
  if (known.rowCount !== wanted.size) return false;
  await connection.query(
    `insert into credentials (id, organisation_id, mode, kind, key_hash, platform, scopes,
       expires_at, label, networks, quotas)
     values ($1, $2, $3, case when $4::bytea is null then 'public_key' else 'api_key' end, $4, $5, $6,
       $7, $8, ${asNetworks('$9')}, $10)`,
    [
      key.id,
      key.organisationId,
      key.mode,
      key.hash,
      key.actsFor.length > 0,
      key.scopes,
      key.expiresAt,
      key.label,
      key.networks,
      JSON.stringify(key.quotas),
    ],
  );
  await allowOrganisations(connection, { credentialId: key.id, organisationIds: key.actsFor });
  return true;
}

/** An address with more bits than its prefix has is the network that it lies in. */
function asNetworks(parameter: string): string {
  return `(select array_agg(distinct network(n::inet)) from unnest(${parameter}::text[]) n)`;
}

/** Binds a credential to networks, or with null to none. */
export async function updateNetworks(
  connection: AdminConnection,
  { credentialId, networks }: { credentialId: string; networks: readonly string[] | null },
): Promise<void> {
  await connection.query(`update credentials set networks = ${asNetworks('$2')} where id = $1`, [
    credentialId,
    networks,
  ]);
}

export async function updateQuotas(
  connection: AdminConnection,
  { credentialId, quotas }: { credentialId: string; quotas: Quotas },
): Promise<void> {
  await connection.query('update credentials set quotas = $2 where id = $1', [
    credentialId,
    JSON.stringify(quotas),
  ]);
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

/**
 * Lets a credential, which is a platform's from then on, act for more organisations. One that it may
 * act for already stays so.
 *
 * @returns how many are new
 */
export async function allowOrganisations(
  connection: AdminConnection,
  { credentialId, organisationIds }: { credentialId: string; organisationIds: readonly string[] },
): Promise<number> {
  if (organisationIds.length === 0) return 0;
  await connection.query('update credentials set platform = true where id = $1', [credentialId]);
  const { rowCount } = await connection.query(
    `insert into credential_organisations (credential_id, organisation_id)
     select $1, unnest($2::uuid[]) on conflict do nothing`,
    [credentialId, organisationIds],
  );
  return rowCount ?? 0;
}

/** @returns whether it might act for it before */
export async function disallowOrganisation(
  connection: AdminConnection,
  { credentialId, organisationId }: { credentialId: string; organisationId: string },
): Promise<boolean> {
  const { rowCount } = await connection.query(
    'delete from credential_organisations where credential_id = $1 and organisation_id = $2',
    [credentialId, organisationId],
  );
  return rowCount === 1;
}

/**
 * Lets a key end after the overlap, if it would not end sooner, since another has taken its place.
 *
 * @returns when it ends
 */
export async function markReplaced(
  connection: AdminConnection,
  { credentialId, by, overlapMs }: { credentialId: string; by: string; overlapMs: number },
): Promise<Date> {
  const { rows } = await connection.query<{ expires_at: Date }>(
    `update credentials
     set replaced_by = $3,
       expires_at = least(expires_at, clock_timestamp() + $2 * interval '1 millisecond')
     where id = $1 returning expires_at`,
    [credentialId, overlapMs, by],
  );
  const [row] = rows;
  if (!row) throw new TypeError('credential');
  return row.expires_at;
}
