import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import nodemailer, { type SendMailOptions } from 'nodemailer';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { Secret } from '../../src/domain/secret.ts';
import { mailModes } from '../../src/sandbox/faults.ts';
import { type SandboxOptions, startSandbox } from '../../src/sandbox/start-sandbox.ts';
import { openRawSmtp } from '../support/raw-smtp.ts';

interface Mail {
  readonly id: string;
  readonly channel: string;
  readonly to: string;
  readonly from: string;
  readonly subject: string;
  readonly text: string;
  readonly html?: string;
  readonly headers: Record<string, string[]>;
  readonly returnPath: string;
  readonly copiesDropped: number;
}

const to = 'patient@example.com';
const link = `http://localhost:3001/${'a'.repeat(68)}`;

let dataDir: string;
let sandbox: Awaited<ReturnType<typeof startSandbox>>;

async function start(options: Partial<SandboxOptions> = {}) {
  return startSandbox({
    port: 0,
    smtpPort: 0,
    host: '127.0.0.1',
    accountSid: `ACsandbox${'0'.repeat(25)}`,
    authToken: new Secret('t'),
    dataDir,
    patientUrl: 'http://localhost:3001',
    receiptStepMs: 5,
    ...options,
  });
}

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'sotto-mail-'));
  sandbox = await start();
});
afterEach(async () => {
  await sandbox.close();
  await rm(dataDir, { recursive: true });
});

async function json<T>(path: string): Promise<T> {
  return (await (await fetch(`${sandbox.url}${path}`)).json()) as T;
}
const mails = () => json<Mail[]>('/messages');
const accepted = async () => (await json<{ accepted: number }>('/ledger')).accepted;

async function misbehave(email: object) {
  const answer = await fetch(`${sandbox.url}/faults`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email }),
  });
  expect(answer.status).toBe(200);
}

/** Through the library that the worker uses. */
async function send(mail: SendMailOptions = {}) {
  const { port } = new URL(sandbox.smtpUrl);
  const transport = nodemailer.createTransport({ host: '127.0.0.1', port: Number(port) });
  onTestFinished(() => transport.close());
  return transport.sendMail({
    from: 'Sotto <reminders@sotto.example>',
    to,
    subject: 'Vous avez un rappel',
    text: `Ouvrez ce lien :\n${link}`,
    html: `<p>Ouvrez <a href="${link}">ce lien</a></p>`,
    messageId: '<one@sotto.example>',
    ...mail,
  });
}

const lines = (...more: string[]) => [
  'From: reminders@sotto.example',
  `To: ${to}`,
  'Subject: x',
  'Date: Sun, 22 Nov 2026 10:00:00 +0000',
  'Message-ID: <raw@sotto.example>',
  ...more,
  '',
  'hello',
];

/** Hands a mail over by hand. @returns the last reply at each verb, up to the first that is not good */
async function byHand({
  recipients = [to],
  message = lines(),
}: {
  recipients?: string[];
  message?: string[];
} = {}): Promise<string[]> {
  const smtp = await openRawSmtp(sandbox.smtpUrl);
  onTestFinished(() => smtp.close());
  const replies: string[] = [];
  const steps = [
    () => smtp.reply(),
    () => smtp.say('EHLO client.example'),
    () => smtp.say('MAIL FROM:<bounces+token@sotto.example>'),
    ...recipients.map((recipient) => () => smtp.say(`RCPT TO:<${recipient}>`)),
    () => smtp.say('DATA'),
    () => smtp.say([...message, '.'].join('\r\n')),
  ];
  for (const step of steps) {
    replies.push(await step());
    if (!/^[23]/.test(replies.at(-1) ?? '')) break;
  }
  return replies;
}
const codes = (replies: readonly string[]) =>
  replies.map((reply) => /^(?:\d{3}|cut)/.exec(reply)?.[0]).join(' ');

