import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

const given = new Set<number>();

/**
 * A port of this machine that nobody listens on, for a process that is told its port before it starts.
 *
 * It is one that systems hand out to nobody by themselves, for connections or for port 0: such a one could be
 * gone before that process has it. Ten thousand more, where servers of a Redis cluster speak to each other, is
 * one too.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(10_000, 22_000);
    if (given.has(port)) continue;
    given.add(port);
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer().once('error', () => resolve(false));
    server.listen(port, () => server.close(() => resolve(true)));
  });
}
