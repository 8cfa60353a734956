import { rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  type ProcessIdentity,
  postgresProcessesIn,
  signalProcess,
  waitForEnd,
} from './process-identity.ts';

/** The embedded database's folder in DATA_DIR. */
export function clusterFolder(dataDir: string): string {
  return join(dataDir, 'postgres');
}

/**
 * Ends what a dead supervisor left: first the roles, which may still be recording what a provider
 * answered, then PostgreSQL. Takes under 10 s whatever happens; everything committed survives all
 * of it.
 */
export async function stopLeftBehind(
  dataDir: string,
  roles: readonly ProcessIdentity[],
): Promise<void> {
  for (const role of roles) signalProcess(role, 'SIGTERM');
  const slow = await waitForEnd(roles, 5_000);
  const stopped = stopPostgresIn(clusterFolder(dataDir));
  for (const role of await waitForEnd(slow, 2_000)) signalProcess(role, 'SIGKILL');
  await stopped;
}

/**
 * Stops whatever serves this data folder: a fast shutdown, then an immediate one (the next start
 * replays the log), then by force. Removes the pid file afterwards, because PostgreSQL refuses to
 * start while the number in it is in use, even when a reboot has given it to somebody else.
 */
export async function stopPostgresIn(folder: string): Promise<void> {
  for (const [signal, waitMs] of [
    ['SIGINT', 2_000],
    ['SIGQUIT', 600],
    ['SIGKILL', 1_000],
  ] as const) {
    const running = postgresProcessesIn(folder);
    if (running.length === 0) break;
    for (const each of running) signalProcess(each, signal);
    await waitForEnd(running, waitMs);
  }
  if (postgresProcessesIn(folder).length === 0) {
    rmSync(join(folder, 'postmaster.pid'), { force: true });
  }
}