describe('a mail that is handed over', () => {
  it('can be read byte for byte', async () => {
    const message = lines('X-Folded: one', ' two', 'Content-Type: text/plain; charset=utf-8');
    message.push('déjà');
    await byHand({ message });
    const [mail] = await mails();
    const answer = await fetch(`${sandbox.url}/messages/${mail?.id}/raw`);
    expect(answer.headers.get('content-type')).toBe('message/rfc822');
    expect(await answer.text()).toBe(`${message.join('\r\n')}\r\n`);
    expect((await fetch(`${sandbox.url}/messages/EM0/raw`)).status).toBe(404);
  });

  it('is there as it came: both parts, every header, and where bounces go', async () => {
    await send({
      envelope: { from: 'bounces+token@sotto.example', to },
      headers: {
        'List-Unsubscribe': '<http://localhost:3001/stop/x>',
        'X-Twice': ['1', '2'],
      },
    });
    expect(await mails()).toEqual([
      {
        id: expect.stringMatching(/^EM[0-9a-f]{32}$/),
        channel: 'email',
        to,
        from: 'reminders@sotto.example',
        subject: 'Vous avez un rappel',
        text: `Ouvrez ce lien :\n${link}\n`,
        html: `<p>Ouvrez <a href="${link}">ce lien</a></p>\n`,
        headers: expect.objectContaining({
          'message-id': ['<one@sotto.example>'],
          'list-unsubscribe': ['<http://localhost:3001/stop/x>'],
          'x-twice': ['1', '2'],
          subject: ['Vous avez un rappel'],
        }),
        receivedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
        returnPath: 'bounces+token@sotto.example',
        copiesDropped: 0,
      },
    ]);
  });

  it('is one of many at once, and each arrives', async () => {
    await Promise.all(
      Array.from({ length: 40 }, (_, nth) =>
        send({ to: `p${nth}@example.com`, messageId: `<${nth}@x.y>` }),
      ),
    );
    expect(new Set((await mails()).map((mail) => mail.to)).size).toBe(40);
  });

  it('twice, with one Message-ID, is shown once and counted twice', async () => {
    await send();
    await send({ text: `Ouvrez ce lien :\n${link}` });
    await send({ to: 'other@example.com' });
    const shown = await mails();
    expect(shown.map((mail) => [mail.to, mail.copiesDropped])).toEqual([
      [to, 1],
      ['other@example.com', 0],
    ]);
    const { texts } = await json<{ texts: object[] }>('/ledger');
    expect(texts).toEqual([
      expect.objectContaining({ channel: 'email', link, count: 3, copiesDropped: 1 }),
    ]);
    await fetch(`${sandbox.url}/messages`, { method: 'DELETE' });
    await send();
    expect(await mails(), 'a mailbox that was emptied knows no Message-ID').toHaveLength(1);
  });
});

describe('what careful receivers refuse', () => {
  it.each([
    ['no Message-ID', lines().filter((line) => !line.startsWith('Message-ID'))],
    ['two Message-IDs', lines('Message-ID: <other@sotto.example>')],
    ['a Message-ID that is none', lines().map((l) => l.replace('<raw@sotto.example>', 'raw'))],
    ['no Date', lines().filter((line) => !line.startsWith('Date'))],
    ['a Date that is none', lines().map((line) => line.replace('22 Nov 2026', 'soon'))],
    ['no From', lines().filter((line) => !line.startsWith('From'))],
    ['a second address in To', lines().map((l) => l.replace(to, `${to}, b@example.com`))],
    ['a copy to somebody', lines('Cc: b@example.com')],
    ['a header that is not ASCII', lines('X-Name: Zo\u00eb')],
    ['a line of 999 characters', lines('', 'x'.repeat(999))],
  ])('%s', async (_what, message) => {
    expect(codes(await byHand({ message }))).toBe('220 250 250 250 354 550');
    expect(await accepted()).toBe(0);
  });

  it('a second recipient: then nobody gets it', async () => {
    expect(codes(await byHand({ recipients: [to, 'b@example.com'] }))).toBe('220 250 250 250 554');
    const smtp = await openRawSmtp(sandbox.smtpUrl);
    onTestFinished(() => smtp.close());
    await smtp.reply();
    await smtp.say('EHLO client.example');
    await smtp.say('MAIL FROM:<a@sotto.example>');
    for (const recipient of [to, 'b@example.com']) await smtp.say(`RCPT TO:<${recipient}>`);
    expect(await smtp.say('DATA')).toMatch(/^554 5\.5\.3/);
    expect(await accepted()).toBe(0);
    // The connection is good for the next.
    await smtp.say('MAIL FROM:<a@sotto.example>');
  });

  it('more than a mebibyte', async () => {
    const body = Array.from({ length: 12_000 }, () => 'x'.repeat(98));
    expect((await byHand({ message: lines('', ...body) })).at(-1)).toMatch(/^552/);
    expect((await byHand({ message: lines('', ...body.slice(0, 10_000)) })).at(-1)).toMatch(/^250/);
    expect(await accepted()).toBe(1);
  });
});

