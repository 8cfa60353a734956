import { Secret } from '../domain/secret.ts';
import { type Binding, decodeBound, nilId } from './bound.ts';
import { openBox } from './open-box.ts';
import { decodeParcel, type Parcel } from './parcel-format.ts';

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
  const bound = openBox(input.epochPrivateKey, input.sealed);
  return decodeParcel(decodeBound('parcel', input.binding, bound));
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
  const binding = { organisationId: nilId, appointmentId: nilId };
  const bound = openBox(input.epochPrivateKey, input.sealed);
  return new Secret(Buffer.from(decodeBound('callback', binding, bound)));
}
