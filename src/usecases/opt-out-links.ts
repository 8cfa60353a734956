import { Secret } from '../domain/secret.ts';
import { keptBriefly } from '../keys/kept-briefly.ts';
import type { KeyStore } from '../keys/key-store.ts';
import { createOptOutTokens, type OptOutClaim, type OptOutTokens } from '../keys/opt-out-token.ts';
import { suppressionIndexes } from '../keys/suppression-index.ts';

/** Below a page's address; what follows is the token. */
const optOutPath = '/stop';

/** How long a minting process goes on with keys that it has read. */
const keysKeptMs = 10_000;

/** Makes the address that stops all messages to an email address. */
export type OptOutUrlOf = (contact: Secret<string>) => Promise<Secret<string>>;

/**
 * Addresses for the `List-Unsubscribe` header of emails, one call an email.
 *
 * They name nobody and are stored nowhere; what they hold is sealed. Keys are read again every ten
 * seconds, so that a new one is used, and one that is gone is not, without a restart.
 *
 * @see RFC 8058
 */
export function createOptOutLinks({
  keys,
  patientUrl,
}: {
  keys: Pick<KeyStore, 'symmetricKeys'>;
  patientUrl: string;
}): OptOutUrlOf {
  const read = keptBriefly(
    async () => ({
      tokens: await readTokens(keys),
      peppers: await keys.symmetricKeys('pepper'),
    }),
    keysKeptMs,
  );

  return async (contact) => {
    const { tokens, peppers } = await read();
    const index = suppressionIndexes(peppers, contact).at(-1);
    if (!index) throw new Error('no pepper');
    const token = tokens.mint({ ...index, channel: 'email' });
    return new Secret(`${patientUrl}${optOutPath}/${token.reveal()}`);
  };
}

/** Whom an opt-out token is of; undefined for one that was not minted here. */
export async function openOptOutToken(
  { keys }: { keys: Pick<KeyStore, 'symmetricKeys'> },
  token: string,
): Promise<OptOutClaim | undefined> {
  return (await readTokens(keys)).open(token);
}

async function readTokens(keys: Pick<KeyStore, 'symmetricKeys'>): Promise<OptOutTokens> {
  const all = await keys.symmetricKeys('opt-out');
  return createOptOutTokens({ keys: all, newest: all.at(-1)?.id ?? '' });
}