describe('a fault at each verb', () => {
  const expected: Record<(typeof mailModes)[number], [replies: string, kept: number]> = {
    ok: ['220 250 250 250 354 250', 1],
    '429': ['220 250 450', 0],
    '500': ['220 250 250 250 354 554', 0],
    'timeout-after-accept': ['220 250 250 250 354', 1],
    reset: ['220 250 250 250 cut', 0],
    'reject-connection': ['554', 0],
    '421': ['220 250 421', 0],
    'reject-mail': ['220 250 550', 0],
    'reject-rcpt': ['220 250 250 550', 0],
    'reject-rcpt-later': ['220 250 250 450', 0],
    'reject-data': ['220 250 250 250 554', 0],
    'cut-before-354': ['220 250 250 250 cut', 0],
    'cut-after-354': ['220 250 250 250 354 cut', 0],
    'reject-message': ['220 250 250 250 354 550', 0],
    'reject-message-later': ['220 250 250 250 354 451', 0],
    'cut-after-accept': ['220 250 250 250 354 cut', 1],
    bounce: ['220 250 250 250 354 250', 1],
  };

  it.each(mailModes.filter((mode) => mode !== 'timeout-after-accept'))('%s', async (mode) => {
    await misbehave({ mode });
    const [replies, kept] = expected[mode];
    expect(codes(await byHand())).toBe(replies);
    expect(await accepted()).toBe(kept);
  });

  it('timeout-after-accept: it is kept, and nothing is ever answered', async () => {
    await misbehave({ mode: 'timeout-after-accept' });
    let answered = false;
    void byHand().then(() => {
      answered = true;
    });
    await expect.poll(accepted).toBe(1);
    await misbehave({});
    await send({ messageId: '<next@sotto.example>' });
    expect(answered).toBe(false);
    expect(await mails()).toHaveLength(2);
  });

  it('421 closes the connection', async () => {
    await misbehave({ mode: '421' });
    const smtp = await openRawSmtp(sandbox.smtpUrl);
    await smtp.reply();
    await smtp.say('EHLO client.example');
    expect(await smtp.say('MAIL FROM:<a@sotto.example>')).toMatch(/^421 4\.3\.2/);
    expect(await smtp.reply()).toBe('cut');
  });

  it('meets the share that was asked for, spread evenly', async () => {
    await misbehave({ mode: 'reject-rcpt', rate: 0.5 });
    const met: boolean[] = [];
    for (let nth = 0; nth < 6; nth += 1) {
      met.push(
        await send({ messageId: `<${nth}@x.y>` }).then(
          () => false,
          () => true,
        ),
      );
    }
    expect(met).toEqual([false, true, false, true, false, true]);
  });
});

describe('magic addresses', () => {
  it.each([
    ['9211', '220 250 250 550'],
    ['9610', '220 250 250 550'],
    ['9612', '220 250 250 450'],
    ['9614', '220 250 250 556'],
    ['9005', '220 250 250 250 354 250'],
    ['9000', '220 250 250 250 354 250'],
  ])('…%s@ behaves as it does whatever the faults say', async (ending, replies) => {
    await misbehave({ mode: 'reject-rcpt', rate: 0 });
    expect(codes(await byHand({ recipients: [`marie.${ending}@example.com`] }))).toBe(replies);
  });

  it('are those whose ending stands before the @', async () => {
    expect(codes(await byHand({ recipients: ['marie@9211.example.com'] }))).toMatch(/250$/);
  });
});

describe('memory', () => {
  it('outlives a restart, and only its owner may read it', async () => {
    await send();
    const before = await mails();
    await sandbox.close();
    sandbox = await start();
    expect(await mails()).toEqual(before);
    await send();
    expect(await mails()).toMatchObject([{ copiesDropped: 1 }]);
    const file = join(dataDir, 'sandbox', 'messages.ndjson');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  it('is bounded by what mails weigh, not only by how many there are', async () => {
    await sandbox.close();
    sandbox = await start({ charactersMax: 200_000 });
    const text = `${'x'.repeat(90)}\r\n`.repeat(100);
    for (let nth = 0; nth < 60; nth += 1) {
      await send({ messageId: `<${nth}@x.y>`, text, html: '' });
    }
    const shown = await mails();
    expect(shown.length).toBeLessThan(12);
    expect(shown.length).toBeGreaterThan(7);
    expect(shown.at(-1)?.headers['message-id']).toEqual(['<59@x.y>']);
    const { dropped } = await json<{ dropped: number }>('/ledger');
    expect(dropped).toBe(60 - shown.length);
    const { size } = await stat(join(dataDir, 'sandbox', 'messages.ndjson'));
    expect(size).toBeLessThan(900_000);
  });
});
