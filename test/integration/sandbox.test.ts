import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import twilio from 'twilio';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadConfig } from '../../config/env.ts';
import { Secret } from '../../src/domain/secret.ts';
import { runSandbox } from '../../src/sandbox/main.ts';
import { type SandboxOptions, startSandbox } from '../../src/sandbox/start-sandbox.ts';

const accountSid = `ACsandbox${'0'.repeat(25)}`;
const token = 'token-of-the-test';
const from = '+33757000001';
const to = '+33639980001';

let dataDir: string;
let sandbox: Awaited<ReturnType<typeof startSandbox>>;

async function start(options: Partial<SandboxOptions> = {}) {
  return startSandbox({
    port: 0,
    smtpPort: 0,
    host: '127.0.0.1',
    accountSid,
    authToken: new Secret(token),
    dataDir,
    patientUrl: 'http://localhost:3001',
    receiptStepMs: 5,
    ...options,
  });
}

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'sotto-sandbox-'));
  sandbox = await start();
});
afterEach(async () => {
  await sandbox.close();
  await rm(dataDir, { recursive: true });
});

/** The official SDK, led to the sandbox. */
function sdk() {
  const client = twilio(accountSid, token);
  client.api.baseUrl = sandbox.url;
  return client;
}

/** The API without the SDK, for what the SDK would not send. */
async function post(form: Record<string, string>, password = token, account = accountSid) {
  const answer = await fetch(`${sandbox.url}/2010-04-01/Accounts/${account}/Messages.json`, {
    method: 'POST',
    headers: {
      authorization: `Basic ${Buffer.from(`${accountSid}:${password}`).toString('base64')}`,
    },
    body: new URLSearchParams(form),
  });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
}

async function json<T = never>(path: string, init?: { method: string; body?: unknown }) {
  const answer = await fetch(`${sandbox.url}${path}`, {
    method: init?.method ?? 'GET',
    ...(init?.body === undefined
      ? {}
      : { body: JSON.stringify(init.body), headers: { 'content-type': 'application/json' } }),
  });
  const text = await answer.text();
  return { status: answer.status, body: (text === '' ? undefined : JSON.parse(text)) as T };
}

const delivered = (id: string) =>
  expect.poll(async () => (await sdk().messages(id).fetch()).status).toBe('delivered');

