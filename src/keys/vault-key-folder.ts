import { z } from 'zod';
import type { KeyFolder } from './key-folder.ts';
import { KeyLostError, KeyStoreAwayError, KeyStoreError } from './key-store-error.ts';
import type { VaultAddress } from './vault-address.ts';
import { VaultAway, type VaultClient } from './vault-client.ts';

const heldVersion = z.object({
  data: z.object({
    data: z.object({ key: z.base64() }),
    metadata: z.object({ created_time: z.iso.datetime(), version: z.int() }),
  }),
});
const lostVersion = z.object({
  data: z.object({ data: z.null(), metadata: z.object({ version: z.int() }) }),
});
const madeVersion = z.object({
  data: z.object({ version: z.int(), deletion_time: z.string() }),
});
const names = z.object({ data: z.object({ keys: z.array(z.string()) }) });

/**
 * Keys as secrets of a KV version 2 of HashiCorp Vault, or OpenBao, one a key: `{"key": base64}`.
 *
 * A secret is made with `cas: 0`, so that Vault makes it or refuses, and never overwrites. Removing deletes
 * it with all its versions and what is known about it, not the latest version alone, which could be brought
 * back. Somebody else may do that: such a key is lost until they decide.
 *
 * @param onLost told each time that one is met
 * @see https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2
 */
export function vaultKeyFolder(
  client: VaultClient,
  { mount, path: prefix }: Pick<VaultAddress, 'mount' | 'path'>,
  onLost: (path: string) => void = () => {},
): KeyFolder {
  const at = (kind: 'data' | 'metadata', path: string) =>
    [mount, kind, ...prefix.split('/'), ...path.split('/')].map(encodeURIComponent).join('/');

  /** @returns undefined when there is no such secret */
  async function version(path: string) {
    const { status, body } = await client.ask('GET', at('data', path));
    if (status === 200) return answered(path, heldVersion, body).data;
    if (status !== 404) throw new KeyStoreError([notKv(path)]);
    if (lostVersion.safeParse(body).success) {
      onLost(path);
      throw new KeyLostError(
        `${path}: is deleted in Vault, but not gone: undelete it, or delete its metadata`,
      );
    }
    return undefined;
  }

  return {
    read: (path) =>
      guarded(path, 'read', async () => {
        const held = await version(path);
        return held && Buffer.from(held.data.key, 'base64');
      }),

    madeAt: (path) =>
      guarded(path, 'read', async () => {
        const held = await version(path);
        return held && new Date(held.metadata.created_time);
      }),

    list: (folder, extension) =>
      guarded(folder, 'listed', async () => {
        const { status, body } = await client.ask('GET', `${at('metadata', folder)}/?list=true`);
        if (status === 404) return [];
        return answered(folder, names, body)
          .data.keys.map((name) => name.replace(/\/$/, ''))
          .filter((name) => name.endsWith(extension) && !name.startsWith('.'))
          .map((name) => name.slice(0, name.length - extension.length));
      }),

    create: (path, bytes) =>
      guarded(path, 'created', async () => {
        const made = await write(path, bytes);
        if (!made) return false;
        if (made.deletion_time === '') return true;
        await client.ask('DELETE', at('metadata', path)).catch(() => {});
        throw new KeyStoreError([
          `${path}: Vault would delete it by itself: set delete_version_after of the mount to 0`,
        ]);
      }),

    remove: (folder, file) =>
      guarded(`${folder}/${file}`, 'removed', async () => {
        await client.ask('DELETE', at('metadata', `${folder}/${file}`));
      }),

    // Folders are there with what is in them, and what Vault has answered is durable.
    makeFolder: async () => {},
    sync: async () => {},
  };

  /** @returns undefined where there is one already */
  async function write(path: string, bytes: Buffer) {
    const body = { options: { cas: 0 }, data: { key: bytes.toString('base64') } };
    try {
      const answer = await client.ask('POST', at('data', path), body);
      if (answer.status === 200) return answered(path, madeVersion, answer.body).data;
      if (answer.status === 404) throw new KeyStoreError([notKv(path)]);
      return undefined; // 400: there is a version already.
    } catch (error) {
      // To write what is there takes `update`, which no policy of ours has.
      const isRefused = error instanceof VaultAway && error.refuses;
      const isThere = isRefused && (await version(path).catch(() => undefined)) !== undefined;
      if (isThere) return undefined;
      throw error;
    }
  }
}

async function guarded<T>(path: string, verb: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (!(error instanceof VaultAway)) throw error;
    throw new KeyStoreAwayError(`${path}: cannot be ${verb} (${error.message})`, {
      mayGoOn: !error.refuses,
    });
  }
}

function answered<T>(path: string, shape: z.ZodType<T>, body: unknown): T {
  const parsed = shape.safeParse(body);
  if (!parsed.success) throw new KeyStoreError([notKv(path)]);
  return parsed.data;
}

const notKv = (path: string) => `${path}: Vault does not answer as a KV version 2 of ours`;
