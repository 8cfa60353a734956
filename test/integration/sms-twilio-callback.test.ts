import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { limits } from '../../config/limits.ts';
import { Secret } from '../../src/domain/secret.ts';
import { startSandbox } from '../../src/sandbox/start-sandbox.ts';
import {
  createTwilioTransport,
  parseStatusCallback,
  verifyTwilioSignature,
} from '../../src/transport/sms-twilio.ts';

const accountSid = `ACsandbox${'0'.repeat(25)}`;
const authToken = new Secret('token-of-the-test');

interface Callback {
  readonly url: string;
  readonly genuine: boolean;
  readonly params: Record<string, string>;
  readonly status: string | undefined;
  readonly errorCode: string | undefined;
}

let directory: string;
let sandbox: Awaited<ReturnType<typeof startSandbox>>;
let receiver: http.Server;
let base: string;
let callbacks: Callback[];
/** What the receiver answers, in turn; 204 when the list is used up. */
let answers: number[];

beforeEach(async () => {
  callbacks = [];
  answers = [];
  directory = await mkdtemp(join(tmpdir(), 'sotto-callback-'));
  sandbox = await startSandbox({
    port: 0,
    host: '127.0.0.1',
    accountSid,
    authToken,
    dataDir: directory,
    patientUrl: 'http://localhost:3001',
    smtpPort: 0,
    receiptStepMs: 20,
  });
  receiver = http.createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      const params = Object.fromEntries(new URLSearchParams(body));
      const url = `${base}${request.url}`;
      const signature = request.headers['x-twilio-signature'] as string;
      const receipt = parseStatusCallback(params);
      callbacks.push({
        url,
        genuine: verifyTwilioSignature({ authToken, signature, url, params }),
        params,
        status: receipt?.status,
        errorCode: receipt?.errorCode,
      });
      response.writeHead(answers.shift() ?? 204).end();
    });
  });
  receiver.listen(0, '127.0.0.1');
  await once(receiver, 'listening');
  base = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;
});
afterEach(async () => {
  await sandbox.close();
  receiver.closeAllConnections();
  receiver.close();
  await rm(directory, { recursive: true });
});

async function send(to = '+33639980001') {
  const transport = createTwilioTransport({
    accountSid,
    authToken,
    from: '+33757000001',
    baseUrl: sandbox.url,
    statusCallbackUrl: (token) => `${base}/callbacks/twilio/status/${token}?a=b`,
    timeoutMs: limits.sendTimeoutMs,
    maxSockets: 2,
  });
  const outcome = await transport.send({
    channel: 'sms',
    to: new Secret(to),
    text: new Secret('You have a reminder'),
    attemptToken: 'attempt-token',
    validitySeconds: 60,
  });
  await transport.close();
  return outcome;
}

async function receipts(mode: string) {
  await fetch(`${sandbox.url}/faults`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ sms: { receipts: mode } }),
  });
}

const statusesOf = (list: readonly Callback[]) => list.map(({ status }) => status);

