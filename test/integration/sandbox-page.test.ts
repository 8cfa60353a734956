import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Secret } from '../../src/domain/secret.ts';
import { startSandbox } from '../../src/sandbox/start-sandbox.ts';

const accountSid = `ACsandbox${'0'.repeat(25)}`;
const to = '+33639980001';
const link = `http://localhost:3001/${'a'.repeat(68)}`;

let dataDir: string;
let sandbox: Awaited<ReturnType<typeof startSandbox>>;

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'sotto-page-'));
  sandbox = await startSandbox({
    port: 0,
    smtpPort: 0,
    host: '127.0.0.1',
    accountSid,
    authToken: new Secret('t'),
    dataDir,
    patientUrl: 'http://localhost:3001',
  });
});
afterEach(async () => {
  await sandbox.close();
  await rm(dataDir, { recursive: true });
});

async function receive(text: string, phone = to) {
  const answer = await fetch(`${sandbox.url}/2010-04-01/Accounts/${accountSid}/Messages.json`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${accountSid}:t`).toString('base64')}` },
    body: new URLSearchParams({ From: '+33757000001', To: phone, Body: text }),
  });
  expect(answer.status).toBe(201);
}

async function page(path = '/') {
  const answer = await fetch(`${sandbox.url}${path}`);
  return { headers: answer.headers, html: await answer.text() };
}

async function submit(path: string, form: Record<string, string> = {}) {
  const answer = await fetch(`${sandbox.url}${path}`, {
    method: 'POST',
    body: new URLSearchParams(form),
    redirect: 'manual',
  });
  return {
    status: answer.status,
    location: answer.headers.get('location'),
    html: await answer.text(),
  };
}

