import { randomUUID } from 'node:crypto';
import { chmod, chown, link, mkdir, open, readdir, readFile, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Audience, KeyFolder } from './key-folder.ts';
import { KeyStoreError } from './key-store-error.ts';

export function keyFolder(root: string): KeyFolder {
  const guarded = async <T>(path: string, verb: string, action: () => Promise<T>): Promise<T> => {
    try {
      return await action();
    } catch (error) {
      throw new KeyStoreError([`${path}: cannot be ${verb} (${errorCode(error)})`]);
    }
  };

  return {
    read: (path) =>
      guarded(path, 'read', () => absentAs(undefined, () => readFile(join(root, path)))),

    madeAt: (path) =>
      guarded(path, 'read', () =>
        absentAs(undefined, async () => (await stat(join(root, path))).mtime),
      ),

    list: (folder, extension) =>
      guarded(folder, 'listed', async () => {
        const names = await absentAs([], () => readdir(join(root, folder)));
        return names
          .filter((name) => name.endsWith(extension) && !name.startsWith('.'))
          .map((name) => name.slice(0, name.length - extension.length));
      }),

    makeFolder: (folder, audience) =>
      guarded(folder, 'made', async () => {
        // The store itself is open to every role's user; what lies below it need not be.
        await mkdir(dirname(root), { recursive: true });
        await makeOneFolder(root, 'everyone');
        const parts = folder.split('/');
        for (let depth = 1; depth <= parts.length; depth += 1) {
          await makeOneFolder(join(root, ...parts.slice(0, depth)), audience);
        }
      }),

    create: (path, bytes, audience) =>
      guarded(path, 'created', () => createWhole(join(root, path), bytes, audience)),

    remove: (folder, file) =>
      guarded(`${folder}/${file}`, 'removed', async () => {
        const names = await absentAs([], () => readdir(join(root, folder)));
        const doomed = names.filter((name) => name === file || name.startsWith(`.${file}.`));
        for (const name of doomed) {
          await absentAs(undefined, () => unlink(join(root, folder, name)));
        }
        if (doomed.length > 0) await syncFolder(join(root, folder));
      }),

    sync: (folder) => guarded(folder, 'synced', () => syncFolder(join(root, folder))),
  };
}

/**
 * Writes under a name of its own and links that to the final one: link(2) fails where rename(2)
 * would overwrite, so of two makers one wins and nobody reads half a key.
 */
async function createWhole(path: string, bytes: Buffer, audience: Audience): Promise<boolean> {
  const mode = audience === 'owner' ? 0o600 : 0o644;
  const temporary = `${dirname(path)}/.${path.slice(dirname(path).length + 1)}.${randomUUID()}`;
  const file = await open(temporary, 'wx', mode);
  try {
    try {
      await file.chmod(mode); // whatever the umask says
      await giveToOwnerOf(dirname(path), (uid, gid) => file.chown(uid, gid));
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await link(temporary, path);
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  } finally {
    await absentAs(undefined, () => unlink(temporary));
  }
}

/** What root makes for a role is that role's, as the folder is: it could not read its own key else. */
async function giveToOwnerOf(
  folder: string,
  give: (uid: number, gid: number) => Promise<void>,
): Promise<void> {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = await stat(folder);
  if (uid !== 0) await give(uid, gid);
}

async function makeOneFolder(path: string, audience: Audience): Promise<void> {
  const mode = audience === 'owner' ? 0o700 : 0o755;
  try {
    await mkdir(path, { mode });
    await chmod(path, mode); // whatever the umask says
    await giveToOwnerOf(dirname(path), (uid, gid) => chown(path, uid, gid));
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return;
    throw error;
  }
  await syncFolder(dirname(path));
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

async function absentAs<T>(fallback: T, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return fallback;
    throw error;
  }
}

/** A code such as EACCES. The runtime's own message is dropped: it holds absolute paths. */
export function errorCode(error: unknown): string {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  return typeof code === 'string' ? code : 'unknown error';
}
