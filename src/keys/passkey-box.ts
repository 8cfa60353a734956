import { hkdfSync, randomBytes } from 'node:crypto';
import sodium from 'sodium-native';
import type { Mode } from '../domain/channel.ts';
import { Secret } from '../domain/secret.ts';
import { type Binding, bindingBytes, decodeBound, encodeBound, nilId } from './bound.ts';
import type { NumberedKey } from './key-store.ts';
import { SealError } from './seal-error.ts';

/** Whose passkeys: a person as one organisation knows them, at the portal that it has now. */
export interface PasskeyOwner {
  readonly organisationId: string;
  readonly mode: Mode;
  /** Empty without a portal. */
  readonly issuer: string;
  readonly subject: Secret<string>;
}

/** What is kept of a passkey. */
export interface KeptPasskey {
  /** As the authenticator names it, base64url. */
  readonly credentialId: string;
  readonly publicKey: Buffer;
  /** What it knows its person by, base64url of random bytes. */
  readonly userHandle: string;
  /** Four random characters that tell it from others of the same phone. */
  readonly tag: string;
}

/** Finds and opens the passkeys of one owner. */
export interface PasskeyBox {
  readonly index: Buffer;
  seal(passkeyId: string, passkey: KeptPasskey): Buffer;
  /** @throws {SealError} for what was not sealed for this owner and row */
  open(passkeyId: string, sealed: Buffer): KeptPasskey;
}

const { crypto_aead_xchacha20poly1305_ietf_KEYBYTES: keyBytes } = sodium;
const { crypto_aead_xchacha20poly1305_ietf_NPUBBYTES: nonceBytes } = sodium;
const { crypto_aead_xchacha20poly1305_ietf_ABYTES: tagBytes } = sodium;

/**
 * Index and key both come of the key and of who the owner is, who stands in the sealed content of
 * appointments alone: the database with every key on the servers tells neither whose a passkey is nor
 * which it is, once nothing is still to be sent to them.
 */
export function passkeyBox({ key }: Pick<NumberedKey, 'key'>, owner: PasskeyOwner): PasskeyBox {
  const { organisationId, mode, issuer, subject } = owner;
  const who = JSON.stringify([organisationId, mode, issuer, subject.reveal()]);
  const derive = (use: string) =>
    Buffer.from(hkdfSync('sha256', key.reveal(), who, `sotto/passkey/${use}/1`, keyBytes));
  const sealKey = new Secret(derive('seal'));
  const bindingOf = (passkeyId: string): Binding => ({
    ...{ organisationId, appointmentId: nilId, reminderId: passkeyId },
  });
  return {
    index: derive('index'),

    seal(passkeyId, { publicKey, ...passkey }) {
      const binding = bindingOf(passkeyId);
      const payload = JSON.stringify({ ...passkey, publicKey: publicKey.toString('base64url') });
      const plaintext = encodeBound('passkey', binding, Buffer.from(payload));
      const nonce = randomBytes(nonceBytes);
      const ciphertext = Buffer.alloc(plaintext.length + tagBytes);
      sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(
        ...([ciphertext, plaintext, bindingBytes('passkey', binding), null, nonce] as const),
        sealKey.reveal(),
      );
      return Buffer.concat([nonce, ciphertext]);
    },

    open(passkeyId, sealed) {
      if (sealed.length < nonceBytes + tagBytes) throw new SealError('cannot_open');
      const binding = bindingOf(passkeyId);
      const plaintext = Buffer.alloc(sealed.length - nonceBytes - tagBytes);
      try {
        sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(
          ...([plaintext, null, sealed.subarray(nonceBytes)] as const),
          ...([bindingBytes('passkey', binding), sealed.subarray(0, nonceBytes)] as const),
          sealKey.reveal(),
        );
      } catch {
        throw new SealError('cannot_open');
      }
      const kept = JSON.parse(decodeBound('passkey', binding, plaintext).toString('utf8'));
      return { ...kept, publicKey: Buffer.from(kept.publicKey, 'base64url') } as KeptPasskey;
    },
  };
}
