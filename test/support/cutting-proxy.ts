import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { Secret } from '../../src/domain/secret.ts';

export interface CuttingProxy {
  /** The same way in, through the proxy. */
  readonly url: Secret<string>;
  /** From now on, how many connections were cut. */
  readonly cuts: () => number;
  /**
   * Cuts the next connection that sends these words: the server gets them and does what they say,
   * and its answer never arrives.
   */
  cutAfter(words: string): void;
  /** Likewise, but the connection stays open and nothing of it arrives any more. */
  stallAfter(words: string): void;
  close(): Promise<void>;
}

/** A way to PostgreSQL on which answers can be lost. */
export async function startCuttingProxy(target: Secret<string>): Promise<CuttingProxy> {
  const { hostname, port } = new URL(target.reveal());
  const open = new Set<Socket>();
  let awaited: { words: string; fate: 'cut' | 'stall' } | undefined;
  let cuts = 0;

  const server = createServer((client) => {
    const upstream = connect({ host: hostname, port: Number(port) });
    let doom: 'cut' | 'stall' | undefined;
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      open.add(one);
      one.on('error', () => {});
      one.on('close', () => {
        open.delete(one);
        other.destroy();
      });
    }
    client.on('data', (chunk: Buffer) => {
      if (awaited && chunk.includes(awaited.words)) {
        doom = awaited.fate;
        awaited = undefined;
      }
      upstream.write(chunk);
    });
    upstream.on('data', (chunk: Buffer) => {
      if (!doom) {
        client.write(chunk);
      } else if (doom === 'cut') {
        cuts += 1;
        client.resetAndDestroy();
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = new URL(target.reveal());
  url.hostname = '127.0.0.1';
  url.port = String((server.address() as AddressInfo).port);

  return {
    url: new Secret(url.href),
    cuts: () => cuts,
    cutAfter(words) {
      awaited = { words, fate: 'cut' };
    },
    stallAfter(words) {
      awaited = { words, fate: 'stall' };
    },
    async close() {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
