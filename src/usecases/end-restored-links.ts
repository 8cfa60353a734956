import type { Database } from '../store/database.ts';
import { endRevokedLinks } from '../store/revoked-keys.ts';

const firstId = '00000000-0000-0000-0000-000000000000';
const walkedAtOnce = 5_000;

/**
 * Ends, in a restored database, what went out under link keys that were revoked: not one of them opens
 * already, and whoever may have one is told now.
 *
 * In transactions of their own, so that none takes long, however many links there are: one that ran into
 * the statement's timeout would be tried for ever, and nothing be sent meanwhile. Again is safe, also
 * after a crash between any two.
 */
export async function endRestoredLinks(
  { database }: { readonly database: Pick<Database, 'transaction'> },
  { countMax = walkedAtOnce }: { countMax?: number } = {},
): Promise<void> {
  for (let after: string | undefined = firstId; after !== undefined; ) {
    const input: Parameters<typeof endRevokedLinks>[1] = { after, countMax };
    after = await database.transaction([], (connection) => endRevokedLinks(connection, input));
  }
}
