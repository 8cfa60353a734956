import { chmodSync, mkdirSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import formbody from '@fastify/formbody';
import fastify from 'fastify';
import type { Secret } from '../domain/secret.ts';
import { createBounces } from './bounces.ts';
import { readCallbackAddresses } from './callback-addresses.ts';
import { createFaults } from './faults.ts';
import { createGuard, isLoopback, isWildcard } from './guard.ts';
import { createLive } from './live.ts';
import { startMailServer } from './mail-server.ts';
import { createMessageStore } from './message-store.ts';
import { pageRoutes } from './page/routes.ts';
import { createPoster } from './poster.ts';
import { programs } from './programs.ts';
import { createReplies } from './replies.ts';
import { createStatusCallbacks } from './status-callbacks.ts';
import { twilioApi } from './twilio-api.ts';

export interface SandboxOptions {
  readonly port: number;
  readonly smtpPort: number;
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
  /** Likewise: a mail may be 1 MiB. */
  readonly charactersMax?: number;
  /** From accepted to sent, and from there to delivered, or bounced. */
  readonly receiptStepMs?: number;
}

/**
 * Starts the sandbox: a provider that speaks Twilio's Messages API and the phones it sends to, a mail
 * server and its mailboxes.
 *
 * It stands for what is outside Sotto, so the addresses and texts that it shows are not sealed here.
 * Nothing of it goes further than this computer: callbacks to other hosts are refused.
 */
export async function startSandbox(
  options: SandboxOptions,
): Promise<{ url: string; smtpUrl: string; close(): Promise<void> }> {
  const { host, names = [], log = () => {}, receiptStepMs: stepMs = 600 } = options;
  const directory = `${options.dataDir}/sandbox`;
  mkdirSync(options.dataDir, { recursive: true });
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  chmodSync(directory, 0o700);

  const now = Date.now;
  const { messagesMax = 10_000, charactersMax = 64 * 1024 * 1024 } = options;
  const store = createMessageStore({ directory, messagesMax, charactersMax, now });
  const faults = createFaults();
  const live = createLive();
  store.onChange(live.changed);
  faults.onChange(live.changed);
  const mayCall = (url: URL) =>
    isLoopback(url.hostname) ||
    url.hostname === host ||
    names.includes(url.hostname) ||
    url.origin === options.patientUrl;
  const poster = createPoster();
  const outside = {
    ...options,
    ...{ store, faults, poster, mayCall, stepMs },
    addresses: () => readCallbackAddresses(directory),
  };
  const callbacks = createStatusCallbacks(outside);
  const bounces = createBounces(outside);
  const takeReply = createReplies(outside);

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
    twilioApi({ ...options, store, faults, follow: callbacks.follow, mayCallBack: mayCall, now }),
  );
  await app.register(programs({ store, faults, takeReply }));
  await app.register(pageRoutes({ ...outside, takeReply, directory, now }));
  app.get('/live', live.route);

  const running = new AsyncDisposableStack();
  running.defer(() => store.close());
  running.defer(() => app.close());
  running.defer(() => poster.close());
  running.defer(() => live.close());
  try {
    const mail = await startMailServer({
      ...{ port: options.smtpPort, host, store, faults },
      follow: bounces.follow,
    });
    running.defer(() => mail.close());
    await app.listen({ port: options.port, host });
    const { port } = app.server.address() as AddressInfo;
    const reached = isWildcard(host) ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host;
    const url = `http://${reached}:${port}`;
    const smtpUrl = `smtp://${reached}:${mail.port}`;
    log(`sandbox: phone and mailbox at ${url}, mail server at ${smtpUrl}`);
    return { url, smtpUrl, close: () => running.disposeAsync() };
  } catch (error) {
    await running.disposeAsync();
    throw error;
  }
}
