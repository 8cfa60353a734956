import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { limits } from '../../config/limits.ts';
import { Secret } from '../../src/domain/secret.ts';
import { startSandbox } from '../../src/sandbox/start-sandbox.ts';
import { createTwilioTransport } from '../../src/transport/sms-twilio.ts';
import type { Transport } from '../../src/transport/transport.ts';
import { timeOf } from '../support/time-of.ts';

const accountSid = `ACsandbox${'0'.repeat(25)}`;
const authToken = new Secret('token-of-the-test');
const phone = '+33639980001';
const link = 'http://localhost:3001/aBcD';
const sid = `SM${'a1'.repeat(16)}`;

const opened: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close();
});

function transportTo(
  baseUrl: string,
  options: Partial<Parameters<typeof createTwilioTransport>[0]> = {},
) {
  const transport = createTwilioTransport({
    accountSid,
    authToken,
    from: '+33757000001',
    baseUrl,
    statusCallbackUrl: (token) => `http://127.0.0.1:9/callbacks/${token}`,
    timeoutMs: limits.sendTimeoutMs,
    maxSockets: 4,
    ...options,
  });
  opened.push(() => transport.close());
  return transport;
}

function send(transport: Transport, to = phone, text = `You have a reminder: ${link}`) {
  return transport.send({
    channel: 'sms',
    to: new Secret(to),
    text: new Secret(text),
    attemptToken: 'attempt-token',
    validitySeconds: 3_600,
  });
}

/** A peer that is no HTTP server: it does what it is told with each connection. */
async function peer(onConnection: (socket: net.Socket) => void) {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    onConnection(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  opened.push(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const { port } = server.address() as net.AddressInfo;
  return { url: `http://127.0.0.1:${port}`, port, sockets };
}

/** A peer that reads whole requests and answers each with raw bytes, or with what a function does. */
async function answering(answer: string | ((socket: net.Socket, nth: number) => void)) {
  const requests: string[] = [];
  const { url, sockets } = await peer((socket) => {
    let received = '';
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1');
      const headersEnd = received.indexOf('\r\n\r\n');
      const length = Number(/content-length: (\d+)/i.exec(received)?.[1] ?? 0);
      if (headersEnd < 0 || received.length < headersEnd + 4 + length) return;
      requests.push(received);
      received = '';
      if (typeof answer === 'string') socket.write(answer);
      else answer(socket, requests.length);
    });
  });
  return { url, requests, sockets };
}

