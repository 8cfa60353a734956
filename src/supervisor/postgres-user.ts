import { spawnSync } from 'node:child_process';
import { chownSync, lchownSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { StartError } from './start-error.ts';

/** How to run PostgreSQL's programs so that they find themselves without root's identity. */
export interface PostgresUser {
  readonly prefix: readonly string[];
  readonly spawnAs: { readonly uid?: number; readonly gid?: number };
  readonly owner: Owner | undefined;
}

interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/**
 * Finds a way to run PostgreSQL on this folder, which becomes its own.
 *
 * PostgreSQL refuses to run as root. As root it runs as `nobody`, or as whoever the folder belongs
 * to already. Where only root may pass (a checkout in /root), it keeps the one capability that lets
 * it pass, and reads no more than root let it read before; a container may grant only the wider
 * one. A user namespace is the last way, for disks on which owners cannot be changed. What works
 * differs from machine to machine, so each way is tried rather than guessed.
 */
export function choosePostgresUser(binFolder: string, folder: string): PostgresUser {
  const found = waysFor(folder).find(
    (way) => own(folder, way.owner) && works(way, binFolder, folder),
  );
  if (found) return found;
  throw new StartError(
    process.getuid?.() === 0
      ? `PostgreSQL cannot run as root, nor as another user in ${dirname(folder)}. Start Sotto as an ordinary user, move it to a folder that everyone may enter, or set DATABASE_URL.`
      : `The bundled PostgreSQL does not run here (${binFolder}/postgres). Set DATABASE_URL.`,
  );
}

/** Gives a file or a folder with all that is in it to the user that PostgreSQL runs as. */
function own(path: string, owner: Owner | undefined): boolean {
  if (!owner || statSync(path).uid === owner.uid) return true;
  try {
    // The top comes last: an interrupted change is seen by its owner and done again.
    if (statSync(path).isDirectory()) {
      for (const entry of readdirSync(path, { recursive: true, encoding: 'utf8' })) {
        lchownSync(join(path, entry), owner.uid, owner.gid);
      }
    }
    chownSync(path, owner.uid, owner.gid);
    return true;
  } catch {
    return false;
  }
}

function waysFor(folder: string): PostgresUser[] {
  if (process.getuid?.() !== 0) return [{ prefix: [], spawnAs: {}, owner: undefined }];
  const { uid, gid } = statSync(folder);
  const owner = uid === 0 ? nobody() : { uid, gid };
  return [
    { prefix: [], spawnAs: owner, owner },
    { prefix: keepingCapability('dac_read_search', owner), spawnAs: {}, owner },
    { prefix: keepingCapability('dac_override', owner), spawnAs: {}, owner },
    {
      prefix: ['unshare', '--user', `--map-user=${owner.uid}`, `--map-group=${owner.gid}`],
      spawnAs: {},
      owner: { uid: 0, gid: 0 },
    },
  ];
}

/**
 * initdb asks access(2) whether it may use its files, which leaves capabilities out of account
 * unless `no_setuid_fixup` is set. At exec everything but the named capability is gone.
 *
 * @see capabilities(7), access(2), setpriv(1)
 */
function keepingCapability(capability: string, { uid, gid }: Owner): string[] {
  return [
    'setpriv',
    `--reuid=${uid}`,
    `--regid=${gid}`,
    '--clear-groups',
    '--no-new-privs',
    '--securebits=+no_setuid_fixup',
    `--inh-caps=-all,+${capability}`,
    `--ambient-caps=-all,+${capability}`,
  ];
}

function works({ prefix, spawnAs }: PostgresUser, binFolder: string, folder: string): boolean {
  const script = 'cd "$1" && [ -w . ] && "$2/postgres" --version && exec "$2/initdb" --show';
  const env = { PATH: process.env.PATH, PGDATA: folder };
  const [command = 'sh', ...args] = [...prefix, ...['sh', '-c', script, 'sh', folder, binFolder]];
  return spawnSync(command, args, { ...spawnAs, cwd: '/', env, stdio: 'ignore' }).status === 0;
}

function nobody(): Owner {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((entry) => entry.startsWith('nobody:'));
  const [, , uid, gid] = line?.split(':') ?? [];
  // macOS numbers it -2, which a signed parse would hand to the kernel as it is.
  const valid = Number(uid) > 0 && Number(gid) > 0;
  return valid ? { uid: Number(uid), gid: Number(gid) } : { uid: 65_534, gid: 65_534 };
}
