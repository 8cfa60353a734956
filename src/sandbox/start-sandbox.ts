import { chmodSync, mkdirSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import formbody from '@fastify/formbody';
import fastify from 'fastify';
import type { Secret } from '../domain/secret.ts';
import { createFaults } from './faults.ts';
import { createGuard, isLoopback, isWildcard } from './guard.ts';
import { createLive } from './live.ts';
import { createMessageStore } from './message-store.ts';
import { pageRoutes } from './page/routes.ts';
import { programs } from './programs.ts';
import { createStatusCallbacks } from './status-callbacks.ts';
import { twilioApi } from './twilio-api.ts';

export interface SandboxOptions {
  readonly port: number;
  readonly host: string;
  readonly accountSid: string;
  readonly authToken: Secret<string>;
  readonly dataDir: string;
  /** Where links lead; a message whose link leads elsewhere is marked. */
  readonly patientUrl: string;
  readonly log?: (line: string) => void;
  /** Host names beside loopback and `host` that the sandbox answers to and calls back. */
  readonly names?: readonly string[];
  /** Older messages are dropped. */
  readonly messagesMax?: number;
  /** From accepted to sent, and from there to delivered. */
  readonly receiptStepMs?: number;
}

/**
 * Starts the sandbox: a provider that speaks Twilio's Messages API, and the phones it sends to.
 *
 * It stands for what is outside Sotto, so the numbers and texts that it shows are not sealed here.
 * Nothing of it goes further than this computer: status callbacks to other hosts are refused.
 */
export async function startSandbox(
  options: SandboxOptions,
): Promise<{ url: string; close(): Promise<void> }> {
  const { host, names = [], log = () => {} } = options;
  const directory = `${options.dataDir}/sandbox`;
  mkdirSync(options.dataDir, { recursive: true });
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  chmodSync(directory, 0o700);

  const now = Date.now;
  const store = createMessageStore({ directory, messagesMax: options.messagesMax ?? 10_000, now });
  const faults = createFaults();
  const live = createLive();
  store.onChange(live.changed);
  faults.onChange(live.changed);
  const callbacks = createStatusCallbacks({
    ...options,
    store,
    stepMs: options.receiptStepMs ?? 600,
  });
  const mayCallBack = (url: URL) =>
    isLoopback(url.hostname) || url.hostname === host || names.includes(url.hostname);

  const app = fastify({ forceCloseConnections: true, bodyLimit: 64 * 1024 });
  app.addHook('onRequest', createGuard(host, names));
  app.setErrorHandler((error, request, reply) => {
    const { statusCode = 500 } = error as { statusCode?: number };
    if (statusCode >= 500) log(`sandbox: ${request.method} failed`);
    return reply
      .code(statusCode)
      .send({ error: statusCode < 500 ? 'malformed_request' : 'failed' });
  });
  await app.register(formbody);
  await app.register(
    twilioApi({ ...options, store, faults, follow: callbacks.follow, mayCallBack, now }),
  );
  await app.register(programs({ store, faults }));
  await app.register(pageRoutes({ ...options, store, faults, directory, now }));
  app.get('/live', live.route);

  async function close(): Promise<void> {
    live.close();
    callbacks.close();
    await app.close();
    store.close();
  }
  try {
    await app.listen({ port: options.port, host });
  } catch (error) {
    await close();
    throw error;
  }
  const { port } = app.server.address() as AddressInfo;
  const url = `http://${isWildcard(host) ? '127.0.0.1' : host}:${port}`;
  log(`sandbox: phone at ${url}`);
  return { url, close };
}