function http(status: string, body: string, headers = 'Content-Type: application/json'): string {
  return `HTTP/1.1 ${status}\r\n${headers}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

function twilioError(status: number, code: number): string {
  const body = { code, message: `about ${phone}`, more_info: 'https://…', status };
  return http(`${status} Error`, JSON.stringify(body));
}

const created = http('201 Created', JSON.stringify({ sid, status: 'queued' }));

describe('a hand-off to a provider that speaks the Messages API', () => {
  let directory: string;
  let sandbox: Awaited<ReturnType<typeof startSandbox>>;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'sotto-sms-'));
    sandbox = await startSandbox({
      port: 0,
      host: '127.0.0.1',
      accountSid,
      authToken,
      dataDir: directory,
      patientUrl: 'http://localhost:3001',
      smtpPort: 0,
      receiptStepMs: 10,
    });
  });
  afterAll(async () => {
    await sandbox.close();
    await rm(directory, { recursive: true });
  });
  afterEach(() => faults({}));

  async function faults(sms: object) {
    const answer = await fetch(`${sandbox.url}/faults`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ sms }),
    });
    expect(answer.status).toBe(200);
  }

  /** The oracle: how many copies of a text the provider took. */
  async function copies(text: string): Promise<number> {
    const ledger = (await (await fetch(`${sandbox.url}/ledger`)).json()) as {
      texts: { text: string; count: number }[];
    };
    return ledger.texts.find((entry) => entry.text === text)?.count ?? 0;
  }

  it('is accepted under the identifier that the provider knows it by', async () => {
    const outcome = await send(transportTo(sandbox.url), phone, 'accepted');
    const messages = (await (await fetch(`${sandbox.url}/messages`)).json()) as {
      id: string;
      to: string;
      text: string;
    }[];
    const message = messages.find(({ text }) => text === 'accepted');
    expect(message).toMatchObject({ to: phone, text: 'accepted' });
    expect(outcome).toEqual({ kind: 'accepted', providerId: message?.id });
  });

  it('goes out from a messaging service just as well', async () => {
    const transport = transportTo(sandbox.url, {
      from: undefined,
      messagingServiceSid: `MG${'0'.repeat(32)}`,
    });
    expect(await send(transport, phone, 'service')).toMatchObject({ kind: 'accepted' });
    expect(await copies('service')).toBe(1);
  });

  it.each([
    ['+33', 'invalid_recipient'],
    ['+33639989211', 'invalid_recipient'],
    ['+33639989612', 'unreachable_recipient'],
    ['+33639989614', 'unreachable_recipient'],
    ['+15005550003', 'unreachable_recipient'],
    ['+33639989610', 'opted_out'],
  ])('is refused for good when the recipient %s cannot get it', async (to, reason) => {
    expect(await send(transportTo(sandbox.url), to)).toEqual({
      kind: 'refused',
      permanent: true,
      reason,
    });
  });

  it('is refused for good once the phone replied STOP, until it replies START', async () => {
    const stopped = '+33639980077';
    const reply = (text: string) =>
      fetch(`${sandbox.url}/replies`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ to: stopped, text }),
      });
    await reply('stop ');
    expect(await send(transportTo(sandbox.url), stopped)).toMatchObject({ reason: 'opted_out' });
    await reply('START');
    expect(await send(transportTo(sandbox.url), stopped)).toMatchObject({ kind: 'accepted' });
  });

  it('burns no reminder over our own mistakes: wrong token, wrong sender', async () => {
    const wrongToken = transportTo(sandbox.url, { authToken: new Secret('another') });
    expect(await send(wrongToken)).toEqual({
      kind: 'refused',
      permanent: false,
      reason: 'provider_credentials',
    });
    const wrongSender = transportTo(sandbox.url, { from: '+15005550007' });
    expect(await send(wrongSender)).toEqual({
      kind: 'refused',
      permanent: false,
      reason: 'sender_misconfigured',
    });
  });

  it('is put off for as long as a 429 asks, and was not taken', async () => {
    await faults({ mode: '429' });
    expect(await send(transportTo(sandbox.url), phone, 'too many')).toEqual({
      kind: 'refused',
      permanent: false,
      reason: 'rate_limited',
      retryAfterMs: 1_000,
    });
    expect(await copies('too many')).toBe(0);
  });

  it('is uncertain after a 500, and was asked once', async () => {
    await faults({ mode: '500' });
    expect(await send(transportTo(sandbox.url))).toEqual({
      kind: 'uncertain',
      reason: 'provider_down',
    });
  });

  it('is uncertain, not lost, when the provider takes it and never answers', async () => {
    await faults({ mode: 'timeout-after-accept' });
    const transport = transportTo(sandbox.url, { timeoutMs: 500 });
    expect(await send(transport, phone, 'taken in silence')).toEqual({
      kind: 'uncertain',
      reason: 'timeout',
    });
    expect(await copies('taken in silence')).toBe(1);
  });

  it('is uncertain when the connection is cut before the provider took it', async () => {
    await faults({ mode: 'reset' });
    expect(await send(transportTo(sandbox.url), phone, 'cut')).toEqual({
      kind: 'uncertain',
      reason: 'connection_lost',
    });
    expect(await copies('cut')).toBe(0);
  });

  it('takes every message once while every second one goes wrong', async () => {
    await faults({ mode: 'timeout-after-accept', rate: 0.5 });
    const transport = transportTo(sandbox.url, { timeoutMs: 1_500 });
    const texts = Array.from({ length: 8 }, (_, nth) => `half wrong ${nth}`);
    const outcomes = await Promise.all(texts.map((text) => send(transport, phone, text)));
    expect(outcomes.filter(({ kind }) => kind === 'accepted')).toHaveLength(4);
    expect(outcomes.filter(({ kind }) => kind === 'uncertain')).toHaveLength(4);
    expect(await Promise.all(texts.map(copies))).toEqual(texts.map(() => 1));
  });
});

describe('what Twilio is asked for', () => {
  it('is one message with our text unchanged, a receipt address and an end, and nothing else', async () => {
    const { url, requests } = await answering(created);
    expect(await send(transportTo(url))).toEqual({ kind: 'accepted', providerId: sid });
    expect(requests).toHaveLength(1);
    const [head = '', body = ''] = requests[0]?.split('\r\n\r\n') ?? [];
    expect(head).toContain(`POST /2010-04-01/Accounts/${accountSid}/Messages.json HTTP/1.1`);
    expect(Object.fromEntries(new URLSearchParams(body))).toEqual({
      To: phone,
      From: '+33757000001',
      Body: `You have a reminder: ${link}`,
      ShortenUrls: 'false',
      StatusCallback: 'http://127.0.0.1:9/callbacks/attempt-token',
      ValidityPeriod: '3600',
    });
  });

  it('keeps the validity within what Twilio takes', async () => {
    const { url, requests } = await answering(created);
    const message = {
      channel: 'sms' as const,
      to: new Secret(phone),
      text: new Secret('x'),
      attemptToken: 't',
    };
    const transport = transportTo(url);
    for (const validitySeconds of [0, 99_999, 90.9]) {
      await transport.send({ ...message, validitySeconds });
    }
    const periods = requests.map((text) =>
      new URLSearchParams(text.split('\r\n\r\n')[1]).get('ValidityPeriod'),
    );
    expect(periods).toEqual(['1', '36000', '90']);
  });

  it('needs exactly one sender', () => {
    expect(() => transportTo('http://127.0.0.1:9', { from: undefined })).toThrow();
    expect(() => transportTo('http://127.0.0.1:9', { messagingServiceSid: 'MG' })).toThrow();
  });
});

describe('refused, because nothing was written', () => {
  const notConnected = { kind: 'refused', permanent: false, reason: 'not_connected' };

  it('when nobody listens', async () => {
    const { port, url } = await peer(() => {});
    await opened.pop()?.();
    expect(port).toBeGreaterThan(0);
    expect(await send(transportTo(url))).toEqual(notConnected);
  });

  it('when the name leads nowhere', async () => {
    expect(await send(transportTo('http://no-such-host.invalid'))).toEqual(notConnected);
  });

  it('when the peer speaks no TLS', async () => {
    const { port } = await peer((socket) => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'));
    expect(await send(transportTo(`https://127.0.0.1:${port}`))).toEqual(notConnected);
  });

  it('when the TLS handshake gets no answer in time', async () => {
    const { port } = await peer(() => {});
    const transport = transportTo(`https://127.0.0.1:${port}`, { timeoutMs: 200 });
    expect(await send(transport)).toEqual(notConnected);
  });

  // Both give up at the same moment: on a busy machine the second may have been given the socket just then.
  it('when the time was spent waiting for a free socket', { retry: 3 }, async () => {
    const { url, requests } = await answering(() => {});
    const transport = transportTo(url, { maxSockets: 1, timeoutMs: 300 });
    const outcomes = await Promise.all([send(transport), send(transport)]);
    expect(outcomes).toEqual([{ kind: 'uncertain', reason: 'timeout' }, notConnected]);
    expect(requests).toHaveLength(1);
  });
});

