import type { AdminConnection } from './administration.ts';

/** A public key that is registered for a credential. */
export interface NewRegisteredKey {
  readonly credentialId: string;
  readonly organisationId: string;
  readonly thumbprint: string;
  readonly algorithm: string;
  readonly publicKey: object;
}

/** How many a credential may have at a time: one, and the one that takes its place. */
const registeredKeysMax = 2;

/**
 * Registers a public key for a credential that is locked.
 *
 * @returns `known` when it has this one, `full` when it has as many as it may
 */
export async function insertRegisteredKey(
  connection: AdminConnection,
  key: NewRegisteredKey,
): Promise<'inserted' | 'known' | 'full'> {
  const { rows } = await connection.query<{ thumbprint: string; slot: number }>(
    'select thumbprint, slot from credential_keys where credential_id = $1',
    [key.credentialId],
  );
  if (rows.some(({ thumbprint }) => thumbprint === key.thumbprint)) return 'known';
  if (rows.length >= registeredKeysMax) return 'full';
  await connection.query(
    `insert into credential_keys (organisation_id, credential_id, thumbprint, slot, algorithm, public_key)
     values ($1, $2, $3, $4, $5, $6)`,
    [
      key.organisationId,
      key.credentialId,
      key.thumbprint,
      rows[0]?.slot === 1 ? 2 : 1,
      key.algorithm,
      JSON.stringify(key.publicKey),
    ],
  );
  return 'inserted';
}

/** @returns whether it was there */
export async function deleteRegisteredKey(
  connection: AdminConnection,
  { credentialId, thumbprint }: { credentialId: string; thumbprint: string },
): Promise<boolean> {
  const { rowCount } = await connection.query(
    'delete from credential_keys where credential_id = $1 and thumbprint = $2',
    [credentialId, thumbprint],
  );
  return rowCount === 1;
}