describe('the Messages API', () => {
  it('creates and fetches as the official SDK understands it', async () => {
    const created = await sdk().messages.create({ from, to, body: 'Bonjour' });
    expect(created.sid).toMatch(/^SM[0-9a-f]{32}$/);
    expect(created).toMatchObject({
      from,
      to,
      body: 'Bonjour',
      status: 'queued',
      numSegments: '1',
    });
    await delivered(created.sid);
    const fetched = await sdk().messages(created.sid).fetch();
    expect(Math.abs(Date.now() - fetched.dateSent.getTime())).toBeLessThan(10_000);
    expect(fetched.errorCode).toBeNull();
  });

  it('lists newest first, by number and time, across pages', async () => {
    const bodies = ['one', 'two', 'three', 'four', 'five'];
    for (const body of bodies) await sdk().messages.create({ from, to, body });
    await sdk().messages.create({ from, to: '+33639980002', body: 'elsewhere' });
    const hourMs = 3_600_000;
    const list = async (filter: object) =>
      (await sdk().messages.list({ to, ...filter })).map(({ body }) => body);
    expect(await list({ pageSize: 2 })).toEqual(bodies.toReversed());
    expect(await list({ dateSentAfter: new Date(Date.now() - hourMs) })).toHaveLength(5);
    expect(await list({ dateSentAfter: new Date(Date.now() + hourMs) })).toEqual([]);
    expect(await list({ dateSentBefore: new Date(Date.now() - hourMs) })).toEqual([]);
    expect(await list({ dateSent: new Date() })).toHaveLength(5);
    expect(await list({ dateSent: new Date(Date.now() - 48 * hourMs) })).toEqual([]);
  });

  it('redacts and deletes its own copy once the message is out, never the phone’s', async () => {
    await json('/faults', { method: 'PUT', body: { sms: {} } });
    const { sid } = await sdk().messages.create({ from, to, body: 'Bonjour' });
    await delivered(sid);
    await expect(sdk().messages(sid).update({ body: 'other' })).rejects.toMatchObject({
      code: 30400,
    });
    expect((await sdk().messages(sid).update({ body: '' })).body).toBe('');
    expect((await sdk().messages(sid).fetch()).body).toBe('');
    expect(await sdk().messages(sid).remove()).toBe(true);
    await expect(sdk().messages(sid).fetch()).rejects.toMatchObject({ status: 404, code: 20404 });
    expect(await sdk().messages.list({ to })).toEqual([]);
    expect((await json('/messages')).body).toMatchObject([{ id: sid, text: 'Bonjour' }]);
  });

  it('will not delete what is not out yet', async () => {
    await sandbox.close();
    sandbox = await start({ receiptStepMs: 60_000 });
    const { sid } = await sdk().messages.create({ from, to, body: 'Bonjour' });
    await expect(sdk().messages(sid).remove()).rejects.toMatchObject({ status: 409, code: 20009 });
    await expect(sdk().messages(sid).update({ body: '' })).rejects.toMatchObject({ code: 20009 });
  });

  it.each([
    ['no To', { From: from, Body: 'x' }, 21604],
    ['a To that is no number', { From: from, To: '0612345678', Body: 'x' }, 21211],
    ['no From', { To: to, Body: 'x' }, 21603],
    ['a From that is no number', { From: '+12', To: to, Body: 'x' }, 21212],
    ['a From that is too long a name', { From: 'Twelve chars', To: to, Body: 'x' }, 21212],
    ['a From of another account', { From: '+15005550007', To: to, Body: 'x' }, 21606],
    ['a service that is not there', { MessagingServiceSid: 'MG1', To: to, Body: 'x' }, 21701],
    ['no Body', { From: from, To: to, Body: '' }, 21602],
    ['a Body of 1601 characters', { From: from, To: to, Body: 'x'.repeat(1_601) }, 21617],
    [
      'a validity of eleven hours',
      { From: from, To: to, Body: 'x', ValidityPeriod: '39600' },
      90007,
    ],
    [
      'a callback elsewhere',
      { From: from, To: to, Body: 'x', StatusCallback: 'https://example.org/' },
      21609,
    ],
  ])('refuses %s, in Twilio’s words, and keeps nothing', async (_what, form, code) => {
    expect(await post(form as Record<string, string>)).toEqual({
      status: 400,
      body: {
        code,
        message: expect.any(String),
        more_info: `https://www.twilio.com/docs/errors/${code}`,
        status: 400,
      },
    });
    expect((await json('/messages')).body).toEqual([]);
  });

  it('takes names of senders, short codes, and parameters that have no effect here', async () => {
    for (const sender of ['Sotto', '36180', from]) {
      const form = { From: sender, To: to, Body: 'x', ShortenUrls: 'false', RiskCheck: 'enable' };
      expect((await post(form)).status).toBe(201);
    }
  });

  it('wants the right credentials for the right account', async () => {
    const form = { From: from, To: to, Body: 'x' };
    expect(await post(form, 'wrong')).toMatchObject({ status: 401, body: { code: 20003 } });
    expect(await post(form, '')).toMatchObject({ status: 401, body: { code: 20003 } });
    expect(await post(form, token, `AC${'1'.repeat(32)}`)).toMatchObject({ status: 404 });
    const unsigned = await fetch(`${sandbox.url}/2010-04-01/Accounts/${accountSid}/Messages.json`);
    expect(unsigned.status).toBe(401);
  });
});

describe('faults', () => {
  const set = (sms: object) => json('/faults', { method: 'PUT', body: { sms } });

  it('are all off at first, and a PUT without one turns it off', async () => {
    const off = {
      mode: 'ok',
      rate: 1,
      receipts: 'ok',
      reads: 'ok',
      listLagSeconds: 0,
      forceRedaction: false,
    };
    const email = { mode: 'ok', rate: 1, bounces: 'ok' };
    expect((await json('/faults')).body).toEqual({ sms: off, email });
    await json('/faults', { method: 'PUT', body: { email: { mode: 'bounce', rate: 0.5 } } });
    await set({ mode: '500', listLagSeconds: 5 });
    expect((await set({ forceRedaction: true })).body).toEqual({
      sms: { ...off, forceRedaction: true },
      email,
    });
  });

  it.each([
    [{ sms: { mode: 'sometimes' } }, 'sms.mode'],
    [{ sms: { rate: 2 } }, 'sms.rate'],
    [{ sms: { mode: 'ok', speed: 1 } }, 'sms'],
    [{ email: { mode: 'reject-everything' } }, 'email.mode'],
    [{ email: { mode: 'ok', receipts: 'lost' } }, 'email'],
    [{ post: { mode: 'lost' } }, ''],
    [[], ''],
  ])('that are unknown are refused, and none is set: %j', async (body, path) => {
    const before = (await json('/faults')).body;
    const answer = await json<{ error: string; problems: { path: string }[] }>('/faults', {
      method: 'PUT',
      body,
    });
    expect(answer.status).toBe(422);
    expect(answer.body.error).toBe('invalid_faults');
    expect(answer.body.problems.map((problem) => problem.path)).toContain(path);
    expect((await json('/faults')).body).toEqual(before);
  });

  it('can hide new messages from the list, though not from who knows the SID', async () => {
    await set({ listLagSeconds: 60 });
    const { sid } = await sdk().messages.create({ from, to, body: 'x' });
    expect(await sdk().messages.list({ to })).toEqual([]);
    expect((await sdk().messages(sid).fetch()).sid).toBe(sid);
    await set({});
    expect(await sdk().messages.list({ to })).toHaveLength(1);
  });

  it('can make the provider keep no text, while the phone has it', async () => {
    await set({ forceRedaction: true });
    expect((await sdk().messages.create({ from, to, body: 'text' })).body).toBe('');
    expect((await sdk().messages.list({ to }))[0]?.body).toBe('');
    expect((await json('/messages')).body).toMatchObject([{ text: 'text' }]);
  });
});

