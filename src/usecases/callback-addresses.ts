import { AppError } from '../domain/errors.ts';
import { Secret } from '../domain/secret.ts';
import { callbackSecret } from '../keys/callback-secret.ts';
import type { KeyStore } from '../keys/key-store.ts';

/** The addresses to enter at providers. Whoever knows one can hand something over there. */
export interface CallbackAddresses {
  /** Where the SMS provider posts what people answer. */
  readonly inbound: Secret<string>;
  /** Where a mail server posts what came to the return path. */
  readonly bounce: Secret<string>;
}

/** The addresses under the newest callback key; those under older keys work as long as these exist. */
export async function callbackAddresses({
  keys,
  callbackUrl,
}: {
  keys: Pick<KeyStore, 'symmetricKeys'>;
  callbackUrl: string;
}): Promise<CallbackAddresses> {
  const key = (await keys.symmetricKeys('callback')).at(-1);
  if (!key) throw new AppError('key_missing');
  const address = (path: string, callback: 'inbound' | 'bounce') =>
    new Secret(`${callbackUrl}/callbacks/${path}/${callbackSecret(key, callback).reveal()}`);
  return {
    inbound: address('twilio/inbound', 'inbound'),
    bounce: address('email/bounce', 'bounce'),
  };
}