describe('uncertain, because something may have been written', () => {
  const lost = { kind: 'uncertain', reason: 'connection_lost' };
  const unclear = { kind: 'uncertain', reason: 'unclear_answer' };

  it.each<[string, (socket: net.Socket) => void]>([
    [
      'before anything was read',
      (socket) => socket.once('readable', () => socket.resetAndDestroy()),
    ],
    [
      'in the middle of the request',
      (socket) => socket.once('data', () => socket.resetAndDestroy()),
    ],
    ['politely, without an answer', (socket) => socket.once('data', () => socket.end())],
  ])('when the connection is cut %s', async (_when, onConnection) => {
    const { url } = await peer(onConnection);
    expect(await send(transportTo(url))).toEqual(lost);
  });

  it('when the connection is cut as soon as it is open, unless we never saw it open', async () => {
    const { url } = await peer((socket) => socket.resetAndDestroy());
    const neverOpen = { kind: 'refused', permanent: false, reason: 'not_connected' };
    expect([lost, neverOpen]).toContainEqual(await send(transportTo(url)));
  });

  it('when the connection is cut after the headers of a 201', async () => {
    const { url } = await answering((socket) => {
      socket.write('HTTP/1.1 201 Created\r\nContent-Length: 500\r\n\r\n', () =>
        socket.resetAndDestroy(),
      );
    });
    expect(await send(transportTo(url))).toEqual(lost);
  });

  it('when half an answer comes and then silence', async () => {
    const { url } = await answering(created.slice(0, -20));
    expect(await send(transportTo(url, { timeoutMs: 300 }))).toEqual({
      kind: 'uncertain',
      reason: 'timeout',
    });
  });

  it('when half an answer is all there is', async () => {
    const { url } = await answering((socket) =>
      socket.end('HTTP/1.1 201 Created\r\nConnection: close\r\n\r\n{"sid":"SM'),
    );
    expect(await send(transportTo(url))).toEqual(unclear);
  });

  it.each([
    ['a page of a proxy', http('403 Forbidden', '<h1>Blocked</h1>', 'Content-Type: text/html')],
    ['JSON of a proxy', http('403 Forbidden', '{"code":403,"message":"no"}')],
    ['JSON of a gateway', http('429 Too Many Requests', '{"code":42901,"message":"slow down"}')],
    ['a code with the status of another answer', http('400 Bad', '{"code":21211,"status":404}')],
    ['a redirect', http('302 Found', '', 'Location: https://example.org/')],
    ['a 201 without an identifier', http('201 Created', '{"status":"queued"}')],
    ['a 201 with another one’s identifier', http('201 Created', '{"sid":"CA123"}')],
    ['a 200 that says null', http('200 OK', 'null')],
    ['a 200 of a captive portal', http('200 OK', '<h1>Sign in</h1>', 'Content-Type: text/html')],
    ['an answer of a megabyte', http('201 Created', JSON.stringify({ sid, pad: 'x'.repeat(1e6) }))],
  ])('when the answer is %s', async (_what, answer) => {
    const { url } = await answering(answer);
    expect(await send(transportTo(url))).toEqual(unclear);
  });

  it('when a 5xx comes in Twilio’s own words', async () => {
    const { url } = await answering(twilioError(503, 20503));
    expect(await send(transportTo(url))).toEqual({ kind: 'uncertain', reason: 'provider_down' });
  });

  it('when the peer drops a kept-alive socket as it is used again, and nothing is repeated', async () => {
    const { url, requests, sockets } = await answering((socket, nth) => {
      if (nth === 1) socket.write(created);
      else socket.resetAndDestroy();
    });
    const transport = transportTo(url);
    expect(await send(transport)).toMatchObject({ kind: 'accepted' });
    expect(await send(transport)).toEqual(lost);
    expect([sockets.size, requests.length]).toEqual([1, 2]);
  });

  it('when the socket that a waiting message was given is dropped', async () => {
    const { url, requests, sockets } = await answering((socket, nth) => {
      if (nth === 1) socket.write(created);
      else socket.resetAndDestroy();
    });
    const transport = transportTo(url, { maxSockets: 1 });
    const outcomes = await Promise.all([send(transport), send(transport)]);
    expect(outcomes).toEqual([{ kind: 'accepted', providerId: sid }, lost]);
    expect([sockets.size, requests.length]).toEqual([1, 2]);
  });

  it('whatever bytes come back', async () => {
    let bytes = Buffer.alloc(0);
    const { url } = await answering((socket) => socket.end(bytes));
    const transport = transportTo(url);
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (junk) => {
        bytes = Buffer.from(junk);
        expect((await send(transport)).kind).toBe('uncertain');
      }),
      { numRuns: 60 },
    );
  });
});

