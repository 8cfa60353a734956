import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { Secret } from '../domain/secret.ts';
import { type Binding, encodeBound, nilBinding, pad, unpad } from './bound.ts';
import { encodeNote, encodeParcel, type Note, type Parcel } from './parcel-format.ts';
import { parcelKeyFor } from './parcel-key.ts';
import { boundKeyBytes, sealBound } from './seal-bound.ts';
import { sealBox } from './seal-box.ts';

export type { Binding } from './bound.ts';
export { prepareContent } from './prepare-content.ts';

/** CK: the key of one version's content, 32 random bytes. */
export function newContentKey(): Secret<Buffer> {
  return new Secret(randomBytes(boundKeyBytes));
}

/**
 * Seals a version's content under its key.
 *
 * @param plaintext what `prepareContent` made
 */
export function sealContent(
  contentKey: Secret<Buffer>,
  binding: Binding,
  plaintext: Secret<Buffer>,
): Buffer {
  const padded = plaintext.reveal();
  assert(unpad('content', padded).length > 0, 'content is empty');
  return sealBound(contentKey, { purpose: 'content', binding }, padded);
}

/**
 * Seals a content key for one link: to the link's A, and that to the V of its organisation and
 * month of expiry. Opening takes the patient's link and the patient role's key, both.
 *
 * @param binding of the content; the link's id takes the place of the reminder's
 */
export function sealContentKey(input: {
  contentKey: Secret<Buffer>;
  linkPublicKey: Buffer;
  viewPublicKey: Buffer;
  binding: Binding;
  linkId: string;
}): Buffer {
  const binding = { ...input.binding, reminderId: input.linkId };
  const forLink = encodeBound('content_key', binding, input.contentKey.reveal());
  const envelope = sealBox(input.linkPublicKey, forLink);
  return sealBox(input.viewPublicKey, encodeBound('content_key_envelope', binding, envelope));
}

/**
 * P: what the worker needs to send, sealed to the E of the day it is to be sent: a parcel key sealed
 * to E, then the parcel under that key.
 */
export function sealParcel(input: {
  epochPublicKey: Buffer;
  binding: Binding;
  parcel: Parcel;
}): Buffer {
  const padded = pad('parcel', encodeParcel(input.parcel));
  const { key, sealed } = parcelKeyFor(input.epochPublicKey);
  const parcel = sealBound(key, { purpose: 'parcel', binding: input.binding }, padded);
  return Buffer.concat([sealed, parcel]);
}

/** N: where a link was sent, sealed to that link's A. */
export function sealNote(input: { linkPublicKey: Buffer; binding: Binding; note: Note }): Buffer {
  const bound = encodeBound('note', input.binding, encodeNote(input.note));
  return sealBox(input.linkPublicKey, bound);
}

/** A provider's callback as it came, sealed to the E of the day it came. */
export function sealCallback(input: { epochPublicKey: Buffer; request: Secret<Buffer> }): Buffer {
  return sealBox(input.epochPublicKey, encodeBound('callback', nilBinding, input.request.reveal()));
}
