import { z } from 'zod';
import { contentProblems } from './check-keys-in.ts';
import { type KeyRole, places, privateFolders } from './key-places.ts';
import { KeyStoreError } from './key-store-error.ts';
import type { VaultAddress } from './vault-address.ts';
import { type VaultAnswer, VaultAway, type VaultClient } from './vault-client.ts';
import { vaultKeyFolder } from './vault-key-folder.ts';
import { vaultRights } from './vault-policies.ts';

type Deps = { readonly client: VaultClient; readonly address: VaultAddress };

const mountAnswer = z.object({
  data: z.object({ type: z.string(), options: z.record(z.string(), z.string()).nullish() }),
});
const rightsAnswer = z.object({ data: z.record(z.string(), z.unknown()) });
const rightsOfPath = z.array(z.string());

/**
 * Proves at the start of a role that its keys in Vault can be used and are its own: a KV version 2 is there,
 * the token may do what the role does and can read no other role's keys nor replace public halves that
 * others seal to, and the keys are whole. What is not there yet the role makes.
 *
 * @throws {KeyStoreError} with every problem found, one line each
 */
export async function checkVault({ client, address }: Deps, role: KeyRole): Promise<void> {
  const mount = await mountProblems({ client, address });
  if (mount.length > 0) throw new KeyStoreError(mount);
  const problems = [
    ...(await rightProblems({ client, address }, role)),
    ...(await contentProblems(vaultKeyFolder(client, address), role)),
  ];
  if (problems.length > 0) throw new KeyStoreError(Array.from(new Set(problems)));
}

/**
 * Proves at the start of a role that reads no keys that its token reads none either. It starts where Vault does
 * not answer, or refuses the token: its pages are wanted most when something else is down.
 *
 * @throws {KeyStoreError} with every right that the token has beyond its role's, one line each
 */
export async function checkVaultToken(deps: Deps, role: KeyRole): Promise<void> {
  const { beyond } = await compareRights(deps, role).catch((error: unknown) => {
    if (error instanceof VaultAway) return { beyond: [] };
    throw error;
  });
  if (beyond.length > 0) throw new KeyStoreError(beyond);
}

/** Roles whose keys a token may all read; of a role's own token, that one. */
export async function rolesOfToken({ client, address }: Deps): Promise<KeyRole[]> {
  const folders = Array.from(new Set(Object.values(privateFolders).flat()));
  const may = await readRights({ client, address }, folders);
  const all = Object.entries(privateFolders) as [KeyRole, readonly string[]][];
  return all
    .filter(([, own]) => own.length > 0 && own.every((folder) => may(folder, 'read')))
    .map(([role]) => role);
}

async function mountProblems({ client, address }: Deps): Promise<string[]> {
  const { mount, path } = address;
  const found = await asked(() =>
    client.ask('GET', `sys/internal/ui/mounts/${[mount, ...path.split('/')].join('/')}`),
  );
  if ('problem' in found) return [`${mount}: cannot be looked at (${found.problem})`];
  const parsed = mountAnswer.safeParse(found.answer.body);
  const isKv2 =
    parsed.success && parsed.data.data.type === 'kv' && parsed.data.data.options?.version === '2';
  return isKv2 ? [] : [`${mount}: is no KV version 2 of Vault`];
}

/** What the token may not do, or may do beyond, in the folders of all roles: one line each. */
export async function rightProblems(deps: Deps, role: KeyRole): Promise<string[]> {
  try {
    const { lacking, beyond } = await compareRights(deps, role);
    return [...lacking, ...beyond];
  } catch (error) {
    if (error instanceof VaultAway) return [`sys/capabilities-self: ${error.message}`];
    throw error;
  }
}

/** @throws {VaultAway} */
async function compareRights(deps: Deps, role: KeyRole) {
  const rights = vaultRights(role);
  const own = new Set(rights.map(({ folder }) => folder));
  const others = Object.values(privateFolders)
    .flat()
    .filter((folder) => !own.has(folder));
  const publicFolders = Object.values(places)
    .flatMap((place) => (typeof place === 'string' ? [] : [place.publicFolder]))
    .filter((folder) => !own.has(folder));
  const may = await readRights(deps, [...own, ...others, ...publicFolders]);
  return {
    lacking: [
      ...rights.flatMap(({ folder, makes, destroys }) => [
        ...lack(may, folder, ['list', 'read']),
        ...(makes ? lack(may, folder, ['create']) : []),
        ...(destroys ? lack(may, folder, ['delete']) : []),
      ]),
      ...publicFolders.flatMap((folder) => lack(may, folder, ['list', 'read'])),
    ],
    beyond: [
      ...Array.from(new Set(others)).flatMap((folder) => excess(may, folder, ['read', ...changes])),
      ...publicFolders.flatMap((folder) => excess(may, folder, changes)),
      // Whoever may delete a key and make another in its place has overwritten it.
      ...rights.flatMap(({ folder, destroys }) =>
        excess(may, folder, ['update', 'patch', ...(destroys ? [] : (['delete'] as const))]),
      ),
    ],
  };
}

type Right = 'list' | 'read' | 'create' | 'update' | 'patch' | 'delete';
const changes: readonly Right[] = ['create', 'update', 'patch', 'delete'];
type May = (folder: string, right: Right) => boolean;

const lack = (may: May, folder: string, rights: readonly Right[]) =>
  rights
    .filter((right) => !may(folder, right))
    .map((right) => `${folder}: the token may not ${right} in it, and must`);

const excess = (may: May, folder: string, rights: readonly Right[]) =>
  rights
    .filter((right) => withinOf(folder).some((place) => may(place, right)))
    .map((right) => `${folder}: the token may ${right} in it, and must not`);

/** Each organisation's view keys have a folder of their own, which a rule with a `+` can reach alone. */
const withinOf = (folder: string) => [
  folder,
  ...(folder === places.views.privateFolder || folder === places.views.publicFolder
    ? [`${folder}/any`]
    : []),
];

/** @throws {VaultAway} */
async function readRights({ client, address }: Deps, folders: readonly string[]): Promise<May> {
  const { mount, path } = address;
  const pathsOf = (folder: string) => ({
    data: `${mount}/data/${path}/${folder}/any`,
    metadata: `${mount}/metadata/${path}/${folder}/any`,
    listed: `${mount}/metadata/${path}/${folder}/`,
  });
  const paths = folders.flatMap(withinOf).flatMap((place) => Object.values(pathsOf(place)));
  const { body } = await client.ask('POST', 'sys/capabilities-self', { paths });
  const parsed = rightsAnswer.safeParse(body);
  return (folder, right) => {
    const { data, metadata, listed } = pathsOf(folder);
    const at = right === 'list' ? listed : right === 'delete' ? metadata : data;
    const rights = rightsOfPath.safeParse(parsed.data?.data[at]).data ?? [];
    return rights.includes(right) || rights.includes('root');
  };
}

async function asked(
  ask: () => Promise<VaultAnswer>,
): Promise<{ answer: VaultAnswer } | { problem: string }> {
  try {
    return { answer: await ask() };
  } catch (error) {
    if (error instanceof VaultAway) return { problem: error.message };
    throw error;
  }
}
