import { argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { Secret } from '../domain/secret.ts';

const hashWith = promisify(argon2);

/** Memory in KiB. @see https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html */
const cost = { memory: 19_456, passes: 2, parallelism: 1 } as const;
const saltBytes = 16;
const hashBytes = 32;
/** What a hash from the database may ask of this process. */
const most = { memory: 1024 * 1024, passes: 16, parallelism: 16 } as const;

const generatedBytes = 16;
export const passwordCharactersMin = 12;
const passwordCharactersMax = 256;

/** A password of 128 random bits, in letters and digits that are not taken for each other. */
export function newPassword(): Secret<string> {
  const digits = 'abcdefghijkmnpqrstuvwxyz23456789';
  let rest = BigInt(`0x${randomBytes(generatedBytes).toString('hex')}`);
  let text = '';
  for (let bits = 0; bits < generatedBytes * 8; bits += 5) {
    text += digits.charAt(Number(rest % 32n));
    rest /= 32n;
  }
  return new Secret(text);
}

/** Whether a person may choose it: long enough to resist guessing, short enough to be hashed. */
export function isPasswordLongEnough(password: Secret<string>): boolean {
  const { length } = Array.from(normalised(password));
  return length >= passwordCharactersMin && length <= passwordCharactersMax;
}

/**
 * The argon2id hash of a password in the PHC string format, which names its cost, so that the cost
 * may grow and old hashes still verify.
 *
 * @see https://github.com/P-H-C/phc-string-format/blob/master/phc-sf-spec.md
 * @see RFC 9106
 */
export async function hashPassword(password: Secret<string>): Promise<string> {
  const salt = randomBytes(saltBytes);
  const hash = await hashWith('argon2id', {
    message: normalised(password),
    nonce: salt,
    tagLength: hashBytes,
    ...cost,
  });
  return phcString(salt, hash);
}

/**
 * Whether it is the password.
 *
 * @param hash as `hashPassword` made it; undefined where there is no such user, which takes as long
 */
export async function verifyPassword(
  password: Secret<string>,
  hash: string | undefined,
): Promise<boolean> {
  const known = parsePhc(hash ?? nobody) ?? parsePhc(nobody);
  if (!known) return false;
  const { salt, expected, ...asked } = known;
  const actual = await hashWith('argon2id', {
    message: normalised(password),
    nonce: salt,
    tagLength: expected.length,
    ...asked,
  });
  return timingSafeEqual(actual, expected) && hash !== undefined && parsePhc(hash) !== undefined;
}

/** What is typed with another keyboard or system is the same password. @see NIST SP 800-63B, 3.1.1.2 */
function normalised(password: Secret<string>): string {
  return password
    .reveal()
    .normalize('NFKC')
    .slice(0, passwordCharactersMax * 4);
}

const base64 = (bytes: Buffer) => bytes.toString('base64').replace(/=+$/, '');

function phcString(salt: Buffer, hash: Buffer): string {
  const { memory, passes, parallelism } = cost;
  return `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${base64(salt)}$${base64(hash)}`;
}

/** Costs what a real one costs, and is nobody's: no password is known that gives these bytes. */
const nobody = phcString(randomBytes(saltBytes), randomBytes(hashBytes));

const shape =
  /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]{11,64})\$([A-Za-z0-9+/]{22,86})$/;

function parsePhc(text: string) {
  const [, m, t, p, salt, hash] = shape.exec(text) ?? [];
  if (!salt || !hash) return undefined;
  const asked = { memory: Number(m), passes: Number(t), parallelism: Number(p) };
  const isSane =
    asked.passes >= 1 &&
    asked.passes <= most.passes &&
    asked.parallelism >= 1 &&
    asked.parallelism <= most.parallelism &&
    asked.memory >= 8 * asked.parallelism &&
    asked.memory <= most.memory;
  if (!isSane) return undefined;
  return { ...asked, salt: Buffer.from(salt, 'base64'), expected: Buffer.from(hash, 'base64') };
}