describe('the first page a newcomer sees', () => {
  it('says what to do while there is no message', async () => {
    const { html } = await page();
    expect(html).toContain('No message yet.');
    expect(html).toContain('npm start');
    expect(html).toContain('Nothing leaves this computer.');
  });

  it('shows who has which PIN, message or not', async () => {
    const people = [{ phone: to, pin: '482913', hint: 'In French' }];
    await writeFile(join(dataDir, 'sandbox', 'people.json'), JSON.stringify(people));
    const { html } = await page();
    expect(html).toContain('+33 6 39 98 00 01');
    expect(html).toContain('<strong>482913</strong>');
    expect(html).toContain('In French');
    await writeFile(join(dataDir, 'sandbox', 'people.json'), 'half a fi');
    expect((await page()).html).not.toContain('482913');
  });

  it('shows a message with its link to press, its size and its cost', async () => {
    await receive(`You have a reminder: ${link}`);
    const { html } = await page();
    expect(html).toContain(`<a href="${link}" target="_blank" rel="noreferrer">${link}</a>`);
    expect(html).toMatch(/111 characters · GSM-7 · 1 segment · (queued|sent)/);
    expect(html).not.toContain('class="note"');
  });

  it('marks what costs more, and links that lead elsewhere', async () => {
    await receive(`Reçu ${'x'.repeat(80)} https://elsewhere.example/a`);
    const { html } = await page();
    expect(html).toContain('Not in GSM-7: ç (costs as much as 2 messages)');
    expect(html).toContain('A link leads elsewhere than to http://localhost:3001');
  });

  it('shows what a message says as text, whatever it says', async () => {
    await receive('<img src=x onerror=alert(1)> "https://x.example/\'><script>1</script>');
    const { html } = await page();
    expect(html).toContain('&lt;img src=x onerror=alert(1)&gt;');
    expect(html).not.toMatch(/<img|<script>/);
  });

  it('groups by phone, the one that heard something last first', async () => {
    await receive('first', '+33639980002');
    await receive('second', '+33639980003');
    await receive('third', '+33639980002');
    const phones = (await page()).html.match(/class="phone" id="phone-\d+"/g);
    expect(phones?.map((phone) => phone.replace(/\D/g, ''))).toEqual([
      '33639980002',
      '33639980003',
    ]);
  });

  it('stays small: the newest of each phone, and the rest one press away', async () => {
    for (let nth = 0; nth < 9; nth += 1) await receive(`text ${nth}.`);
    for (let nth = 0; nth < 25; nth += 1) await receive('x', `+336399801${10 + nth}`);
    await receive('last.');
    const { html } = await page();
    expect(html).toContain('>4 older</a>');
    expect(html).not.toContain('text 3.');
    expect(html).toContain('2 more phones.');
    const whole = (await page(`/?phone=${encodeURIComponent(to)}`)).html;
    for (let nth = 0; nth < 9; nth += 1) expect(whole).toContain(`text ${nth}.`);
  });

  it('runs nothing that is not its own, and nothing inline', async () => {
    const { headers, html } = await page();
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(headers.get('content-security-policy')).not.toContain('unsafe');
    expect(html).not.toMatch(/<style|\sstyle=|\son\w+=|<script(?! src="\/sandbox\.js")/);
    const assets = [...html.matchAll(/(?:src|href)="(\/[^"#?]*)"/g)].map(([, path]) => path);
    expect(assets).toEqual(
      expect.arrayContaining(['/sandbox.css', '/sandbox.js', '/favicon.svg', '/']),
    );
    for (const path of assets) expect((await fetch(`${sandbox.url}${path}`)).status).toBe(200);
  });
});

describe('without JavaScript', () => {
  it('a reply is a form: STOP opts the phone out, START in', async () => {
    await receive('hello');
    expect(await submit('/phone/reply', { to, text: 'STOP' })).toMatchObject({
      status: 303,
      location: '/#phone-33639980001',
    });
    expect((await page()).html).toContain('until it replies START');
    await submit('/phone/reply', { to, text: 'START' });
    expect((await page()).html).not.toContain('until it replies START');
  });

  it('faults are a form, said plainly while they last, and one button ends them', async () => {
    const form = {
      mode: 'reset',
      receipts: 'ok',
      rate: '0.5',
      listLagSeconds: '3',
      forceRedaction: 'on',
    };
    expect((await submit('/faults/sms', form)).status).toBe(303);
    expect(await (await fetch(`${sandbox.url}/faults`)).json()).toMatchObject({
      sms: { mode: 'reset', receipts: 'ok', rate: 0.5, listLagSeconds: 3, forceRedaction: true },
    });
    expect((await page()).html).toContain(
      'Misbehaving on purpose: for every second message the SMS provider cuts the connection, keeps nothing; the list lags 3 seconds; the SMS provider keeps no text.',
    );
    expect((await submit('/no-faults')).status).toBe(303);
    expect((await page()).html).not.toContain('Misbehaving on purpose');
  });

  it('what cannot be taken is said, with a way back', async () => {
    const refused = await submit('/faults/sms', { mode: 'worse' });
    expect(refused.status).toBe(422);
    expect(refused.html).toContain('sms.mode');
    expect(refused.html).toContain('Back to the sandbox');
  });

  it('the phones can be emptied', async () => {
    await receive('hello there');
    expect((await submit('/empty')).status).toBe(303);
    expect((await page()).html).not.toContain('hello there');
  });
});

it('open pages hear of a new message at once', async () => {
  const stop = new AbortController();
  const live = await fetch(`${sandbox.url}/live`, { signal: stop.signal });
  expect(live.headers.get('content-type')).toBe('text/event-stream');
  const reader = (live.body as ReadableStream<Uint8Array>).getReader();
  await receive('hello');
  let heard = '';
  while (!heard.includes('event: changed')) {
    const { value, done } = await reader.read();
    if (done) break;
    heard += Buffer.from(value).toString();
  }
  stop.abort();
  expect(heard).toContain('event: changed');
  expect(heard).not.toContain('hello');
});
