import { randomBytes } from 'node:crypto';
import { Secret } from '../domain/secret.ts';
import { boxPublicKey } from './box-keys.ts';
import { deriveFromLink, linkSecretBytes } from './link-derivation.ts';

/** S: the 144 random bits that a link carries and that the database never holds. */
export function newLinkSecret(): Secret<Buffer> {
  return new Secret(randomBytes(linkSecretBytes));
}

/** L: the 16 bytes by which the database finds a link. They give away neither S nor its keys. */
export function linkLookup(secret: Secret<Buffer>): Buffer {
  return deriveFromLink(secret, 'lookup');
}

/**
 * A: the X25519 public key, 32 bytes, that content is sealed to for the holder of this link. Kept
 * with the link, it lets a moved appointment be sealed anew for a link that has already gone out.
 */
export function linkSealPublicKey(secret: Secret<Buffer>): Buffer {
  return boxPublicKey(deriveFromLink(secret, 'seal'));
}

/** What a link's text holds and no other text does, whichever key the link is signed with: S itself. */
export function linkMark(secret: Secret<Buffer>): Secret<string> {
  return new Secret(secret.reveal().toString('base64url'));
}
