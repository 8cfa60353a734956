import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readRunning, takeDataDir } from '../../src/supervisor/data-dir.ts';
import {
  type EmbeddedPostgres,
  type EmbeddedPostgresOptions,
  startEmbeddedPostgres,
} from '../../src/supervisor/embedded-postgres.ts';
import { isAlive } from '../../src/supervisor/process-identity.ts';
import { startGuard } from '../../src/supervisor/start-guard.ts';
import { freePort } from './free-port.ts';

const prefix = 'sotto-test-postgres-';

export interface TestPostgres extends EmbeddedPostgres {
  /** SIGKILL to its first process, as a machine would that runs out of memory. */
  kill(): Promise<void>;
  /** Starts it again in the same place, with what was committed. */
  restart(): Promise<void>;
}

/**
 * One embedded server for a whole test run, in a folder of its own that `stop` removes. If the run
 * crashes, the guard stops the server and the next run removes the folder.
 *
 * @param durable `false` for speed; code that refuses an unsafe server then refuses this one
 * @param prepare puts what it is to start from into its folder
 */
export async function startTestPostgres({
  durable = true,
  settings,
  prepare = async () => {},
}: Pick<EmbeddedPostgresOptions, 'durable' | 'settings'> & {
  prepare?: (dataDir: string) => Promise<void>;
} = {}): Promise<TestPostgres> {
  removeAbandoned();
  const dataDir = await takeDataDir(mkdtempSync(join(tmpdir(), prefix)));
  const guard = startGuard({ dataDir: dataDir.path, onStarted: dataDir.recordGuard });
  const close = async () => {
    dataDir.release();
    await guard.stop();
    rmSync(dataDir.path, { recursive: true, force: true });
  };
  try {
    await prepare(dataDir.path);
    const options = { dataDir: dataDir.path, durable, settings, port: await freePort() };
    let server = await startEmbeddedPostgres(options);
    return {
      ...server,
      async kill() {
        process.kill(server.pid, 'SIGKILL');
        await server.ended;
      },
      async restart() {
        server = await startEmbeddedPostgres(options);
      },
      async stop() {
        await server.stop();
        await close();
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function removeAbandoned(): void {
  for (const name of readdirSync(tmpdir()).filter((entry) => entry.startsWith(prefix))) {
    const folder = join(tmpdir(), name);
    const running = readRunning(folder);
    if (running && !isAlive(running.supervisor)) {
      rmSync(folder, { recursive: true, force: true });
    }
  }
}
