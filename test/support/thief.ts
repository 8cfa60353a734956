import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type pg from 'pg';
import sodium from 'sodium-native';
import { Secret } from '../../src/domain/secret.ts';
import { boxPublicKey } from '../../src/keys/box-keys.ts';
import { deriveFromLink, linkSecretBytes } from '../../src/keys/link-derivation.ts';
import { sealedParcelKeyBytes } from '../../src/keys/parcel-key.ts';
import { passkeyBox } from '../../src/keys/passkey-box.ts';
import { SealError } from '../../src/keys/seal-error.ts';

/** All that somebody carried off at one moment. */
export interface Loot {
  /** Every value of every column of every table, and whatever else lay there, by where it lay. */
  readonly values: readonly StolenValue[];
  readonly keys: readonly StolenValue[];
}

export interface StolenValue {
  readonly where: string;
  readonly bytes: Buffer;
}

/** What a thief reads in the end. */
export interface Opened {
  /** Where each value that opened had lain, once each, sorted. */
  readonly places: readonly string[];
  /** Everything that was opened, one after the other. */
  readonly plaintext: Buffer;
}

interface KeyPair {
  readonly key: Buffer;
  readonly publicKey: Buffer;
}

/** Of the same library, which Sotto itself does not call. */
const streams = sodium as unknown as {
  crypto_stream_xchacha20_xor_ic(
    plaintext: Buffer,
    ciphertext: Buffer,
    nonce: Buffer,
    counter: number,
    key: Buffer,
  ): void;
};

const keyBytes = 32;
const bindingBytes = 54;
const nonceBytes = 24;
const lengthBytes = 4;
const parcelStepBytes = 384;

/** Reads a database as `pg_dump` does: every row of every table in every schema that is not PostgreSQL's. */
export async function stealDatabase(admin: Pick<pg.Pool, 'query'>): Promise<StolenValue[]> {
  const { rows: tables } = await admin.query<{ name: string }>(
    `select format('%I.%I', n.nspname, c.relname) as name
     from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.relkind = 'r' and n.nspname not in ('pg_catalog', 'information_schema')
     order by 1`,
  );
  const values: StolenValue[] = [];
  for (const { name } of tables) {
    const { rows } = await admin.query<Record<string, unknown>>(`select * from ${name}`);
    for (const row of rows) {
      for (const [column, value] of Object.entries(row)) {
        if (value === null) continue;
        const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
        const bytes = Buffer.isBuffer(value) ? value : Buffer.from(text);
        values.push({ where: `${name.replace('public.', '')}.${column}`, bytes });
      }
    }
  }
  return values;
}

/** Every file below a folder, whole; of key files that is the key. */
export function stealFiles(folder: string): StolenValue[] {
  return readdirSync(folder, { recursive: true })
    .map(String)
    .filter((path) => statSync(join(folder, path)).isFile())
    .map((path) => ({ where: path, bytes: readFileSync(join(folder, path)) }));
}

/**
 * Tries every key on every value, and every key that comes to light on all of them again, until nothing
 * more opens. It knows how a seal is built and nothing of which key is for what, so that no key is left
 * out for being thought useless.
 */
export function openEverything({ values, keys }: Loot): Opened {
  const places = new Set<string>();
  const plaintexts: Buffer[] = [];
  const heldKeys = new Map<string, KeyPair>();
  const heldValues = new Map<string, StolenValue>();
  let newKeys = keysAmong(
    keys.map(({ bytes }) => bytes),
    heldKeys,
  );
  let newValues = values
    .flatMap(partsOf)
    .filter(({ bytes }) => bytes.length >= sodium.crypto_box_SEALBYTES);

  while (newKeys.length > 0 || newValues.length > 0) {
    const old = { keys: Array.from(heldKeys.values()), values: Array.from(heldValues.values()) };
    for (const pair of newKeys) heldKeys.set(nameOf(pair.key), pair);
    for (const value of newValues) heldValues.set(nameOf(value.bytes), value);
    const untried = [
      ...pairsOf(newKeys, [...old.values, ...newValues]),
      ...pairsOf(old.keys, newValues),
    ];
    const found: { where: string; payload: Buffer }[] = [];
    for (const [pair, { where, bytes }] of untried) {
      const plaintext = openBox(pair, bytes) ?? openContent(pair, bytes);
      if (!plaintext) continue;
      places.add(where);
      plaintexts.push(plaintext);
      found.push({ where, payload: payloadOf(plaintext) });
    }
    // An envelope is sealed once more; a content key opens content; a parcel holds a link's secret.
    const brought = found.flatMap(({ payload }) => [payload, ...linkKeys(payload)]);
    newKeys = keysAmong(brought, heldKeys);
    newValues = found
      .map(({ where, payload }) => ({ where, bytes: payload }))
      .filter(({ bytes }) => !heldValues.has(nameOf(bytes)));
  }
  return { places: Array.from(places).sort(), plaintext: Buffer.concat(plaintexts) };
}

