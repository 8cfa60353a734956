import { rotatedPairs } from './key-pairs.ts';
import {
  type KeyRole,
  places,
  privateFolders,
  rotatedFolders,
  symmetricFolders,
} from './key-places.ts';
import { rotatedKinds } from './key-store.ts';
import type { VaultAddress } from './vault-address.ts';

/** Who gets a token: the roles, whoever changes keys by hand, and the command line for the rest. */
export const vaultHolders = [
  'api',
  'patient',
  'worker',
  'scheduler',
  'ops',
  'keys',
  'command-line',
] as const;
export type VaultHolder = (typeof vaultHolders)[number];

/** What a holder may do in a folder; public halves everybody may read. Nobody may overwrite. */
export interface VaultRight {
  readonly folder: string;
  readonly makes: boolean;
  readonly destroys: boolean;
}

const publicFolder = 'public';

/** Where what a role makes appears; the rest of what it reads it is given. */
const madeBy: Record<KeyRole, readonly string[]> = {
  api: [places.receipt.privateFolder, places.receipt.publicFolder, symmetricFolders.callback],
  patient: [
    ...privateFolders.patient.filter((folder) => folder.startsWith('patient/')),
    places.views.publicFolder,
    places.erasure.publicFolder,
  ],
  worker: [
    ...privateFolders.worker, // Of what it shares with `patient` it makes the first.
    places.epoch.publicFolder,
  ],
  scheduler: [
    ...privateFolders.scheduler,
    places.webhook.publicFolder,
    places.canary.publicFolder,
    places.audit.publicFolder,
  ],
  ops: [],
};

/** Keys that end by themselves, each at its time. */
const destroyedBy: Partial<Record<KeyRole, readonly string[]>> = {
  worker: [places.epoch.privateFolder, places.epoch.publicFolder],
  patient: [places.views.privateFolder, places.views.publicFolder, places.phoneDay],
};

/** Where a holder sees which keys there are, and reads none: `sotto sealed report` asks. */
const listedBy: Partial<Record<VaultHolder, readonly string[]>> = {
  'command-line': [places.epoch.privateFolder, places.views.privateFolder],
};

/** Everything that a holder may do, but reading public halves. */
export function vaultRights(holder: VaultHolder): VaultRight[] {
  if (holder === 'keys') {
    const folders = rotatedKinds.flatMap((kind) => {
      const pair = rotatedPairs[kind];
      return pair ? [rotatedFolders[kind], pair.place.publicFolder] : [rotatedFolders[kind]];
    });
    return folders.map((folder) => ({ folder, makes: true, destroys: true }));
  }
  if (holder === 'command-line') {
    const folders = [symmetricFolders.callback, symmetricFolders.pepper];
    return folders.map((folder) => ({ folder, makes: false, destroys: false }));
  }
  const made = new Set(madeBy[holder]);
  const destroyed = new Set(destroyedBy[holder]);
  return Array.from(new Set([...privateFolders[holder], ...made, ...destroyed]), (folder) => ({
    ...{ folder, makes: made.has(folder), destroys: destroyed.has(folder) },
  }));
}

/** The policy of a holder, as Vault reads it. */
export function vaultPolicy(
  holder: VaultHolder,
  { mount, path }: Pick<VaultAddress, 'mount' | 'path'>,
): string {
  const everybodys = { folder: publicFolder, makes: false, destroys: false };
  const rules = [...vaultRights(holder), everybodys].flatMap(({ folder, makes, destroys }) => [
    rule(`${mount}/data/${path}/${folder}/*`, [...(makes ? ['create'] : []), 'read']),
    rule(`${mount}/metadata/${path}/${folder}/*`, [...(destroys ? ['delete'] : []), 'list']),
  ]);
  const lists = (listedBy[holder] ?? []).map((folder) =>
    rule(`${mount}/metadata/${path}/${folder}/*`, ['list']),
  );
  // What the policy `default` allows too, for a token without it.
  const itself = [
    rule('sys/capabilities-self', ['update']),
    rule('auth/token/renew-self', ['update']),
    rule('auth/token/lookup-self', ['read']),
  ];
  return [...rules, ...lists, ...itself].join('');
}

function rule(path: string, capabilities: readonly string[]): string {
  return `path "${path}" {\n  capabilities = [${capabilities.map((one) => `"${one}"`).join(', ')}]\n}\n`;
}
