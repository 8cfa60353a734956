import type { JWK } from 'jose';
import type { Secret } from '../domain/secret.ts';
import type { LinkKey } from './link-token.ts';

/** One of several keys for the same use; a higher number is newer. */
export interface NumberedKey {
  readonly id: string;
  readonly key: Secret<Buffer>;
}

/** Keys of one purpose, of which the newest is used. */
export type SymmetricKeyName =
  | 'source'
  | 'pepper'
  | 'callback'
  | 'code'
  | 'opt-out'
  | 'canary-credential'
  | 'portal'
  | 'passkey';

/** What can be rotated by hand: a new key beside the old ones, which go when nothing needs them. */
export const rotatedKinds = [
  'link',
  'receipt',
  'pepper',
  'opt-out',
  'callback',
  'webhook',
  'cookie',
  'code',
  'erasure',
  'portal',
  'passkey',
  'source',
  'canary',
  'canary-credential',
  'audit',
] as const;
export type RotatedKind = (typeof rotatedKinds)[number];

/** What receipts verify with that are out: published, so one that leaked must be taken back. */
export type ReceiptKind = 'receipt' | 'erasure';

/** What can be taken back in an emergency; its id is used up then. */
export type RevocableKind = 'link' | 'passkey' | ReceiptKind;

/** What another key is to be. */
export interface AddedKey {
  /** One made in another store. */
  readonly given?: NumberedKey;
  /** Ids that are used up elsewhere: a new one comes after them too. */
  readonly after?: readonly string[];
}

/** A key of such a kind, with nothing of the key itself. */
export interface KeptKey {
  readonly id: string;
  readonly madeAt: Date | undefined;
  /** Deleted where it lay, but so that it can come back: neither there nor gone. */
  readonly isLost: boolean;
}

/**
 * Where keys live: never in the database, replicated but not backed up with it.
 *
 * Days are `YYYY-MM-DD` and months `YYYY-MM`, both in UTC. A private half is durable before its
 * public half can be seen; a key that exists is never overwritten; of two processes that make the
 * same key at once, both end up with the same one. Lists are oldest first, and `ensure…` of a list
 * makes the first key when there is none. Public halves are remembered, their absence is not, and one
 * that nobody answers for counts as absent. Private halves are read each time, so that a destroyed key is
 * gone; over the network, within ten seconds, and while nobody answers there, within half a day. Who is
 * refused there what it could read forgets all of it at once.
 *
 * A key that Vault has deleted and not destroyed is lost: `ensure…` says so, and lists of link, receipt and
 * cookie keys leave it out. Peppers do not: whoever said stop under one would be forgotten.
 *
 * A key that has just been made stands before the others for a while, so that all processes read it
 * before any of them uses it: the last of a list is the one to use.
 *
 * Every method throws `KeyStoreError` for what cannot be read or written, or is not a key.
 */
export interface KeyStore {
  epochPublicKey(day: string): Promise<Buffer | undefined>;
  epochPrivateKey(day: string): Promise<Secret<Buffer> | undefined>;
  ensureEpochKeys(span: { from: string; days: number }): Promise<void>;
  /** Removes both halves of a day, public first. Nothing sealed to that day opens again. */
  destroyEpochKey(day: string): Promise<void>;
  /** Days whose private half exists, earliest first. */
  listEpochDays(): Promise<string[]>;
  /** Days of which any half exists: only the public ones lie where another role's keys are not. */
  listLivingDays(): Promise<string[]>;

  viewPublicKey(organisationId: string, month: string): Promise<Buffer | undefined>;
  viewPrivateKey(organisationId: string, month: string): Promise<Secret<Buffer> | undefined>;
  ensureViewKeys(span: {
    organisationIds: readonly string[];
    months: readonly string[];
  }): Promise<void>;
  destroyViewKey(organisationId: string, month: string): Promise<void>;
  /** Months whose private half exists, earliest first. */
  listViewMonths(organisationId: string): Promise<string[]>;
  /** Months of which any half exists. */
  listLivingMonths(organisationId: string): Promise<string[]>;