/**
 * Tries every key, with every subject that stands in what was read and with none, on every passkey.
 *
 * @param plaintext all that could be read
 * @returns the names that authenticators know the opened ones by, sorted
 */
export function openPasskeys({ values, keys }: Loot, plaintext: Buffer): string[] {
  const column = (name: string) =>
    values.filter(({ where }) => where === `passkeys.${name}`).map(({ bytes }) => bytes);
  const texts = (name: string) => new Set(column(name).map(String));
  const read = plaintext.toString('latin1').matchAll(/"subject":"([^"]+)"/g);
  const subjects = new Set(['', ...Array.from(read, ([, subject = '']) => subject)]);
  const found = new Set<string>();
  for (const { bytes } of keys) {
    for (const subject of subjects) {
      for (const organisationId of texts('organisation_id')) {
        const owner = {
          organisationId,
          mode: 'test',
          issuer: '',
          subject: new Secret(subject),
        } as const;
        const box = passkeyBox({ key: new Secret(bytes) }, owner);
        for (const id of texts('id')) {
          for (const sealed of column('sealed')) found.add(openedName(() => box.open(id, sealed)));
        }
      }
    }
  }
  found.delete('');
  return Array.from(found).sort();
}

function openedName(open: () => { credentialId: string }): string {
  try {
    return open().credentialId;
  } catch (error) {
    if (error instanceof SealError) return '';
    throw error;
  }
}

function keysAmong(candidates: readonly Buffer[], held: ReadonlyMap<string, KeyPair>): KeyPair[] {
  const unknown = candidates.filter((key) => key.length === keyBytes && !held.has(nameOf(key)));
  const once = new Map(unknown.map((key) => [nameOf(key), key]));
  return Array.from(once.values(), (key) => ({ key, publicKey: boxPublicKey(key) }));
}

function* pairsOf(pairs: readonly KeyPair[], values: readonly StolenValue[]) {
  for (const pair of pairs) for (const value of values) yield [pair, value] as const;
}

const nameOf = (bytes: Buffer) => bytes.toString('latin1');

/** A parcel's payload has the link's secret behind its first byte. */
function linkKeys(payload: Buffer): Buffer[] {
  const secret = payload.subarray(1, 1 + linkSecretBytes);
  return secret.length === linkSecretBytes ? [keyOfLink(new Secret(secret))] : [];
}

/** What whoever has a link can open with. */
export function keyOfLink(secret: Secret<Buffer>): Buffer {
  return deriveFromLink(secret, 'seal');
}

function openBox({ key, publicKey }: KeyPair, bytes: Buffer): Buffer | undefined {
  if (bytes.length < sodium.crypto_box_SEALBYTES) return undefined;
  const plaintext = Buffer.alloc(bytes.length - sodium.crypto_box_SEALBYTES);
  return sodium.crypto_box_seal_open(plaintext, bytes, publicKey, key) ? plaintext : undefined;
}

/** A parcel is two values: a key that is sealed, and what is sealed with it. */
function partsOf({ where, bytes }: StolenValue): StolenValue[] {
  const parts =
    bytes.length % parcelStepBytes ===
    (sealedParcelKeyBytes + nonceBytes + 16 + bindingBytes) % parcelStepBytes
      ? [bytes.subarray(0, sealedParcelKeyBytes), bytes.subarray(sealedParcelKeyBytes)]
      : [];
  return [bytes, ...parts].map((part) => ({ where, bytes: part }));
}

/** Content begins with its format and purpose, 1 and 1, and holds a request; a parcel with 1 and 4, and is short. */
function openContent({ key }: KeyPair, bytes: Buffer): Buffer | undefined {
  const overhead = nonceBytes + sodium.crypto_aead_xchacha20poly1305_ietf_ABYTES;
  if (bytes.length < overhead + bindingBytes) return undefined;
  // A thief need not check what the cipher authenticates: the stream alone is read.
  const ciphertext = bytes.subarray(nonceBytes);
  const plaintext = Buffer.alloc(ciphertext.length);
  streams.crypto_stream_xchacha20_xor_ic(
    plaintext,
    ciphertext,
    bytes.subarray(0, nonceBytes),
    1,
    key,
  );
  if (plaintext[0] !== 1) return undefined;
  const isContent = plaintext[1] === 1 && plaintext.includes('"start"');
  const isParcel = plaintext[1] === 4 && plaintext.readUInt32BE(bindingBytes) < parcelStepBytes;
  return isContent || isParcel ? plaintext : undefined;
}

/** Behind the binding: a length, and as much as it says. */
function payloadOf(plaintext: Buffer): Buffer {
  const start = bindingBytes + lengthBytes;
  if (plaintext.length < start) return plaintext;
  return plaintext.subarray(start, start + plaintext.readUInt32BE(bindingBytes));
}
