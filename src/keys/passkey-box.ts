import { hkdfSync } from 'node:crypto';
import type { Mode } from '../domain/channel.ts';
import { Secret } from '../domain/secret.ts';
import { type Binding, decodeBound, nilId, pad } from './bound.ts';
import type { NumberedKey } from './key-store.ts';
import { openBound } from './open-bound.ts';
import { boundKeyBytes, sealBound } from './seal-bound.ts';

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

/**
 * Index and key both come of the key and of who the owner is, who stands in the sealed content of
 * appointments alone: the database with every key on the servers tells neither whose a passkey is nor
 * which it is, once nothing is still to be sent to them.
 */
export function passkeyBox({ key }: Pick<NumberedKey, 'key'>, owner: PasskeyOwner): PasskeyBox {
  const { organisationId, mode, issuer, subject } = owner;
  const who = JSON.stringify([organisationId, mode, issuer, subject.reveal()]);
  const derive = (use: string) =>
    Buffer.from(hkdfSync('sha256', key.reveal(), who, `sotto/passkey/${use}/1`, boundKeyBytes));
  const sealKey = new Secret(derive('seal'));
  const bindingOf = (passkeyId: string): Binding => ({
    ...{ organisationId, appointmentId: nilId, reminderId: passkeyId },
  });
  return {
    index: derive('index'),

    seal(passkeyId, { publicKey, ...passkey }) {
      const binding = bindingOf(passkeyId);
      const payload = JSON.stringify({ ...passkey, publicKey: publicKey.toString('base64url') });
      const padded = pad('passkey', Buffer.from(payload));
      return sealBound(sealKey, { purpose: 'passkey', binding }, padded);
    },

    open(passkeyId, sealed) {
      const binding = bindingOf(passkeyId);
      const plaintext = openBound(sealKey, { purpose: 'passkey', binding }, sealed);
      const kept = JSON.parse(decodeBound('passkey', binding, plaintext).toString('utf8'));
      return { ...kept, publicKey: Buffer.from(kept.publicKey, 'base64url') } as KeptPasskey;
    },
  };
}
