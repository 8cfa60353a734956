import assert from 'node:assert/strict';
import type { RotatedKind, SymmetricKeyName } from './key-store.ts';

/**
 * Where each key lies under the store's folder. Everything that one role alone may read has a
 * folder of its own, so that a production host can give each to another user.
 */
export const places = {
  epoch: { privateFolder: 'worker/epoch', publicFolder: 'public/epoch' },
  receipt: { privateFolder: 'api/receipt', publicFolder: 'public/receipt' },
  erasure: { privateFolder: 'patient/erasure', publicFolder: 'public/erasure' },
  webhook: { privateFolder: 'scheduler/webhook', publicFolder: 'public/webhook' },
  canary: { privateFolder: 'scheduler/canary', publicFolder: 'public/canary' },
  audit: { privateFolder: 'scheduler/audit', publicFolder: 'public/audit' },
  views: { privateFolder: 'patient/view', publicFolder: 'public/view' },
  link: 'link',
  cookie: 'patient/cookie',
  phoneDay: 'patient/phone-day',
} as const;

export const symmetricFolders: Record<SymmetricKeyName, string> = {
  source: 'patient/source',
  pepper: 'pepper',
  callback: 'callback',
  code: 'patient/code',
  'opt-out': 'opt-out',
  'canary-credential': 'scheduler/canary-credential',
  portal: 'patient/portal',
  passkey: 'patient/passkey',
};

/** Where the keys of a kind lie that is rotated by hand. */
export const rotatedFolders: Record<RotatedKind, string> = {
  link: places.link,
  receipt: places.receipt.privateFolder,
  webhook: places.webhook.privateFolder,
  cookie: places.cookie,
  pepper: symmetricFolders.pepper,
  'opt-out': symmetricFolders['opt-out'],
  callback: symmetricFolders.callback,
  code: symmetricFolders.code,
  erasure: places.erasure.privateFolder,
  portal: symmetricFolders.portal,
  passkey: symmetricFolders.passkey,
  source: symmetricFolders.source,
  canary: places.canary.privateFolder,
  'canary-credential': symmetricFolders['canary-credential'],
  audit: places.audit.privateFolder,
};

/** Whose public half is read elsewhere, from copies up to five minutes old: it signs only after that. */
export const publishedFirst: readonly RotatedKind[] = ['receipt', 'erasure', 'portal'];

/** Two folders that hold the halves of the same pairs, file by file. */
export interface PairPlace {
  readonly privateFolder: string;
  readonly publicFolder: string;
}

/** What an organisation's folder is called: its id and nothing that leads elsewhere. */
export const organisationFolder = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** The view keys of one organisation. */
export function viewPlace(organisationId: string): PairPlace {
  assert(organisationFolder.test(organisationId), 'organisation id must be a lower-case UUID');
  return {
    privateFolder: `${places.views.privateFolder}/${organisationId}`,
    publicFolder: `${places.views.publicFolder}/${organisationId}`,
  };
}

/** The roles that start with keys of their own, or with public halves alone. */
export type KeyRole = 'api' | 'patient' | 'worker' | 'scheduler' | 'ops';

/** Folders with private keys that a role reads; what is not named here it must not need. */
export const privateFolders: Record<KeyRole, readonly string[]> = {
  api: [places.receipt.privateFolder, symmetricFolders.callback],
  patient: [
    places.views.privateFolder,
    places.erasure.privateFolder,
    places.cookie,
    places.phoneDay,
    symmetricFolders.source,
    symmetricFolders.code,
    symmetricFolders.portal,
    symmetricFolders.passkey,
    symmetricFolders.pepper,
    symmetricFolders['opt-out'],
    places.link,
  ],
  worker: [
    places.epoch.privateFolder,
    places.link,
    symmetricFolders.pepper,
    symmetricFolders['opt-out'],
  ],
  scheduler: [
    places.webhook.privateFolder,
    places.canary.privateFolder,
    places.audit.privateFolder,
    symmetricFolders['canary-credential'],
  ],
  ops: [],
};
