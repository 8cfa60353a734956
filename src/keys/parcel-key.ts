import { randomBytes } from 'node:crypto';
import sodium from 'sodium-native';
import { Secret } from '../domain/secret.ts';
import { decodeBound, encodeBound, nilBinding } from './bound.ts';
import { openBox } from './open-box.ts';
import { boundKeyBytes } from './seal-bound.ts';
import { sealBox } from './seal-box.ts';

/** A key of the process alone, and the same sealed to the E of a day. */
export interface ParcelKey {
  readonly key: Secret<Buffer>;
  readonly sealed: Buffer;
}

/** How long a process can open what it sealed. */
const usedForMs = 1_000;
/** So many of a day are remembered: the seconds of an hour or two of accepting. */
const rememberedMax = 5_000;

const inUse = new Map<string, ParcelKey>();
const opened = new WeakMap<Buffer, Map<string, Secret<Buffer>>>();

/** Length of a parcel key as it stands before each parcel. */
export const sealedParcelKeyBytes =
  encodeBound('parcel_key', nilBinding, Buffer.alloc(boundKeyBytes)).length +
  sodium.crypto_box_SEALBYTES;

/**
 * The key that this process seals parcels for a day with, for a second: then it is overwritten, and
 * only the day's private key opens them. Sealing to a public key costs as much as ten encryptions.
 *
 * @throws {SealError} `cannot_seal` for a public key that is none
 */
export function parcelKeyFor(epochPublicKey: Buffer): ParcelKey {
  const day = nameOf(epochPublicKey);
  const known = inUse.get(day);
  if (known) return known;
  const key = randomBytes(boundKeyBytes);
  const sealed = sealBox(epochPublicKey, encodeBound('parcel_key', nilBinding, key));
  const made = { key: new Secret(key), sealed };
  if (inUse.size === 0) setTimeout(forgetAll, usedForMs).unref();
  inUse.set(day, made);
  return made;
}

function forgetAll(): void {
  for (const { key } of inUse.values()) key.reveal().fill(0);
  inUse.clear();
}

/**
 * Opens a parcel key, and remembers it for as long as the day's private key is in use: many parcels
 * have the same.
 *
 * @throws {SealError} `cannot_open` or `seal_mismatch`
 */
export function openParcelKey(epochPrivateKey: Secret<Buffer>, sealed: Buffer): Secret<Buffer> {
  const day = epochPrivateKey.reveal();
  const ofDay = opened.get(day) ?? new Map<string, Secret<Buffer>>();
  opened.set(day, ofDay);
  const name = nameOf(sealed);
  const known = ofDay.get(name);
  if (known) return known;
  const bound = openBox(epochPrivateKey, sealed);
  const key = new Secret(Buffer.from(decodeBound('parcel_key', nilBinding, bound)));
  if (ofDay.size >= rememberedMax) ofDay.clear();
  ofDay.set(name, key);
  return key;
}

const nameOf = (bytes: Buffer) => bytes.toString('latin1');
