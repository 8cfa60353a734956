import { randomBytes } from 'node:crypto';
import sodium from 'sodium-native';
import { Secret } from '../domain/secret.ts';
import { encodeBound, nilBinding } from './bound.ts';
import { boundKeyBytes } from './seal-bound.ts';
import { sealBox } from './seal-box.ts';

/** A key of the process alone, and the same sealed to the E of a day. */
export interface ParcelKey {
  readonly key: Secret<Buffer>;
  readonly sealed: Buffer;
}

/** How long a process can open what it sealed. */
const usedForMs = 1_000;

const inUse = new Map<string, ParcelKey>();

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
  const day = epochPublicKey.toString('latin1');
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
