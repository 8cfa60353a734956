import { createHash, randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { type Mode, modes } from '../domain/channel.ts';
import { Secret } from '../domain/secret.ts';

const base62Digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const secretBytes = 32;
const secretCharacters = 43; // the fewest base62 digits that hold 256 bits
const checksumCharacters = 6; // likewise 32 bits
const shape = new RegExp(
  `^sotto_(${modes.join('|')})_[0-9A-Za-z]{${secretCharacters + checksumCharacters}}$`,
);

/**
 * A new API key: prefix, 256 random bits, and a checksum over both, so that secret scanners can
 * tell a key from noise without asking us. What is stored is its SHA-256; a key of this entropy
 * needs no slow hash.
 */
export function newApiKey(mode: Mode): { key: Secret<string>; hash: Buffer } {
  return apiKeyOf(mode, new Secret(randomBytes(secretBytes)));
}

/** The API key that these 32 random bytes come to. */
export function apiKeyOf(mode: Mode, bytes: Secret<Buffer>): { key: Secret<string>; hash: Buffer } {
  const secret = base62(bytes.reveal(), secretCharacters);
  const unchecked = `sotto_${mode}_${secret}`;
  const key = unchecked + checksum(unchecked);
  return { key: new Secret(key), hash: sha256(key) };
}

/** Mode and hash of what looks like one of our keys; whether it is one, the database knows. */
export function parseApiKey(text: string): { mode: Mode; hash: Buffer } | undefined {
  const mode = modes.find((known) => known === shape.exec(text)?.[1]);
  if (!mode) return undefined;
  const end = text.length - checksumCharacters;
  if (checksum(text.slice(0, end)) !== text.slice(end)) return undefined;
  return { mode, hash: sha256(text) };
}

function checksum(text: string): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc32(text));
  return base62(bytes, checksumCharacters);
}

function base62(bytes: Buffer, characters: number): string {
  let rest = BigInt(`0x${bytes.toString('hex')}`);
  let digits = '';
  for (let position = 0; position < characters; position += 1) {
    digits = base62Digits.charAt(Number(rest % 62n)) + digits;
    rest /= 62n;
  }
  return digits;
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
