const alphabet = 'abcdefghijklmnopqrstuvwxyz234567';
const tokenBytes = 16;
const tokenLetters = 26;
/** RFC 5321, 4.5.3.1.1. */
const localPartMax = 64;

/**
 * The return path of one attempt: `bounces@x.org` becomes `bounces+<token>@x.org`.
 *
 * Other servers may change the case of an address, so the token is written in base32, lower case.
 *
 * @param attemptToken 16 bytes in base64url
 * @returns undefined when the local part has no room for a token, or the token is none
 * @see RFC 4648, 6
 */
export function verpAddress(returnPath: string, attemptToken: string): string | undefined {
  const letters = verpToken(attemptToken);
  const at = returnPath.lastIndexOf('@');
  const local = returnPath.slice(0, at);
  if (!letters || at < 1 || local.length + 1 + tokenLetters > localPartMax) return undefined;
  return `${local}+${letters}${returnPath.slice(at)}`;
}

/** An attempt token as it is written in a return path. */
export function verpToken(attemptToken: string): string | undefined {
  const token = Buffer.from(attemptToken, 'base64url');
  return token.length === tokenBytes ? encode(token) : undefined;
}

/** Reads what {@link verpToken} wrote, in whatever case. */
export function tokenOfLetters(letters: string): Buffer | undefined {
  return /^[a-z2-7]{26}$/i.test(letters) ? decode(letters.toLowerCase()) : undefined;
}

/** The attempt token that a return path holds, whatever a server did to its case. */
export function tokenOfVerpAddress(text: string): Buffer | undefined {
  for (const [, letters] of text.matchAll(/\+([a-z2-7]{26})@/gi)) {
    const token = tokenOfLetters(letters as string);
    if (token) return token;
  }
  return undefined;
}

function encode(token: Buffer): string {
  let bits = BigInt(`0x${token.toString('hex')}`) << 2n;
  let letters = '';
  for (let index = 0; index < tokenLetters; index += 1) {
    letters = alphabet[Number(bits & 31n)] + letters;
    bits >>= 5n;
  }
  return letters;
}

/** Only what {@link encode} writes: 130 bits of which the last two are not set. */
function decode(letters: string): Buffer | undefined {
  let bits = 0n;
  for (const letter of letters) bits = (bits << 5n) | BigInt(alphabet.indexOf(letter));
  if ((bits & 3n) !== 0n) return undefined;
  return Buffer.from((bits >> 2n).toString(16).padStart(tokenBytes * 2, '0'), 'hex');
}
