import type { CeilingName } from '../domain/quota.ts';
import type { AdminConnection } from './administration.ts';
import type { CredentialRights } from './credential-writes.ts';

/** A credential as people may see it: neither the key nor its hash. */
export interface ListedCredential extends CredentialRights {
  readonly id: string;
  readonly kind: 'api_key' | 'public_key';
  readonly state: 'active' | 'expired' | 'revoked';
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
  readonly revokedAt: Date | null;
  /** Within a minute. */
  readonly lastUsedAt: Date | null;
  readonly replacedBy: string | null;
  /** Appointments that it had accepted in this UTC day. */
  readonly today: number;
  /** When it last came to a ceiling within two days, and to which. */
  readonly refusedAt: Date | null;
  readonly refusedBy: CeilingName | null;
  /** What its requests are signed with, the older first. */
  readonly publicKeys: readonly { readonly thumbprint: string; readonly algorithm: string }[];
}

/**
 * Lists credentials in the order in which they were made.
 *
 * @param filter.organisationId whose own they are, or that a platform's may act for
 */
export async function listCredentials(
  connection: AdminConnection,
  filter: { id?: string | undefined; organisationId?: string | undefined } = {},
): Promise<ListedCredential[]> {
  const { rows } = await connection.query<ListedCredential>(
    `select c.id, c.kind, c.label, c.organisation_id as "organisationId", c.mode, c.scopes,
       a.acts_for as "actsFor", c.created_at as "createdAt", c.expires_at as "expiresAt",
       c.revoked_at as "revokedAt", c.last_used_at as "lastUsedAt",
       c.replaced_by as "replacedBy", c.networks::text[] as networks, c.quotas,
       k.public_keys as "publicKeys", u.refused_at as "refusedAt", u.refused_by as "refusedBy",
       u.today,
       case when c.revoked_at is not null then 'revoked'
            when c.expires_at <= clock_timestamp() then 'expired' else 'active' end as state
     from credentials c cross join lateral (
       select coalesce(array_agg(o.organisation_id order by o.organisation_id), '{}') as acts_for
       from credential_organisations o where o.credential_id = c.id) a
     cross join lateral (
       select coalesce(jsonb_agg(jsonb_build_object('thumbprint', k.thumbprint, 'algorithm', k.algorithm)
         order by k.created_at), '[]') as public_keys
       from credential_keys k where k.credential_id = c.id) k
     cross join lateral (
       select coalesce(sum(u.appointments) filter (where u.hour >= date_trunc('day', now(), 'UTC')), 0)::int
           as today,
         max(u.refused_at) as refused_at,
         (array_agg(u.refused_by order by u.refused_at desc nulls last))[1] as refused_by
       from credential_usage u where u.credential_id = c.id) u
     where ($1::uuid is null or c.id = $1)
       and ($2::uuid is null or c.organisation_id = $2 or $2 = any (a.acts_for))
     order by c.created_at, c.id`,
    [filter.id ?? null, filter.organisationId ?? null],
  );
  return rows;
}

/** Reads a credential, which nobody changes until the transaction ends. */
export async function lockCredential(
  connection: AdminConnection,
  id: string,
): Promise<ListedCredential | undefined> {
  await connection.query('select from credentials where id = $1 for no key update', [id]);
  const [credential] = await listCredentials(connection, { id });
  return credential;
}
