import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import sodium from 'sodium-native';
import { Secret } from '../domain/secret.ts';
import { type Binding, bindingBytes, encodeBound, nilId, unpad } from './bound.ts';
import { encodeNote, encodeParcel, type Note, type Parcel } from './parcel-format.ts';
import { sealBox } from './seal-box.ts';

export type { Binding } from './bound.ts';
export { prepareContent } from './prepare-content.ts';

/** CK: the key of one version's content, 32 random bytes. */
export function newContentKey(): Secret<Buffer> {
  return new Secret(randomBytes(sodium.crypto_aead_xchacha20poly1305_ietf_KEYBYTES));
}

/**
 * Seals a version's content with XChaCha20-Poly1305: 24 bytes of nonce, then the ciphertext.
 *
 * The binding stands at the head of the plaintext and is authenticated beside it, so that content
 * moved to another row does not open.
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
  const bound = bindingBytes('content', binding);
  // Random nonces are safe at this length: https://doc.libsodium.org/secret-key_cryptography/aead
  const nonce = randomBytes(sodium.crypto_aead_xchacha20poly1305_ietf_NPUBBYTES);
  const ciphertext = Buffer.alloc(
    bound.length + padded.length + sodium.crypto_aead_xchacha20poly1305_ietf_ABYTES,
  );
  sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(
    ciphertext,
    Buffer.concat([bound, padded]),
    bound,
    null,
    nonce,
    contentKey.reveal(),
  );
  return Buffer.concat([nonce, ciphertext]);
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

/** P: what the worker needs to send, sealed to the E of the day it is to be sent. */
export function sealParcel(input: {
  epochPublicKey: Buffer;
  binding: Binding;
  parcel: Parcel;
}): Buffer {
  const bound = encodeBound('parcel', input.binding, encodeParcel(input.parcel));
  return sealBox(input.epochPublicKey, bound);
}

/** N: where a link was sent, sealed to that link's A. */
export function sealNote(input: { linkPublicKey: Buffer; binding: Binding; note: Note }): Buffer {
  const bound = encodeBound('note', input.binding, encodeNote(input.note));
  return sealBox(input.linkPublicKey, bound);
}

/** A provider's callback as it came, sealed to the E of the day it came. */
export function sealCallback(input: { epochPublicKey: Buffer; request: Secret<Buffer> }): Buffer {
  const binding = { organisationId: nilId, appointmentId: nilId };
  return sealBox(input.epochPublicKey, encodeBound('callback', binding, input.request.reveal()));
}
