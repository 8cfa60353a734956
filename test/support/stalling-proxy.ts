import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { Secret } from '../../src/domain/secret.ts';

export interface StallingProxy {
  /** The same way in, through the proxy. */
  readonly url: Secret<string>;
  /** How many connections came. */
  readonly connections: () => number;
  /**
   * From now on connections are accepted and nothing answers on any, nor is one ever closed: a
   * machine that has hung, or a firewall that has forgotten.
   */
  stall(): void;
  /** New connections work again; those that had stalled stay silent for ever. */
  heal(): void;
  close(): Promise<void>;
}

export async function startStallingProxy(target: Secret<string>): Promise<StallingProxy> {
  const { hostname, port } = new URL(target.reveal());
  const open = new Set<Socket>();
  const passing = new Set<() => void>();
  let stalled = false;
  let connections = 0;

  const server = createServer({ allowHalfOpen: true }, (client) => {
    connections += 1;
    open.add(client);
    client.on('error', () => {});
    client.on('close', () => open.delete(client));
    if (stalled) return void client.resume();
    const upstream = connect({ host: hostname, port: Number(port) });
    open.add(upstream);
    upstream.on('error', () => {});
    client.pipe(upstream).pipe(client, { end: false });
    upstream.on('close', () => open.delete(upstream));
    const end = () => {
      passing.delete(silence);
      client.destroy();
      upstream.destroy();
    };
    const silence = () => {
      passing.delete(silence);
      upstream.off('close', end);
      client.unpipe().resume();
      upstream.unpipe().destroy();
    };
    passing.add(silence);
    client.on('close', end);
    upstream.on('close', end);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = new URL(target.reveal());
  url.hostname = '127.0.0.1';
  url.port = String((server.address() as AddressInfo).port);

  return {
    url: new Secret(url.href),
    connections: () => connections,
    stall() {
      stalled = true;
      for (const silence of [...passing]) silence();
    },
    heal() {
      stalled = false;
    },
    async close() {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
