import { places, privateFolders, rotatedFolders, symmetricFolders } from './key-places.ts';

/** One use of cryptography: what, with which key, and how that key lives. */
export interface CryptoUse {
  readonly use: string;
  readonly algorithm: string;
  /** Of the secret half. */
  readonly bits: number | undefined;
  readonly library: string;
  /** Folder of the private half in the key store; undefined where a key lies elsewhere, or nowhere. */
  readonly folder: string | undefined;
  /** Whoever holds the key where it has no folder. */
  readonly heldBy?: string;
  readonly life: string;
  readonly rotation: string;
  /** The file that does it. */
  readonly source: string;
}

const xSealedBox = 'X25519, XSalsa20-Poly1305 (libsodium sealed box)';
const hmac = 'HMAC-SHA-256';
const sodium = 'sodium-native (libsodium)';
const node = 'node:crypto (OpenSSL)';
const jose = 'jose, over Web Crypto';
const byCommand = '`sotto keys rotate`';

/** Every use that the code has of a key, a hash or a password; a test holds it against the key store. */
export const cryptoInventory: readonly CryptoUse[] = [
  {
    use: 'parcel keys, and what providers call back with',
    algorithm: xSealedBox,
    bits: 256,
    library: sodium,
    folder: places.epoch.privateFolder,
    life: 'its day (UTC) and two more; made up to 400 days ahead',
    rotation: 'each day has its own; `sotto keys revoke day/…` in an emergency',
    source: 'src/keys/sealing.ts',
  },
  {
    use: 'what is needed to send one message',
    algorithm: 'XChaCha20-Poly1305',
    bits: 256,
    library: sodium,
    folder: undefined,
    heldBy: 'nobody: sealed before what it seals; the process that made it, for a second',
    life: 'the parcel’s',
    rotation: 'each process makes one a second for each day',
    source: 'src/keys/parcel-key.ts',
  },
  {
    use: 'outer envelope of a content key',
    algorithm: xSealedBox,
    bits: 256,
    library: sodium,
    folder: places.views.privateFolder,
    life: 'a month of link expiry of one organisation, and a day',
    rotation: 'each month has its own',
    source: 'src/keys/sealing.ts',
  },
  {
    use: 'inner envelope of a content key, where a link went, and the receipt of an erasure by it',
    algorithm: `${xSealedBox}; key by HKDF-SHA-256 from the link’s secret`,
    bits: 144,
    library: `${sodium}, ${node}`,
    folder: undefined,
    heldBy: 'nobody: the link in the message carries it',
    life: 'the link’s: until the second midnight (UTC) after the appointment',
    rotation: 'each link has its own',
    source: 'src/keys/link-derivation.ts',
  },
  {
    use: 'details, factors and contacts of a version',
    algorithm: 'XChaCha20-Poly1305',
    bits: 256,
    library: sodium,
    folder: undefined,
    heldBy: 'nobody: sealed in both envelopes above, for each link',
    life: 'the version’s',
    rotation: 'each version has its own',
    source: 'src/keys/seal-bound.ts',
  },
  {
    use: 'links: that one is ours',
    algorithm: 'HS256 (JWS with its fixed header kept at home)',
    bits: 256,
    library: `${jose} to verify; ${node} to sign the same bytes`,
    folder: places.link,
    life: 'until the last link under it has expired',
    rotation: `${byCommand} link; \`sotto keys revoke link/…\` in an emergency`,
    source: 'src/keys/link-token.ts',
  },
  {
    use: 'receipts that a version is stored',
    algorithm: 'EdDSA with Ed25519 (JWS); fields by HMAC-SHA-256 under a salt that is kept nowhere',
    bits: 256,
    library: jose,
    folder: places.receipt.privateFolder,
    life: 'for ever as a public half, so that receipts stay verifiable',
    rotation: `${byCommand} receipt; \`sotto keys revoke receipt/…\` in an emergency`,
    source: 'src/keys/receipt.ts',
  },
  {
    use: 'receipts of erasures that a patient asked for; those of a booking system are signed as above',
    algorithm: 'EdDSA with Ed25519 (JWS)',
    bits: 256,
    library: jose,
    folder: places.erasure.privateFolder,
    life: 'for ever as a public half, so that receipts stay verifiable',
    rotation: `${byCommand} erasure; \`sotto keys revoke erasure/…\` in an emergency`,
    source: 'src/keys/erasure-receipt.ts',
  },
  {
    use: 'how far the audit goes',
    algorithm: 'EdDSA with Ed25519 (JWS), over a chain of SHA-256',
    bits: 256,
    library: jose,
    folder: places.audit.privateFolder,
    life: 'for ever as a public half, so that heads stay verifiable',
    rotation: `${byCommand} audit`,
    source: 'src/keys/audit-head.ts',
  },
  {
    use: 'who said stop',
    algorithm: hmac,
    bits: 256,
    library: node,
    folder: symmetricFolders.pepper,
    life: 'as long as anybody who said stop under it is kept',
    rotation: `${byCommand} pepper; all are asked, the newest is written`,
    source: 'src/keys/suppression-index.ts',
  },
  {
    use: 'addresses in emails that stop messages',
    algorithm: 'A256GCM, `dir` (JWE with its fixed header kept at home)',
    bits: 256,
    library: jose,
    folder: symmetricFolders['opt-out'],
    life: 'as long as emails under it are to have a button that works',
    rotation: `${byCommand} opt-out`,
    source: 'src/keys/opt-out-token.ts',
  },
  {
    use: 'cookies of the patient pages',
    algorithm: 'A256GCM, `dir` (JWE)',
    bits: 256,
    library: jose,
    folder: places.cookie,
    life: 'half an hour past its successor',
    rotation: `${byCommand} cookie`,
    source: 'src/keys/cookie-box.ts',
  },
  {
    use: 'codes by SMS, as they are stored',
    algorithm: hmac,
    bits: 256,
    library: node,
    folder: symmetricFolders.code,
    life: 'ten minutes past its successor',
    rotation: `${byCommand} code`,
    source: 'src/keys/code-hash.ts',
  },
  {
    use: 'passkeys of patients at rest, and what they are found by',
    algorithm: 'XChaCha20-Poly1305; key and index by HKDF-SHA-256, from the subject too',
    bits: 256,
    library: `${sodium}, ${node}`,
    folder: symmetricFolders.passkey,
    life: 'until passkeys under it are gone: removed, or 400 days unused',
    rotation: `${byCommand} passkey: the newest seals, all open; \`sotto keys revoke passkey/…\` ends those under one`,
    source: 'src/keys/passkey-box.ts',
  },
  {
    use: 'our requests to patient portals (private_key_jwt)',
    algorithm: 'ES256; the P-256 key by HKDF-SHA-256',
    bits: 256,
    library: `${jose}; ${node}`,
    folder: symmetricFolders.portal,
    life: 'an hour past its successor',
    rotation: `${byCommand} portal: all public halves are shown, the newest signs`,
    source: 'src/keys/portal-key.ts',
  },
  {
    use: 'how many codes a phone got in a day',
    algorithm: hmac,
    bits: 256,
    library: node,
    folder: places.phoneDay,
    life: 'its day (UTC)',
    rotation: 'each day has its own',
    source: 'src/keys/code-hash.ts',
  },
  {
    use: 'numbers that a key was used for, to count different ones',
    algorithm: `${hmac}, of which 14 bits are used`,
    bits: 256,
    library: node,
    folder: undefined,
    heldBy: '`api`, in memory alone',
    life: 'its hour',
    rotation: 'each hour and each process has its own',
    source: 'src/keys/distinct-numbers.ts',
  },
  {
    use: 'addresses that answers come from: what is counted in memory, and with a key of the link what is stored',
    algorithm: `${hmac}; what is stored: of that, under HKDF-SHA-256 from the link’s secret`,
    bits: 256,
    library: node,
    folder: symmetricFolders.source,
    life: 'any; what is counted under it is kept for 7 days',
    rotation: `${byCommand} source and a restart of \`patient\`: pauses begin anew`,
    source: 'src/keys/source-hash.ts',
  },
  {
    use: 'addresses of callbacks that carry no token of their own',
    algorithm: hmac,
    bits: 256,
    library: node,
    folder: symmetricFolders.callback,
    life: 'until providers have the new addresses',
    rotation: `${byCommand} callback`,
    source: 'src/keys/callback-secret.ts',
  },
  {
    use: 'secrets that webhooks and questions are signed with, at rest',
    algorithm: xSealedBox,
    bits: 256,
    library: sodium,
    folder: places.webhook.privateFolder,
    life: 'until every secret under it was rotated',
    rotation: `${byCommand} webhook`,
    source: 'src/keys/webhook-secret.ts',
  },
  {
    use: 'signatures of webhooks and questions (Standard Webhooks)',
    algorithm: hmac,
    bits: 256,
    library: node,
    folder: undefined,
    heldBy: 'the booking system; `scheduler` opens its copy',
    life: 'until the booking system rotates it; two are live meanwhile',
    rotation: '`POST /v1/webhook-endpoints/{id}/rotate-secret`, and the same of a send-time check',
    source: 'src/keys/webhook-signature.ts',
  },
  {
    use: 'what the canary is sent',
    algorithm: xSealedBox,
    bits: 256,
    library: sodium,
    folder: places.canary.privateFolder,
    life: 'any; messages are kept for five minutes',
    rotation: `${byCommand} canary`,
    source: 'src/keys/canary-message.ts',
  },
  {
    use: 'the canary’s API key',
    algorithm: 'SHA-256 of 256 random bits',
    bits: 256,
    library: node,
    folder: symmetricFolders['canary-credential'],
    life: 'any',
    rotation: `${byCommand} canary-credential`,
    source: 'src/keys/api-key.ts',
  },
  {
    use: 'API keys of booking systems',
    algorithm: 'SHA-256 of 256 random bits',
    bits: 256,
    library: node,
    folder: undefined,
    heldBy: 'the booking system; the database has the hash',
    life: 'as given when it was made',
    rotation: '`sotto key rotate`, with an overlap',
    source: 'src/keys/api-key.ts',
  },
  {
    use: 'passwords of operators',
    algorithm: 'argon2id',
    bits: undefined,
    library: node,
    folder: undefined,
    heldBy: 'the operator; the database has the hash',
    life: 'until changed',
    rotation: '`sotto ops-user password`',
    source: 'src/keys/password.ts',
  },
];

/** Roles that read a folder of the key store. */
export function rolesOf(folder: string): string[] {
  return Object.entries(privateFolders)
    .filter(([, folders]) => folders.includes(folder))
    .map(([role]) => role);
}

/** Folders that the store keeps private halves and shared secrets in. */
export function secretFolders(): string[] {
  const pairs = Object.values(places).map((place) =>
    typeof place === 'string' ? place : place.privateFolder,
  );
  const all = [...pairs, ...Object.values(symmetricFolders), ...Object.values(rotatedFolders)];
  return Array.from(new Set(all)).sort();
}
