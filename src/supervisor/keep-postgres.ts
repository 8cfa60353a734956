import { setTimeout as wait } from 'node:timers/promises';
import type { Secret } from '../domain/secret.ts';
import { backoff } from './children.ts';
import { startEmbeddedPostgres } from './embedded-postgres.ts';
import { StartError } from './start-error.ts';

export interface KeptPostgres {
  readonly adminUrl: Secret<string>;
  stop(): Promise<void>;
}

/**
 * Starts the embedded server and starts it again, on the same port, whenever it ends unasked: the
 * roles hold its address.
 *
 * @param note takes a line for the terminal
 * @throws {StartError} when the first start fails
 */
export async function keepPostgres({
  dataDir,
  note,
}: {
  dataDir: string;
  note: (line: string) => void;
}): Promise<KeptPostgres> {
  let server = await startEmbeddedPostgres({ dataDir });
  const { adminUrl, port } = server;
  const stopping = new AbortController();

  const keep = async () => {
    let pauseMs: number = backoff.firstMs;
    while (true) {
      await server.ended;
      if (stopping.signal.aborted) return;
      note(`postgres: ended; starting again in ${pauseMs / 1000} s`);
      await wait(pauseMs, undefined, { signal: stopping.signal }).catch(() => {});
      if (stopping.signal.aborted) return;
      try {
        server = await startEmbeddedPostgres({ dataDir, port });
        pauseMs = backoff.firstMs;
      } catch (error) {
        pauseMs = Math.min(pauseMs * 2, backoff.lastMs);
        note(`postgres: ${error instanceof StartError ? error.message : 'could not be started'}`);
      }
    }
  };
  const kept = keep();

  return {
    adminUrl,
    async stop() {
      stopping.abort();
      await server.stop();
      await kept;
      // A start that was under way when the stop came.
      await server.stop();
    },
  };
}
