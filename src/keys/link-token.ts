import { createHmac, createSecretKey } from 'node:crypto';
import { errors, flattenedVerify } from 'jose';
import { Secret } from '../domain/secret.ts';
import { KeyStoreError } from './key-store-error.ts';

/** The HMAC key of one selector; the selector is the first character of its tokens. */
export interface LinkKey {
  readonly selector: string;
  readonly key: Secret<Buffer>;
}

export interface LinkTokens {
  /** The selector that new links are made with. */
  readonly newestSelector: string;
  /** The 68 characters of a link, the same ones each time. */
  mint(secret: Secret<Buffer>, selector: string): Secret<string>;
  /** The link secret, or undefined for whatever we did not mint. */
  verify(token: string): Promise<Secret<Buffer> | undefined>;
}

const keyBytesMin = 32; // RFC 7518, 3.2; jose itself would take a shorter one
const secretCharacters = 24;

/**
 * Mints and verifies link tokens: selector, base64url(S), base64url(HMAC-SHA-256).
 *
 * A token is a JWS (RFC 7515) whose protected header is the same for all tokens of a selector and
 * therefore stays at home. Minting uses `createHmac`, which is fifty times cheaper than jose and
 * makes the same bytes; what comes from outside is verified by jose.
 *
 * @param keys oldest first; the last one is the newest
 * @param audience host of PATIENT_URL: a token of another deployment fails here
 * @throws {KeyStoreError} for no key, one shorter than 32 bytes, or an unusable selector
 */
export function createLinkTokens({
  keys,
  audience,
}: {
  keys: readonly LinkKey[];
  audience: string;
}): LinkTokens {
  checkKeys(keys);
  const signers = new Map(
    keys.map(({ selector, key }) => {
      const keyObject = createSecretKey(key.reveal());
      return [selector, { protectedHeader: protectedHeader(selector, audience), keyObject }];
    }),
  );
  const verifiers = new Map(
    Array.from(signers, ([selector, { protectedHeader, keyObject }]) => {
      const algorithm = { name: 'HMAC', hash: 'SHA-256' };
      const key = keyObject.toCryptoKey(algorithm, false, ['verify']);
      return [selector, { protectedHeader, key }];
    }),
  );
  // The last character of 32 bytes in base64url has two slack bits that must be zero. jose takes
  // four spellings, padding and white space; a lock or a counter must not see four links in one.
  const shape = new RegExp(
    `^[${Array.from(signers.keys()).join('')}][A-Za-z0-9_-]{66}[AEIMQUYcgkosw048]$`,
  );

  return {
    newestSelector: (keys.at(-1) as LinkKey).selector,

    mint(secret, selector) {
      const signer = signers.get(selector);
      if (!signer) throw new KeyStoreError(['link: no key for this selector']);
      const payload = secret.reveal().toString('base64url');
      const signature = createHmac('sha256', signer.keyObject)
        .update(`${signer.protectedHeader}.${payload}`)
        .digest('base64url');
      return new Secret(`${selector}${payload}${signature}`);
    },

    async verify(token) {
      if (!shape.test(token)) return undefined;
      const verifier = verifiers.get(token.charAt(0));
      if (!verifier) return undefined;
      const payload = token.slice(1, 1 + secretCharacters);
      const jws = {
        protected: verifier.protectedHeader,
        payload,
        signature: token.slice(1 + secretCharacters),
      };
      try {
        await flattenedVerify(jws, verifier.key, { algorithms: ['HS256'] });
      } catch (error) {
        if (error instanceof errors.JOSEError) return undefined;
        throw error;
      }
      return new Secret(Buffer.from(payload, 'base64url'));
    },
  };
}

function protectedHeader(selector: string, audience: string): string {
  const header = { alg: 'HS256', typ: 'reminder-link', kid: selector, aud: audience };
  return Buffer.from(JSON.stringify(header)).toString('base64url');
}

function checkKeys(keys: readonly LinkKey[]): void {
  const problems = keys.flatMap(({ selector, key }) => {
    if (!/^[A-Za-z0-9]$/.test(selector)) return ['link: a selector must be one letter or digit'];
    return key.reveal().length < keyBytesMin
      ? [`link/${selector}.key: shorter than ${keyBytesMin} bytes`]
      : [];
  });
  if (keys.length === 0) problems.push('link: no key');
  if (new Set(keys.map(({ selector }) => selector)).size !== keys.length) {
    problems.push('link: two keys have the same selector');
  }
  if (problems.length > 0) throw new KeyStoreError(problems);
}
