import { inject } from 'vitest';
import type { TestServer } from './global-setup.ts';

/** The PostgreSQL of this worker of the run. */
export function testServer(): TestServer {
  const servers = inject('servers');
  const server = servers[Number(process.env.VITEST_POOL_ID) % servers.length];
  if (!server) throw new Error('no server was started for this worker');
  return server;
}