describe('refused in Twilio’s own words', () => {
  it.each([
    [401, 20003, { permanent: false, reason: 'provider_credentials' }],
    [429, 20429, { permanent: false, reason: 'rate_limited' }],
    [400, 21611, { permanent: false, reason: 'rate_limited' }],
    [400, 21212, { permanent: false, reason: 'sender_misconfigured' }],
    [400, 21211, { permanent: true, reason: 'invalid_recipient' }],
    [400, 21408, { permanent: true, reason: 'unreachable_recipient' }],
    [400, 21635, { permanent: true, reason: 'unreachable_recipient' }],
    [400, 30006, { permanent: true, reason: 'unreachable_recipient' }],
    [400, 30007, { permanent: true, reason: 'blocked_by_carrier' }],
    [400, 21610, { permanent: true, reason: 'opted_out' }],
    [400, 21999, { permanent: true, reason: 'provider_refused' }],
  ])(
    'HTTP %i with code %i, and nothing of its text comes through',
    async (status, code, refusal) => {
      const { url, requests } = await answering(twilioError(status, code));
      const outcome = await send(transportTo(url));
      expect(outcome).toEqual({ kind: 'refused', ...refusal });
      expect(requests).toHaveLength(1);
    },
  );
});

it('closes sockets that are idle for four seconds, before a peer would', async () => {
  const { url, sockets } = await answering(created);
  await send(transportTo(url));
  const [socket] = sockets;
  expect(socket?.destroyed).toBe(false);
  const { movingMs } = await timeOf(async () => {
    socket?.resume();
    await once(socket as net.Socket, 'end');
  });
  expect(movingMs).toBeGreaterThan(2_000);
  expect(movingMs).toBeLessThan(8_000);
});
