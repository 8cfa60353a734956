import type { Database } from './database.ts';

/** A signed request that is let in now, and never again. */
export interface SpentToken {
  readonly credentialId: string;
  /** The credential's own. */
  readonly organisationId: string;
  readonly hash: Buffer;
  readonly expiresAt: Date;
}

/**
 * Remembers tokens, in whichever process they came, and that their credentials were used.
 *
 * @param tokens none twice
 * @returns whether each is new, in the order given
 */
export async function spendTokens(
  database: Pick<Database, 'transaction'>,
  tokens: readonly SpentToken[],
): Promise<boolean[]> {
  const organisationIds = [...new Set(tokens.map((token) => token.organisationId))];
  return database.transaction(organisationIds, async (connection) => {
    const { rows } = await connection.query<{ token: string }>(
      `insert into credential_tokens (organisation_id, credential_id, token_hash, expires_at)
       select * from unnest($1::uuid[], $2::uuid[], $3::bytea[], $4::timestamptz[])
       on conflict do nothing
       returning credential_id || ' ' || encode(token_hash, 'hex') as token`,
      [
        tokens.map((token) => token.organisationId),
        tokens.map((token) => token.credentialId),
        tokens.map((token) => token.hash),
        tokens.map((token) => token.expiresAt),
      ],
    );
    const inserted = new Set(rows.map(({ token }) => token));
    // At most once a minute for each, and never waiting for whoever holds the row.
    await connection.query(
      `update credentials set last_used_at = clock_timestamp() where id in
         (select id from credentials where id = any ($1::uuid[])
            and (last_used_at is null or last_used_at < clock_timestamp() - interval '1 minute')
          for update skip locked)`,
      [[...new Set(tokens.map((token) => token.credentialId))]],
    );
    return tokens.map((token) => inserted.has(tokenText(token)));
  });
}

/** What tells one token from another. */
export function tokenText({ credentialId, hash }: SpentToken): string {
  return `${credentialId} ${hash.toString('hex')}`;
}
