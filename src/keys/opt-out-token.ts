import { createSecretKey, type KeyObject } from 'node:crypto';
import { errors, flattenedDecrypt } from 'jose';
import { type Channel, channels } from '../domain/channel.ts';
import { Secret } from '../domain/secret.ts';
import type { NumberedKey } from './key-store.ts';
import { KeyStoreError } from './key-store-error.ts';
import { sealDirectly } from './seal-directly.ts';
import type { SuppressionIndex } from './suppression-index.ts';

/** Whom an opt-out is of: no contact point, but what it is found by. */
export interface OptOutClaim extends SuppressionIndex {
  readonly channel: Channel;
}

export interface OptOutTokens {
  /** A token for one email's header: other characters each time, and nothing readable in them. */
  mint(claim: OptOutClaim): Secret<string>;
  /** Undefined for anything that was not minted under one of the keys. */
  open(token: string): Promise<OptOutClaim | undefined>;
}

const header = { alg: 'dir', enc: 'A256GCM', typ: 'opt-out' } as const;
const protectedHeader = Buffer.from(JSON.stringify(header)).toString('base64url');

const keyBytes = 32;
const ivBytes = 12;
const tagBytes = 16;
const indexBytes = 32;
const headBytes = 2;
const pepperIdBytesMax = 9;
const shape = new RegExp(`^[A-Za-z0-9_-]{${charactersOf(1)},${charactersOf(pepperIdBytesMax)}}$`);

/**
 * Tokens that stop messages: a JWE (RFC 7516; `dir`, A256GCM) around a suppression index.
 *
 * Its header is the same for all and kept at home, and IV, ciphertext and tag are written without
 * dots, so that the address stays short: some mail programs cut long header lines. A token never
 * expires by itself: it works as long as its key is kept. Minting makes what jose would;
 * what comes from outside is opened by jose.
 *
 * @param newest id of the key that seals; all keys open
 * @throws {KeyStoreError} for a missing newest key, or one that is not 32 bytes
 */
export function createOptOutTokens({
  keys,
  newest,
}: {
  keys: readonly NumberedKey[];
  newest: string;
}): OptOutTokens {
  const all = new Map(keys.map(({ id, key }) => [id, aesKey(id, key.reveal())]));
  const newestKey = all.get(newest);
  if (!newestKey) throw new KeyStoreError(['opt-out: the newest key is missing']);

  return {
    mint(claim) {
      const { iv, ciphertext, tag } = sealDirectly(newestKey, protectedHeader, encodeClaim(claim));
      return new Secret(Buffer.concat([iv, ciphertext, tag]).toString('base64url'));
    },

    async open(token) {
      if (!shape.test(token)) return undefined;
      const bytes = Buffer.from(token, 'base64url');
      // One text a token: base64url leaves bits over at the end.
      if (bytes.toString('base64url') !== token) return undefined;
      for (const key of all.values()) {
        const plaintext = await decrypt(bytes, key);
        if (plaintext) return decodeClaim(plaintext);
      }
      return undefined;
    },
  };
}

async function decrypt(bytes: Buffer, key: KeyObject): Promise<Buffer | undefined> {
  const text = (from: number, to?: number) => bytes.subarray(from, to).toString('base64url');
  try {
    const { plaintext } = await flattenedDecrypt(
      {
        protected: protectedHeader,
        iv: text(0, ivBytes),
        ciphertext: text(ivBytes, -tagBytes),
        tag: text(bytes.length - tagBytes),
      },
      key,
      {
        keyManagementAlgorithms: ['dir'],
        contentEncryptionAlgorithms: ['A256GCM'],
        maxDecompressedLength: 0,
      },
    );
    return Buffer.from(plaintext);
  } catch (error) {
    if (error instanceof errors.JOSEError) return undefined;
    throw error;
  }
}

/** One byte for the channel, one for the length of the pepper's id, the id, the index. */
function encodeClaim({ channel, pepperId, index }: OptOutClaim): Buffer {
  const id = Buffer.from(pepperId);
  if (index.length !== indexBytes || id.length === 0 || id.length > pepperIdBytesMax) {
    throw new KeyStoreError(['pepper: holds a key with a number that is too long']);
  }
  return Buffer.concat([Buffer.from([channels.indexOf(channel), id.length]), id, index]);
}

function decodeClaim(bytes: Buffer): OptOutClaim | undefined {
  const channel = channels[bytes[0] ?? channels.length];
  const indexStart = headBytes + (bytes[1] ?? 0);
  if (!channel || bytes.length !== indexStart + indexBytes) return undefined;
  return {
    channel,
    pepperId: bytes.subarray(headBytes, indexStart).toString(),
    index: bytes.subarray(indexStart),
  };
}

function charactersOf(pepperIdBytes: number): number {
  return Math.ceil(((ivBytes + headBytes + pepperIdBytes + indexBytes + tagBytes) * 4) / 3);
}

function aesKey(id: string, bytes: Buffer): KeyObject {
  if (bytes.length !== keyBytes) {
    throw new KeyStoreError([`opt-out/${id}.key: is not ${keyBytes} bytes`]);
  }
  return createSecretKey(bytes);
}
