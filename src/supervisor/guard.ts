import { readRunning } from './data-dir.ts';
import { stopLeftBehind } from './left-behind.ts';

/**
 * Ends what a dead supervisor left. start-guard.ts runs this when the supervisor is gone.
 *
 * A new supervisor may have taken the data folder meanwhile; it has then stopped everything itself.
 */
const [dataDir = '', supervisorPid, supervisorStartedAt] = process.argv.slice(2);

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});

const running = readRunning(dataDir);
if (
  running?.supervisor.pid === Number(supervisorPid) &&
  running.supervisor.startedAt === supervisorStartedAt
) {
  await stopLeftBehind(dataDir, Object.values(running.roles));
}