  linkKeys(): Promise<readonly LinkKey[]>;
  ensureLinkKey(): Promise<readonly LinkKey[]>;

  /** Ed25519 private keys, 32 bytes each. */
  receiptKeys(): Promise<readonly NumberedKey[]>;
  ensureReceiptKey(): Promise<readonly NumberedKey[]>;
  /** Every public receipt key ever published here, so that old receipts stay verifiable. */
  publishedReceiptKeys(): Promise<readonly JWK[]>;

  /** Ed25519 private keys of the patient role, that receipts of erasures are signed with. */
  ensureErasureKey(): Promise<readonly NumberedKey[]>;
  publishedErasureKeys(): Promise<readonly JWK[]>;

  /** X25519 private keys that secrets of webhooks are sealed to. */
  webhookKeys(): Promise<readonly NumberedKey[]>;
  ensureWebhookKey(): Promise<readonly NumberedKey[]>;
  /** The public half to seal the next secret to: the newest. */
  webhookPublicKey(): Promise<{ number: string; key: Buffer } | undefined>;

  /** X25519 private keys that what the canary is sent is sealed to. */
  canaryKeys(): Promise<readonly NumberedKey[]>;
  ensureCanaryKey(): Promise<readonly NumberedKey[]>;
  canaryPublicKey(): Promise<{ number: string; key: Buffer } | undefined>;

  /** Ed25519 private keys that sign how far the audit goes. */
  ensureAuditKey(): Promise<readonly NumberedKey[]>;
  /** Every public half of those ever published here, so that old heads stay verifiable. */
  publishedAuditKeys(): Promise<readonly JWK[]>;

  cookieKeys(): Promise<readonly NumberedKey[]>;
  ensureCookieKey(): Promise<readonly NumberedKey[]>;

  /** The newest key of this name; the first call makes it. */
  symmetricKey(name: SymmetricKeyName): Promise<Secret<Buffer>>;
  /** Every key of this name, oldest first; the first call makes one. */
  symmetricKeys(name: SymmetricKeyName): Promise<readonly NumberedKey[]>;

  /** The key under which phones are counted on a day (UTC), and on no other; the first call makes it. */
  phoneDayKey(day: string): Promise<Secret<Buffer>>;
  /** Removes a day's key: its counts belong to nobody any more. */
  destroyPhoneDayKey(day: string): Promise<void>;
  /** Days that have a key, earliest first. */
  listPhoneDays(): Promise<string[]>;

  /** Keys of a kind, in the order in which they were made. */
  keptKeys(kind: RotatedKind): Promise<readonly KeptKey[]>;
  /** One of them. */
  keptKey(kind: RotatedKind, id: string): Promise<NumberedKey | undefined>;
  /**
   * Makes another key of a kind, or keeps the one given, made in another store.
   *
   * @returns it; undefined for one given whose id is taken by another, or was revoked here
   */
  addKey(kind: RotatedKind, added?: AddedKey): Promise<NumberedKey | undefined>;
  /** Removes a key for good; the public half of a receipt key stays, for the receipts that are out. */
  removeKey(kind: RotatedKind, id: string): Promise<void>;
  /** Ids of such keys whose public half stands published, whether or not anything is signed with them. */
  publishedIds(kind: ReceiptKind): Promise<readonly string[]>;
  /**
   * Removes a key with its public half, and remembers its id: no other key is ever made under it, and a
   * copy that is put back is not used, nor published. Again finishes what was cut short.
   */
  revokeKey(kind: RevocableKind, id: string): Promise<void>;
  /** Ids of this kind that were revoked in this store. */
  revokedIds(kind: RotatedKind): Promise<readonly string[]>;
  /** @throws {KeyStoreError} when no key of this kind could be made or removed here */
  checkWritable(kind: RotatedKind): Promise<void>;
}
