import { Secret } from '../domain/secret.ts';
import { type Binding, bindingLength, decodeBound, isPaddedLength, nilBinding } from './bound.ts';
import { openBound } from './open-bound.ts';
import { openBox } from './open-box.ts';
import { decodeParcel, type Parcel } from './parcel-format.ts';
import { sealedParcelKeyBytes } from './parcel-key.ts';
import { boundOverheadBytes } from './seal-bound.ts';

/** So many parcel keys of a day are remembered: as many seconds of accepting. */
const rememberedMax = 5_000;
const opened = new WeakMap<Buffer, Map<string, Secret<Buffer>>>();

/**
 * Opens P; for the worker alone.
 *
 * Anyone who can write to the database can seal a parcel to a public key. The caller therefore
 * checks that the parcel's link secret leads to the lookup id of the row it came from.
 *
 * @throws {SealError} `cannot_open` or `seal_mismatch`
 */
export function openParcel(input: {
  epochPrivateKey: Secret<Buffer>;
  binding: Binding;
  sealed: Buffer;
}): Parcel {
  const { epochPrivateKey, binding, sealed } = input;
  const bound = hasParcelKey(sealed)
    ? openBound(
        openParcelKey(epochPrivateKey, sealed.subarray(0, sealedParcelKeyBytes)),
        { purpose: 'parcel', binding },
        sealed.subarray(sealedParcelKeyBytes),
      )
    : openBox(epochPrivateKey, sealed);
  return decodeParcel(decodeBound('parcel', binding, bound));
}

/** Before there were parcel keys, each parcel was a box of its own. Lengths tell them apart. */
function hasParcelKey(sealed: Buffer): boolean {
  const overheadBytes = sealedParcelKeyBytes + boundOverheadBytes + bindingLength;
  return isPaddedLength('parcel', sealed.length - overheadBytes);
}

/**
 * Opens a provider's callback; for the worker alone.
 *
 * @throws {SealError} `cannot_open` or `seal_mismatch`
 */
export function openCallback(input: {
  epochPrivateKey: Secret<Buffer>;
  sealed: Buffer;
}): Secret<Buffer> {
  const bound = openBox(input.epochPrivateKey, input.sealed);
  return new Secret(Buffer.from(decodeBound('callback', nilBinding, bound)));
}

/** Opens a parcel key once for as long as the day's private key is in use: many parcels have the same. */
function openParcelKey(epochPrivateKey: Secret<Buffer>, sealed: Buffer): Secret<Buffer> {
  const day = epochPrivateKey.reveal();
  const ofDay = opened.get(day) ?? new Map<string, Secret<Buffer>>();
  opened.set(day, ofDay);
  const name = sealed.toString('latin1');
  const known = ofDay.get(name);
  if (known) return known;
  const bound = openBox(epochPrivateKey, sealed);
  const key = new Secret(Buffer.from(decodeBound('parcel_key', nilBinding, bound)));
  if (ofDay.size >= rememberedMax) ofDay.clear();
  ofDay.set(name, key);
  return key;
}
