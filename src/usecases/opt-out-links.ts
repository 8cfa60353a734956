import { Secret } from '../domain/secret.ts';
import type { KeyStore } from '../keys/key-store.ts';
import { createOptOutTokens, type OptOutClaim, type OptOutTokens } from '../keys/opt-out-token.ts';
import { suppressionIndexes } from '../keys/suppression-index.ts';

/** Below a page's address; what follows is the token. */
const optOutPath = '/stop';

/** How long a minting process goes on with keys that it has read. */
const keysKeptMs = 30_000;

/** Makes the address that stops all messages to an email address. */
export type OptOutUrlOf = (contact: Secret<string>) => Promise<Secret<string>>;

/**
 * Addresses for the `List-Unsubscribe` header of emails, one call an email.
 *
 * They name nobody and are stored nowhere; what they hold is sealed. Keys are read again every half
 * minute, so that a new one is used without a restart.
 *
 * @see RFC 8058
 */
export function createOptOutLinks({
  keys,
  patientUrl,
  nowMs = () => performance.now(),
}: {
  keys: Pick<KeyStore, 'symmetricKeys'>;
  patientUrl: string;
  /** Milliseconds that only go forward. */
  nowMs?: () => number;
}): OptOutUrlOf {
  const read = async () => ({
    tokens: await readTokens(keys),
    peppers: await keys.symmetricKeys('pepper'),
  });
  let kept: { at: number; read: ReturnType<typeof read> } | undefined;

  return async (contact) => {
    if (!kept || nowMs() - kept.at >= keysKeptMs) kept = { at: nowMs(), read: read() };
    const { tokens, peppers } = await kept.read.catch((error: unknown) => {
      kept = undefined;
      throw error;
    });
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