describe('for programs', () => {
  it('the phones list what they received, oldest first, with what it costs', async () => {
    const first = await sdk().messages.create({ from, to, body: 'Bonjour' });
    await sdk().messages.create({ from, to: '+33639980002', body: `Reçu ${'x'.repeat(80)}` });
    const { body } = await json<Record<string, unknown>[]>('/messages');
    expect(body).toEqual([
      {
        id: first.sid,
        channel: 'sms',
        to,
        from,
        text: 'Bonjour',
        receivedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
        segments: 1,
        length: 7,
        encoding: 'GSM-7',
      },
      expect.objectContaining({ to: '+33639980002', segments: 2, length: 85, encoding: 'UCS-2' }),
    ]);
    expect((await json(`/messages?after=${first.sid}`)).body).toEqual([body[1]]);
    expect((await json('/messages?after=SMnone')).status).toBe(422);
  });

  it('the ledger counts every copy, redacted, deleted, off the phone or not', async () => {
    const body = 'You have a reminder: http://localhost:3001/abc';
    const { sid } = await sdk().messages.create({ from, to, body });
    await sdk().messages.create({ from, to, body });
    await delivered(sid);
    await sdk().messages(sid).remove();
    expect((await json('/messages', { method: 'DELETE' })).status).toBe(204);
    expect((await json('/messages')).body).toEqual([]);
    expect((await json('/ledger')).body).toEqual({
      accepted: 2,
      dropped: 0,
      texts: [
        {
          channel: 'sms',
          text: body,
          link: 'http://localhost:3001/abc',
          count: 2,
          copiesDropped: 0,
          ids: [sid, expect.stringMatching(/^SM/)],
        },
      ],
    });
  });

  it('a reply of STOP has the phone refused with 21610, until START', async () => {
    const reply = (text: string) => json('/replies', { method: 'POST', body: { to, text } });
    const send = async () => (await post({ From: from, To: to, Body: 'x' })).body.code;
    expect((await reply(' Stop')).body).toMatchObject({ to, text: 'Stop', optedOut: true });
    expect(await send()).toBe(21610);
    await reply('please start again');
    expect(await send()).toBe(21610);
    await reply('start');
    expect(await send()).toBeUndefined();
    expect((await json('/replies', { method: 'POST', body: { to: 'me', text: '' } })).status).toBe(
      422,
    );
  });
});

describe('memory', () => {
  it('outlives a restart, a half-written line included, and only its owner may read it', async () => {
    await post({ From: from, To: to, Body: 'kept' });
    await json('/replies', { method: 'POST', body: { to, text: 'STOP' } });
    await sandbox.close();
    const file = join(dataDir, 'sandbox', 'messages.ndjson');
    await writeFile(file, '{"message":{"id":"SM', { flag: 'a' });
    sandbox = await start();
    expect((await json('/messages')).body).toMatchObject([{ text: 'kept' }]);
    expect((await post({ From: from, To: to, Body: 'x' })).body.code).toBe(21610);
    await post({ From: from, To: '+33639980002', Body: 'after' });
    await sandbox.close();
    sandbox = await start();
    expect((await json('/messages')).body).toMatchObject([{ text: 'kept' }, { text: 'after' }]);
    expect((await post({ From: from, To: to, Body: 'x' })).body.code).toBe(21610);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect((await stat(join(dataDir, 'sandbox'))).mode & 0o777).toBe(0o700);
  });

  it('is bounded, in the process and in the file, and the ledger says what it forgot', async () => {
    await sandbox.close();
    sandbox = await start({ messagesMax: 5 });
    for (let nth = 0; nth < 100; nth += 1) await post({ From: from, To: to, Body: `text ${nth}` });
    const { body } = await json<{ text: string }[]>('/messages');
    expect(body.map(({ text }) => text)).toEqual([95, 96, 97, 98, 99].map((nth) => `text ${nth}`));
    expect((await json('/ledger')).body).toMatchObject({ accepted: 100, dropped: 95 });
    const lines = (await readFile(join(dataDir, 'sandbox', 'messages.ndjson'), 'utf8')).split('\n');
    expect(lines.length).toBeLessThan(50);
  });
});