describe('receipts', () => {
  it('come signed to the address of the attempt: sent, then delivered', async () => {
    const outcome = await send();
    await expect.poll(() => statusesOf(callbacks)).toEqual(['sent', 'delivered']);
    for (const callback of callbacks) {
      expect(callback.url).toBe(`${base}/callbacks/twilio/status/attempt-token?a=b`);
      expect(callback.genuine).toBe(true);
      expect(outcome).toEqual({ kind: 'accepted', providerId: callback.params.MessageSid });
    }
  });

  it.each([
    ['+33639989003', '30003'],
    ['+33639989005', '30005'],
    ['+33639989007', '30007'],
  ])('say undelivered, and why, for %s', async (to, errorCode) => {
    await send(to);
    await expect.poll(() => statusesOf(callbacks)).toEqual(['sent', 'undelivered']);
    expect(callbacks[1]?.errorCode).toBe(errorCode);
  });

  it('come twice, in the wrong order, or forged when asked to', async () => {
    await receipts('doubled');
    await send();
    await expect
      .poll(() => statusesOf(callbacks))
      .toEqual(['sent', 'sent', 'delivered', 'delivered']);
    callbacks.length = 0;
    await receipts('reordered');
    await send();
    await expect.poll(() => statusesOf(callbacks)).toEqual(['delivered', 'sent']);
    callbacks.length = 0;
    await receipts('forged');
    await send();
    await expect
      .poll(() => callbacks.map(({ status, genuine }) => [status, genuine]))
      .toEqual([
        ['undelivered', false],
        ['sent', true],
        ['delivered', true],
      ]);
  });

  it('never come when lost, though the provider knows', async () => {
    await receipts('lost');
    const lost = await send();
    await receipts('ok');
    await send();
    await expect.poll(() => statusesOf(callbacks)).toEqual(['sent', 'delivered']);
    expect(
      lost.kind === 'accepted' && callbacks.map(({ params }) => params.MessageSid),
    ).not.toContain(lost.kind === 'accepted' && lost.providerId);
  });

  it('are posted again when the receiver was in trouble', async () => {
    answers = [503, 204];
    await send();
    await expect.poll(() => statusesOf(callbacks)).toEqual(['sent', 'delivered', 'sent']);
  });

  it('still owed at a stop are posted after the next start', async () => {
    await receipts('late');
    await send();
    const { port } = new URL(sandbox.url);
    await sandbox.close();
    expect(callbacks).toEqual([]);
    sandbox = await startSandbox({
      port: Number(port),
      host: '127.0.0.1',
      accountSid,
      authToken,
      dataDir: directory,
      patientUrl: 'http://localhost:3001',
      smtpPort: 0,
      receiptStepMs: 20,
    });
    await expect.poll(() => statusesOf(callbacks)).toEqual(['sent', 'delivered']);
  });
});

describe('a callback is believed', () => {
  it('only with the signature over exactly this address and these fields', async () => {
    await send();
    await expect.poll(() => callbacks).toHaveLength(2);
    const [callback] = callbacks as [Callback];
    const twilio = (await import('twilio')).default;
    const genuine = {
      authToken,
      signature: twilio.getExpectedTwilioSignature(
        authToken.reveal(),
        callback.url,
        callback.params,
      ) as string | undefined,
      url: callback.url,
      params: callback.params,
    };
    expect(verifyTwilioSignature(genuine)).toBe(true);
    for (const change of [
      { signature: undefined },
      { signature: '' },
      { signature: 'é'.repeat(28) },
      { authToken: new Secret('another') },
      { url: callback.url.replace('attempt-token', 'another-token') },
      { url: 'no address' },
      { params: { ...callback.params, MessageStatus: 'delivered' } },
      { params: { ...callback.params, More: 'x' } },
    ]) {
      expect(verifyTwilioSignature({ ...genuine, ...change })).toBe(false);
    }
  });
});

describe('what a callback says', () => {
  const MessageSid = `SM${'a1'.repeat(16)}`;

  it.each([
    ['accepted', 'other'],
    ['queued', 'other'],
    ['sending', 'other'],
    ['sent', 'sent'],
    ['delivered', 'delivered'],
    ['read', 'delivered'],
    ['undelivered', 'undelivered'],
    ['failed', 'undelivered'],
    ['a word from the future', 'other'],
    ['constructor', 'other'],
  ])('is, for Twilio’s word %s, our %s', (MessageStatus, status) => {
    expect(parseStatusCallback({ MessageSid, MessageStatus })).toEqual({
      providerId: MessageSid,
      status,
    });
  });

  it('has no error code but a number, and nothing of the phone', () => {
    const params = { MessageSid, MessageStatus: 'failed', To: '+33639980001' };
    expect(parseStatusCallback({ ...params, ErrorCode: '30003' })).toEqual({
      providerId: MessageSid,
      status: 'undelivered',
      errorCode: '30003',
    });
    for (const ErrorCode of ['+33639980001', '', '0', '30003; drop', ['1', '2']]) {
      expect(parseStatusCallback({ ...params, ErrorCode })).not.toHaveProperty('errorCode');
    }
  });

  it('is nothing when it is no status callback', () => {
    for (const params of [
      {},
      { MessageSid },
      { MessageStatus: 'sent' },
      { MessageSid: 'SM1', MessageStatus: 'sent' },
      { MessageSid: [MessageSid, MessageSid], MessageStatus: 'sent' },
      { MessageSid, MessageStatus: ['sent', 'delivered'] },
    ]) {
      expect(parseStatusCallback(params)).toBeUndefined();
    }
  });
});
