import { readRunning } from './data-dir.ts';
import { stopLeftBehind } from './left-behind.ts';

/**
 * Waits for the supervisor to die and then ends what it left. Started by start-guard.ts as a
 * process of its own, out of reach of the terminal's Ctrl+C; standard input is the pipe whose
 * other end only the supervisor holds, so that it closes however the supervisor ends.
 */
const [dataDir = '', supervisorPid, supervisorStartedAt] = process.argv.slice(2);

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});

let called = false;
async function cleanUp(): Promise<void> {
  if (called) return;
  called = true;
  const running = readRunning(dataDir);
  // A supervisor that stopped in order has given the folder back; a new one may have it by now.
  if (
    running?.supervisor.pid === Number(supervisorPid) &&
    running.supervisor.startedAt === supervisorStartedAt
  ) {
    await stopLeftBehind(dataDir, running.roles);
  }
  process.exit(0);
}

process.stdin.on('end', cleanUp).on('close', cleanUp).on('error', cleanUp).resume();
