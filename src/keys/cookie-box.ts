import { createSecretKey } from 'node:crypto';
import { errors, jwtDecrypt } from 'jose';
import type { NumberedKey } from './key-store.ts';
import { KeyStoreError } from './key-store-error.ts';
import { sealDirectly } from './seal-directly.ts';

export interface CookieBox {
  /** The value for a cookie, of characters that need no quoting. */
  seal(payload: object, options: { expiresAt: Date }): Promise<string>;
  /** What was sealed, or undefined for anything expired, changed, or sealed for another purpose. */
  open(value: string): Promise<object | undefined>;
}

const keyBytes = 32;

/**
 * Seals what a cookie carries: a JWE (RFC 7516) with algorithms `dir` and `A256GCM` and no other, which jose opens.
 *
 * @param newest id of the key that seals, the last unless said; all keys open
 * @param purpose becomes the header's `typ`, so that one kind of cookie is never taken for another
 * @param now milliseconds since 1970
 * @throws {KeyStoreError} for a missing newest key, or one that is not 32 bytes
 */
export function createCookieBox({
  keys,
  newest = keys.at(-1)?.id ?? '',
  purpose,
  now = Date.now,
}: {
  keys: readonly NumberedKey[];
  newest?: string;
  purpose: string;
  now?: () => number;
}): CookieBox {
  const cookieKeys = new Map(keys.map(({ id, key }) => [id, aesKey(id, key.reveal())]));
  const newestKey = cookieKeys.get(newest);
  if (!newestKey) throw new KeyStoreError(['patient/cookie: the newest key is missing']);

  const header = { alg: 'dir', enc: 'A256GCM', typ: purpose, kid: newest };
  const protectedHeader = Buffer.from(JSON.stringify(header)).toString('base64url');

  return {
    async seal(payload, { expiresAt }) {
      const claims = JSON.stringify({ payload, exp: Math.floor(expiresAt.getTime() / 1_000) });
      const sealed = sealDirectly(newestKey, protectedHeader, Buffer.from(claims));
      const parts = [sealed.iv, sealed.ciphertext, sealed.tag].map((part) =>
        part.toString('base64url'),
      );
      // `dir` leaves the place of an encrypted key empty.
      return [protectedHeader, '', ...parts].join('.');
    },

    async open(value) {
      try {
        const { payload } = await jwtDecrypt<{ payload: object }>(
          value,
          ({ kid }) => {
            const key = cookieKeys.get(kid ?? '');
            if (!key) throw new errors.JWEDecryptionFailed();
            return key;
          },
          {
            keyManagementAlgorithms: ['dir'],
            contentEncryptionAlgorithms: ['A256GCM'],
            maxDecompressedLength: 0,
            typ: purpose,
            requiredClaims: ['exp'],
            currentDate: new Date(now()),
          },
        );
        return payload.payload;
      } catch (error) {
        if (error instanceof errors.JOSEError) return undefined;
        throw error;
      }
    },
  };
}

function aesKey(id: string, bytes: Buffer) {
  if (bytes.length !== keyBytes) {
    throw new KeyStoreError([`patient/cookie/${id}.key: is not ${keyBytes} bytes`]);
  }
  return createSecretKey(bytes);
}
