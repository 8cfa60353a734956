import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { identify, type ProcessIdentity } from './process-identity.ts';

export interface Guard {
  /** Sends it home: what still runs from now on is nobody's to clean up. */
  stop(): Promise<void>;
}

const script = fileURLToPath(new URL('./guard.ts', import.meta.url));
const respawnMs = 500;

/**
 * A shell costs half a megabyte where a waiting Node costs twenty. Its input is a pipe whose other
 * end only the supervisor holds: a line means that all is stopped, an end without a line that the
 * supervisor died, however it did.
 */
const waiting = 'trap "" INT TERM HUP; if read -r _; then exit 0; fi; exec "$@"';

/**
 * Starts the process that ends the database and the roles if this one is killed.
 *
 * @param onStarted told who guards, again whenever the guard had to be replaced
 */
export function startGuard({
  dataDir,
  onStarted,
}: {
  dataDir: string;
  onStarted: (guard: ProcessIdentity) => void;
}): Guard {
  const supervisor = identify(process.pid);
  let child: ChildProcess;
  let respawn: NodeJS.Timeout | undefined;
  let stopping = false;

  const start = () => {
    child = spawn(
      '/bin/sh',
      [
        ...['-c', waiting, 'sotto-guard'],
        ...[process.execPath, '--max-old-space-size=32', script],
        ...[dataDir, String(process.pid), supervisor?.startedAt ?? ''],
      ],
      // Detached: Ctrl+C reaches the whole terminal group.
      { stdio: ['pipe', 'ignore', 'ignore'], detached: true, env: {} },
    );
    child.on('error', () => {});
    child.stdin?.on('error', () => {});
    child.once('close', () => {
      if (!stopping) respawn = setTimeout(start, respawnMs).unref();
    });
    child.unref();
    const guard = child.pid === undefined ? undefined : identify(child.pid);
    if (guard) onStarted(guard);
  };
  start();

  return {
    async stop() {
      stopping = true;
      clearTimeout(respawn);
      if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
      child.ref();
      child.stdin?.end('done\n');
      await once(child, 'close');
    },
  };
}
