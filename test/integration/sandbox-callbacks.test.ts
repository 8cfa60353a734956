import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import nodemailer, { type SendMailOptions } from 'nodemailer';
import PostalMime from 'postal-mime';
import twilio from 'twilio';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { Secret } from '../../src/domain/secret.ts';
import { type SandboxOptions, startSandbox } from '../../src/sandbox/start-sandbox.ts';
import { parseBounce, verpAddress } from '../../src/transport/email-bounce.ts';

interface Heard {
  readonly path: string;
  readonly type: string | undefined;
  readonly signature: string | undefined;
  readonly cookie: string | undefined;
  readonly body: string;
}

const authToken = 'token-of-the-test';
const phone = '+33639980001';
const token = Buffer.from('0123456789abcdef');
const returnPath = verpAddress('bounces@sotto.example', token.toString('base64url')) ?? '';

let dataDir: string;
let receiver: Server;
let base: string;
let heard: Heard[];
let answer: number;
let sandbox: Awaited<ReturnType<typeof startSandbox>>;

async function start(options: Partial<SandboxOptions> = {}) {
  return startSandbox({
    port: 0,
    smtpPort: 0,
    host: '127.0.0.1',
    accountSid: `ACsandbox${'0'.repeat(25)}`,
    authToken: new Secret(authToken),
    dataDir,
    patientUrl: 'http://localhost:3001',
    receiptStepMs: 5,
    ...options,
  });
}

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'sotto-callbacks-'));
  heard = [];
  answer = 204;
  receiver = createServer(async (request, reply) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    heard.push({
      path: request.url ?? '',
      type: request.headers['content-type'],
      signature: request.headers['x-twilio-signature'] as string | undefined,
      cookie: request.headers.cookie,
      body: Buffer.concat(chunks).toString('latin1'),
    });
    reply.writeHead(answer).end();
  });
  await once(receiver.listen(0, '127.0.0.1'), 'listening');
  base = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;
  sandbox = await start();
  await setUp();
});
afterEach(async () => {
  await sandbox.close();
  receiver.closeAllConnections();
  await new Promise((closed) => receiver.close(closed));
  await rm(dataDir, { recursive: true });
});

async function setUp(bounceUrl = `${base}/bounce/secret`) {
  const addresses = { bounceUrl, inboundUrl: `${base}/inbound/secret` };
  const file = join(dataDir, 'sandbox', 'callback-addresses.json');
  await writeFile(file, JSON.stringify(addresses));
}

async function send(to: string, more: SendMailOptions = {}) {
  const { port } = new URL(sandbox.smtpUrl);
  const transport = nodemailer.createTransport({ host: '127.0.0.1', port: Number(port) });
  onTestFinished(() => transport.close());
  return transport.sendMail({
    from: 'reminders@sotto.example',
    to,
    envelope: { from: returnPath, to },
    subject: 'Votre rappel à venir, écrit assez long pour être replié sur une deuxième ligne',
    text: 'http://localhost:3001/x',
    messageId: '<one@sotto.example>',
    ...more,
  });
}

async function misbehave(email: object) {
  await fetch(`${sandbox.url}/faults`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email }),
  });
}

async function page(path = '/'): Promise<string> {
  return (await fetch(`${sandbox.url}${path}`)).text();
}
const until = (count: number) => expect.poll(() => heard).toHaveLength(count);