describe('other sites in the same browser', () => {
  /** `fetch` would not let these headers be set. */
  async function ask(method: string, path: string, headers: Record<string, string>) {
    return new Promise<number | undefined>((resolve, reject) => {
      const request = http.request(`${sandbox.url}${path}`, { method, headers }, (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      });
      request.on('error', reject);
      request.end();
    });
  }

  it('cannot read by a name of their own that leads here', async () => {
    const { host, port } = new URL(sandbox.url);
    for (const known of [host, `localhost:${port}`, `[::1]:${port}`, 'localhost']) {
      expect(await ask('GET', '/messages', { host: known })).toBe(200);
    }
    for (const foreign of ['rebound.example', `localhost.evil.example:${port}`, '10.0.0.1', ' ']) {
      expect(await ask('GET', '/messages', { host: foreign })).toBe(421);
      expect(await ask('GET', '/live', { host: foreign })).toBe(421);
    }
  });

  it('cannot change anything', async () => {
    const changes = [
      ['DELETE', '/messages'],
      ['POST', '/empty'],
      ['POST', '/no-faults'],
      ['POST', '/faults/sms'],
      ['POST', '/faults/email'],
      ['PUT', '/faults'],
    ] as const;
    for (const [method, path] of changes) {
      for (const headers of [
        { 'sec-fetch-site': 'cross-site', origin: sandbox.url },
        { 'sec-fetch-site': 'same-site' },
        { origin: 'https://evil.example' },
        { origin: 'null' },
      ]) {
        expect(await ask(method, path, headers as Record<string, string>)).toBe(403);
      }
      const own = await ask(method, path, { 'sec-fetch-site': 'same-origin', origin: sandbox.url });
      expect([200, 204, 303]).toContain(own);
    }
  });

  it('on a wildcard address reach it by number or configured name alone', async () => {
    await sandbox.close();
    sandbox = await start({ host: '0.0.0.0', names: ['sandbox'] });
    expect(await ask('GET', '/messages', { host: '192.168.1.20:3003' })).toBe(200);
    expect(await ask('GET', '/messages', { host: 'sandbox:3003' })).toBe(200);
    expect(await ask('GET', '/messages', { host: 'rebound.example' })).toBe(421);
  });
});

describe('the command', () => {
  const environment = {
    TWILIO_ACCOUNT_SID: accountSid.padEnd(34, '0'),
    TWILIO_AUTH_TOKEN: token,
    PATIENT_URL: 'https://r.example',
  };

  it('refuses to run beside a live transport, or under a live account', async () => {
    const live = { ...environment, TWILIO_ACCOUNT_SID: `AC${'1'.repeat(32)}`, TWILIO_FROM: from };
    const run = (env: Record<string, string>) => runSandbox(loadConfig(env));
    await expect(run({ ...live, SMS_TRANSPORT: 'twilio' })).rejects.toThrow(/SMS_TRANSPORT/);
    await expect(run({ ...environment, EMAIL_TRANSPORT: 'smtp' })).rejects.toThrow(
      /^EMAIL_TRANSPORT: is live/,
    );
    await expect(run(live)).rejects.toThrow(/TWILIO_ACCOUNT_SID/);
    await expect(run({})).rejects.toThrow(/TWILIO_AUTH_TOKEN/);
  });

  it('does not start on a port that is taken, and leaves the one who has it alone', async () => {
    await post({ From: from, To: to, Body: 'kept' });
    const { port } = new URL(sandbox.url);
    const { port: smtpPort } = new URL(sandbox.smtpUrl);
    const taken = { ...environment, DATA_DIR: dataDir, SANDBOX_PORT: port };
    const free = http.createServer().listen(0);
    const { port: freePort } = free.address() as AddressInfo;
    await new Promise((closed) => free.close(closed));
    for (const mailPort of [smtpPort, String(freePort)]) {
      const env = { ...taken, SANDBOX_SMTP_PORT: mailPort };
      await expect(runSandbox(loadConfig(env))).rejects.toMatchObject({ code: 'EADDRINUSE' });
    }
    expect((await json('/messages')).body).toMatchObject([{ text: 'kept' }]);
  });
});
