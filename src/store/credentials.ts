import type { Mode } from '../domain/channel.ts';
import type { Quotas } from '../domain/quota.ts';
import type { Scope } from '../domain/scope.ts';
import { createBatchedLookup } from './batched-lookup.ts';
import { type Database, uuidArray } from './database.ts';

/** A credential as it stands at this moment, with the ceiling of the organisation it belongs to. */
export interface StoredCredential {
  readonly id: string;
  readonly organisationId: string;
  readonly mode: Mode;
  readonly platform: boolean;
  readonly scopes: readonly Scope[];
  /** Neither revoked nor expired, by the database's clock. */
  readonly usable: boolean;
  readonly requestsPerMinute: number | null;
  /** Where it may be used from (CIDR); null: from anywhere. */
  readonly networks: readonly string[] | null;
  /** It was not noted within the last minute that it was used. */
  readonly isUseUnnoted: boolean;
  /** What it may have accepted in an hour or a day, beside what its organisation allows. */
  readonly quotas: Quotas;
}

/** One that signs its requests. */
export interface SigningCredential extends StoredCredential {
  readonly keys: readonly StoredKey[];
}

/** A registered public key, as a JWK (RFC 7517). */
export interface StoredKey {
  readonly thumbprint: string;
  readonly algorithm: 'EdDSA' | 'ES256';
  readonly publicKey: Readonly<Record<string, string>>;
}

interface CredentialRow {
  id: string;
  organisation_id: string;
  mode: Mode;
  platform: boolean;
  scopes: Scope[];
  usable: boolean;
  requests_per_minute: number | null;
  networks: string[] | null;
  quotas: Quotas;
  unmarked: boolean;
}

const credentialColumns = `c.id, c.organisation_id, c.mode, c.platform, c.scopes,
  c.revoked_at is null and (c.expires_at is null or c.expires_at > clock_timestamp()) as usable,
  c.networks::text[] as networks, c.quotas, o.requests_per_minute,
  c.last_used_at is null or c.last_used_at < clock_timestamp() - interval '1 minute' as unmarked`;

/**
 * Finds API keys by their hash.
 *
 * Nothing is remembered between queries, so a revoked key is refused from the next request on.
 */
export function createCredentialLookup(
  database: Database,
): (hash: Buffer) => Promise<StoredCredential | undefined> {
  const find = createBatchedLookup(async (hashes) => {
    const rows = await readCredentials(database, hashes);
    return new Map(rows.map((row) => [row.hash, fromRow(row)]));
  });
  return (hash) => find(hash.toString('hex'));
}

/**
 * The organisation must be known before its rows can be seen: the reading is bound to the
 * organisations of these keys.
 */
async function readCredentials(
  database: Database,
  hashes: readonly string[],
): Promise<(CredentialRow & { hash: string })[]> {
  const values = [hashes.map((hash) => Buffer.from(hash, 'hex'))];
  return database.readAs<CredentialRow & { hash: string } & Record<string, unknown>>(
    {
      name: 'bind organisations of credentials',
      text: `select coalesce(array_agg(distinct f.organisation_id), '{}')::text
             from unnest($1::bytea[]) as given (hash), find_credential(given.hash) f`,
      values,
    },
    {
      name: 'find credentials',
      text: `select encode(c.key_hash, 'hex') as hash, ${credentialColumns}
             from credentials c join organisations o on o.id = c.organisation_id
             where c.key_hash = any ($1)`,
      values,
    },
  );
}

/**
 * Notes that credentials were used, for who has seen that they may be: one that is refused for where it came
 * from was not. Never waits for whoever holds the row.
 */
export function createCredentialUses(
  database: Pick<Database, 'transaction'>,
): (credential: Pick<StoredCredential, 'id' | 'organisationId'>) => Promise<void> {
  const note = createBatchedLookup(async (uses) => {
    const pairs = uses.map((use) => use.split(' '));
    const organisationIds = [...new Set(pairs.map(([organisationId = '']) => organisationId))];
    await database.transaction(organisationIds, (connection) =>
      connection.query(
        `update credentials set last_used_at = clock_timestamp() where id in
           (select id from credentials where id = any ($1) for update skip locked)`,
        [pairs.map(([, id]) => id)],
      ),
    );
    return new Map<string, never>();
  });
  return async ({ id, organisationId }) => {
    await note(`${organisationId} ${id}`);
  };
}

function fromRow(row: CredentialRow): StoredCredential {
  return {
    id: row.id,
    organisationId: row.organisation_id,
    mode: row.mode,
    platform: row.platform,
    scopes: row.scopes,
    usable: row.usable,
    requestsPerMinute: row.requests_per_minute,
    networks: row.networks,
    isUseUnnoted: row.unmarked,
    quotas: row.quotas,
  };
}

/**
 * Finds credentials that sign their requests, by id, with the keys that are registered at this moment.
 *
 * Nothing is remembered here either: a key that is taken away is refused from the next request on.
 */
export function createSigningLookup(
  database: Database,
): (id: string) => Promise<SigningCredential | undefined> {
  return createBatchedLookup(async (ids) => {
    const values = [uuidArray(ids)];
    const rows = await database.readAs<
      CredentialRow & { keys: StoredKey[] } & Record<string, unknown>
    >(
      {
        name: 'bind organisations of signers',
        text: `select coalesce(array_agg(distinct f.organisation_id), '{}')::text
               from find_credential_owners($1::uuid[]) f`,
        values,
      },
      {
        name: 'find signers',
        text: `select ${credentialColumns}, k.keys
               from credentials c join organisations o on o.id = c.organisation_id
               cross join lateral (select jsonb_agg(jsonb_build_object('thumbprint', k.thumbprint,
                   'algorithm', k.algorithm, 'publicKey', k.public_key)) as keys
                 from credential_keys k where k.credential_id = c.id) k
               where c.id = any ($1::uuid[]) and c.kind = 'public_key' and k.keys is not null`,
        values,
      },
    );
    return new Map(rows.map((row) => [row.id, { ...fromRow(row), keys: row.keys }]));
  });
}

/**
 * The ceiling of an organisation that a platform credential may act for; undefined when it may not.
 */
export async function findPlatformOrganisation(
  database: Database,
  { credentialId, organisationId }: { credentialId: string; organisationId: string },
): Promise<{ requestsPerMinute: number | null } | undefined> {
  return database.transaction([organisationId], async (connection) => {
    const { rows } = await connection.query<{ requests_per_minute: number | null }>(
      `select o.requests_per_minute from organisations o
       where o.id = $2 and find_credential_organisation($1, $2)`,
      [credentialId, organisationId],
    );
    return rows[0] && { requestsPerMinute: rows[0].requests_per_minute };
  });
}