describe('a bounce', () => {
  it('is a delivery status notification, field by field (RFC 3464, RFC 6522)', async () => {
    await send('marie.9005@example.com');
    await until(1);
    expect(heard[0]).toMatchObject({ path: '/bounce/secret', type: 'message/rfc822' });
    const raw = heard[0]?.body ?? '';
    expect(raw.replaceAll('\r\n', '')).not.toMatch(/[\r\n]|[^\x20-\x7e]/);
    for (const line of raw.split('\r\n')) expect(line.length).toBeLessThanOrEqual(998);

    const bounce = await PostalMime.parse(raw, {
      forceRfc822Attachments: true,
      attachmentEncoding: 'utf8',
    });
    const header = (name: string) => bounce.headers.find(({ key }) => key === name)?.value;
    expect(header('to')).toBe(returnPath);
    expect(header('return-path')).toBe('<>');
    expect(header('auto-submitted')).toBe('auto-replied');
    expect(header('content-type')).toMatch(/^multipart\/report; report-type=delivery-status;/);
    expect(Date.parse(bounce.date ?? '')).not.toBeNaN();
    const [report, returned] = bounce.attachments;
    expect(bounce.attachments.map(({ mimeType }) => mimeType)).toEqual([
      'message/delivery-status',
      'text/rfc822-headers',
    ]);
    const groups = String(report?.content)
      .trim()
      .split(/\r?\n\r?\n/);
    expect(groups).toHaveLength(2);
    for (const line of groups.flatMap((group) => group.split(/\r?\n/))) {
      expect(line).toMatch(/^[A-Za-z-]+: \S/);
    }
    expect(groups[0]).toMatch(/^Reporting-MTA: dns; \S+/);
    expect(groups[1]).toMatch(/^Final-Recipient: rfc822; marie\.9005@example\.com$/m);
    expect(groups[1]).toMatch(/^Action: failed\r?$/m);
    expect(groups[1]).toMatch(/^Status: 5\.1\.1\r?$/m);
    const original = await PostalMime.parse(String(returned?.content));
    expect(original.messageId).toBe('<one@sotto.example>');
    expect(original.subject).toMatch(/^Votre rappel à venir/);
  });

  it.each([
    ['marie.9005@example.com', 'undelivered', '5.1.1'],
    ['marie.9003@example.com', 'undelivered', '5.2.2'],
    ['marie.9007@example.com', 'undelivered', '5.7.1'],
    ['marie.9001@example.com', 'other', '4.4.1'],
    ['marie.9004@example.com', 'other', undefined],
  ])('of %s is read as what it is', async (to, status, code) => {
    await send(to);
    await until(1);
    const read = await parseBounce(Buffer.from(heard[0]?.body ?? '', 'latin1'));
    expect(read).toMatchObject({ token, status });
    expect(read?.code).toBe(code);
  });

  it('comes twice, late or never on demand, and to nobody without a return path', async () => {
    await send('marie.9002@example.com');
    await until(2);
    await misbehave({ bounces: 'doubled', mode: 'bounce' });
    await send('plain@example.com');
    await until(4);
    await misbehave({ bounces: 'lost', mode: 'bounce' });
    await send('plain2@example.com');
    await misbehave({ bounces: 'late' });
    await send('late.9005@example.com');
    await misbehave({});
    const to = 'marie.9005@example.com';
    await send(to, { envelope: { from: '', to } });
    await send('marie.9000@example.com');
    await send('last.9005@example.com');
    await until(5);
    expect(heard[4]?.body).toContain('last.9005@example.com');
    expect(await page('/?mailbox=late.9005@example.com')).toContain('on its way back');
    expect(await page('/?mailbox=plain2@example.com')).toContain('told to nobody');
  });

  it('is repeated until somebody takes it, also after a restart', async () => {
    answer = 503;
    await send('marie.9005@example.com');
    await until(1);
    await sandbox.close();
    answer = 204;
    sandbox = await start();
    await until(2);
    await expect.poll(() => page()).toContain('told to the return path');
    await sandbox.close();
    sandbox = await start();
    await send('other.9005@example.com');
    await until(3);
    expect(heard[2]?.body, 'the first was told already').toContain('other.9005');
  });

  it('goes to no other computer', async () => {
    await setUp('http://203.0.113.9/bounce/secret');
    await send('marie.9005@example.com');
    await setUp();
    await until(1);
    expect(heard[0]?.path).toBe('/bounce/secret');
  });
});

describe('a reply on the phone', () => {
  it('is posted as Twilio posts it, signed, and taken by the provider as well', async () => {
    await fetch(`${sandbox.url}/phone/reply`, {
      method: 'POST',
      body: new URLSearchParams({ to: phone, text: 'stop' }),
      redirect: 'manual',
    });
    await until(1);
    const params = Object.fromEntries(new URLSearchParams(heard[0]?.body));
    expect(params).toMatchObject({
      Body: 'stop',
      From: phone,
      MessageSid: expect.stringMatching(/^SM[0-9a-f]{32}$/),
      SmsStatus: 'received',
      NumMedia: '0',
    });
    const url = `${base}/inbound/secret`;
    const { signature = '' } = heard[0] ?? {};
    expect(twilio.validateRequest(authToken, signature, url, params)).toBe(true);
    expect(await page()).toContain('until it replies START');
  });
});

describe('unsubscribing with one click', () => {
  const offered = (url: string) => ({
    headers: {
      'List-Unsubscribe': `<mailto:stop@sotto.example>, <${url}>`,
      'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
    },
  });

  async function press(): Promise<number> {
    const all = await (await fetch(`${sandbox.url}/messages`)).json();
    const { id } = (all as { id: string }[]).at(-1) ?? { id: '' };
    const response = await fetch(`${sandbox.url}/mail/${id}/unsubscribe`, {
      method: 'POST',
      redirect: 'manual',
    });
    return response.status;
  }

  it('is one POST with the body that RFC 8058 asks for, and no cookie', async () => {
    await send('a@example.com', offered(`${base}/stop/token`));
    expect(await page()).toContain('As a mail program does it');
    expect(await press()).toBe(303);
    expect(heard).toEqual([
      {
        path: '/stop/token',
        type: expect.stringContaining('application/x-www-form-urlencoded'),
        signature: undefined,
        cookie: undefined,
        body: 'List-Unsubscribe=One-Click',
      },
    ]);
    expect(await page()).toContain('Unsubscribed (answer 204)');
  });

  it('says when it was refused, and follows no way elsewhere', async () => {
    answer = 404;
    await send('a@example.com', offered(`${base}/stop/token`));
    expect(await press()).toBe(303);
    expect(await page()).toContain('Refused (answer 404)');
    await send('b@example.com', offered('https://elsewhere.example/stop'));
    expect(await press()).toBe(422);
    await send('c@example.com', { headers: { 'List-Unsubscribe': `<${base}/stop/token>` } });
    expect(await press()).toBe(422);
    expect(heard).toHaveLength(1);
    expect(await page()).toContain('No unsubscribing with one click');
  });
});
