import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import nodemailer, { type SendMailOptions } from 'nodemailer';
import type { Browser, Page } from 'playwright-core';
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  it,
  onTestFinished,
} from 'vitest';
import { Secret } from '../../src/domain/secret.ts';
import { startSandbox } from '../../src/sandbox/start-sandbox.ts';
import { launchBrowser } from '../support/browser.ts';

const to = 'patient@example.com';
const link = `http://localhost:3001/${'a'.repeat(68)}`;

let dataDir: string;
let sandbox: Awaited<ReturnType<typeof startSandbox>>;
let browser: Browser;

beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser?.close());
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'sotto-mailbox-'));
  sandbox = await startSandbox({
    port: 0,
    smtpPort: 0,
    host: '127.0.0.1',
    accountSid: `ACsandbox${'0'.repeat(25)}`,
    authToken: new Secret('t'),
    dataDir,
    patientUrl: 'http://localhost:3001',
  });
});
afterEach(async () => {
  await sandbox.close();
  await rm(dataDir, { recursive: true });
});

let sent = 0;
async function send(mail: SendMailOptions = {}) {
  const { port } = new URL(sandbox.smtpUrl);
  const transport = nodemailer.createTransport({ host: '127.0.0.1', port: Number(port) });
  sent += 1;
  await transport.sendMail({
    from: 'reminders@sotto.example',
    to,
    subject: 'You have a reminder',
    text: `Open this link:\n${link}\n`,
    html: `<!doctype html><html><head><title>x</title></head><body><p id="said">Open <a href="${link}">the link</a></p></body></html>`,
    messageId: `<${sent}@sotto.example>`,
    headers: {
      'List-Unsubscribe': '<http://localhost:3001/stop/x>',
      'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
    },
    ...mail,
  });
  transport.close();
}

async function receiveSms(text: string) {
  const account = `ACsandbox${'0'.repeat(25)}`;
  await fetch(`${sandbox.url}/2010-04-01/Accounts/${account}/Messages.json`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${account}:t`).toString('base64')}` },
    body: new URLSearchParams({ From: '+33757000001', To: '+33639980001', Body: text }),
  });
}

async function html(path = '/'): Promise<string> {
  return (await fetch(`${sandbox.url}${path}`)).text();
}

async function openPage(options: Parameters<Browser['newContext']>[0] = {}): Promise<Page> {
  const page = await (await browser.newContext(options)).newPage();
  await page.goto(sandbox.url);
  return page;
}

describe('the mailbox beside the phones', () => {
  it('lists mails, the newest first, and opens one', async () => {
    await receiveSms('an SMS');
    await send({ subject: 'The first' });
    await send({ subject: 'The second', to: 'other@example.com' });
    const page = await openPage({ javaScriptEnabled: false });
    expect(await page.locator('.phone .text').allTextContents()).toEqual(['an SMS']);
    expect(await page.locator('.mails .subject').allTextContents()).toEqual([
      'The second',
      'The first',
    ]);
    expect(await page.locator('.mail h3').textContent()).toBe('The second');
    await page.click('text=The first');
    expect(await page.locator('.mail h3').textContent()).toBe('The first');
    expect(await page.locator('.mails [aria-current]').textContent()).toContain('The first');
    expect(await page.frameLocator('iframe').locator('#said').textContent()).toBe('Open the link');
    await page.click(`.mail a:text-is("${to}")`);
    expect(await page.locator('.mails li').count()).toBe(1);
    await page.context().close();
  });

  it('shows what that person proves with, each header, and both parts', async () => {
    const people = [{ email: to, birthDate: '1987-03-09', hint: 'In Spanish' }];
    await writeFile(join(dataDir, 'sandbox', 'people.json'), JSON.stringify(people));
    await send();
    const page = await html();
    expect(page).toContain('<strong>1987-03-09</strong>');
    expect(page).toContain('In Spanish');
    expect(page).toContain(`<a href="${link}" target="_blank" rel="noreferrer">${link}</a>`);
    expect(page).toContain(
      '<dt>List-Unsubscribe</dt><dd>&lt;http://localhost:3001/stop/x&gt;</dd>',
    );
    expect(page).not.toContain('class="note"');
  });

  it('marks links that lead elsewhere, what is loaded, and copies', async () => {
    await send({
      html: `<img src="https://track.example/p.gif"><a href='https://elsewhere.example/'>${link}</a>`,
    });
    const page = await html();
    expect(page).toContain(
      'A link leads elsewhere than to http://localhost:3001: https://elsewhere',
    );
    expect(page).toContain('The HTML part loads something from elsewhere');
    await send({ messageId: '<same@x.y>' });
    await send({ messageId: '<same@x.y>' });
    expect(await html()).toContain('Second copy dropped: same Message-ID');
  });

  it('shows a mail that arrives without being touched, and nothing axe finds', async () => {
    for (const colorScheme of ['light', 'dark'] as const) {
      const page = await openPage({ viewport: { width: 390, height: 800 }, colorScheme });
      await send({ subject: `Arrived ${colorScheme}` });
      await page.locator('.mail h3', { hasText: `Arrived ${colorScheme}` }).waitFor();
      // Axe cannot enter a frame that runs no script.
      const axe = new AxeBuilder({ page }).exclude('iframe').setLegacyMode();
      const { violations } = await axe.analyze();
      expect(violations.map(({ id, nodes }) => [id, nodes[0]?.html])).toEqual([]);
      const width = await page.locator('html').evaluate((root) => root.scrollWidth);
      expect(width).toBeLessThanOrEqual(390);
      await page.context().close();
    }
  });

  it('opens links in a tab of their own, free of the frame', async () => {
    const target = `${sandbox.url}/messages`;
    await send({ html: `<p><a href="${target}">the link</a></p>` });
    const page = await openPage();
    const [tab] = await Promise.all([
      page.context().waitForEvent('page'),
      page.frameLocator('iframe').locator('a').click(),
    ]);
    await tab.waitForLoadState();
    expect(tab.url()).toBe(target);
    expect(await tab.evaluate('[window.opener, document.referrer, window.origin]')).toEqual([
      null,
      '',
      sandbox.url,
    ]);
    await page.context().close();
  });
});

describe('a mail that means harm', () => {
  const canary =
    '<script>document.title="pwned"</script><img src=x onerror=document.title="pwned">';

  it('does nothing from any part of it', async () => {
    const asked: string[] = [];
    const evil = createServer((request, reply) => {
      asked.push(request.url ?? '');
      reply.end('document.title="pwned"');
    });
    await once(evil.listen(0, '127.0.0.1'), 'listening');
    onTestFinished(() => void evil.close());
    const there = `http://127.0.0.1:${(evil.address() as AddressInfo).port}`;
    const page = await (await browser.newContext()).newPage();
    await send({
      subject: canary,
      text: `${canary} javascript:alert(1) "https://x.example/'onmouseover=alert(1)`,
      html: `<html><head><base href="${there}/"><meta http-equiv="refresh" content="0;url=${there}/refresh"><link rel=stylesheet href="${there}/a.css"></head>
        <body style="background:url(${there}/b.png)">${canary}
        <iframe src="${there}/frame"></iframe><svg onload="top.document.title='pwned'"></svg>
        <form action="${there}/form"><button id="go">Go</button></form>
        <a id="js" href="javascript:top.document.title='pwned'">js</a></body></html>`,
      headers: { 'X-Canary': canary, 'List-Unsubscribe': '<javascript:alert(1)>' },
    });
    await page.goto(sandbox.url);
    const frame = page.frameLocator('iframe');
    await frame.locator('#go').click();
    await frame.locator('#js').click();
    await page.locator('summary', { hasText: 'headers' }).click();
    await page.locator('summary', { hasText: 'Text part' }).click();
    expect(await page.title()).toBe('Sotto sandbox: phones and mailbox');
    expect(asked).toEqual([]);
    expect(await page.locator('.mail script, .mail img').count()).toBe(0);
    const markup = await html();
    expect(markup).not.toMatch(/<img|<script>|\son\w+=(?!["']?document\.title|alert)/);

    const src = await page.locator('iframe').getAttribute('src');
    await page.goto(`${sandbox.url}${src}`);
    expect(await page.title()).not.toBe('pwned');
    expect(asked).toEqual([]);
    await page.context().close();
  });

  it('is shown under a policy without exceptions, in a frame that runs nothing', async () => {
    await send();
    const answer = await fetch(sandbox.url);
    expect(answer.headers.get('content-security-policy')).not.toContain('unsafe');
    const src = /<iframe src="([^"]+)"/.exec(await answer.text())?.[1];
    const frame = await fetch(`${sandbox.url}${src}`);
    const policy = frame.headers.get('content-security-policy') ?? '';
    expect(policy).toContain('sandbox allow-popups allow-popups-to-escape-sandbox;');
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toContain('script');
    expect(frame.headers.get('referrer-policy')).toBe('no-referrer');
  });
});

describe('without JavaScript', () => {
  it('faults of the mail server are a form, said plainly, and SMS faults stay', async () => {
    const submit = (path: string, form: Record<string, string> = {}) =>
      fetch(`${sandbox.url}${path}`, {
        method: 'POST',
        body: new URLSearchParams(form),
        redirect: 'manual',
      });
    await submit('/faults/sms', { mode: '500', rate: '1' });
    await submit('/faults/email', { mode: 'cut-after-354', bounces: 'doubled', rate: '0.25' });
    expect(await (await fetch(`${sandbox.url}/faults`)).json()).toMatchObject({
      sms: { mode: '500' },
      email: { mode: 'cut-after-354', bounces: 'doubled', rate: 0.25 },
    });
    expect(await html()).toContain(
      'Misbehaving on purpose: the SMS provider answers 500; for every fourth message the mail server cuts the connection after 354, keeps nothing and bounces arrive twice.',
    );
    await submit('/no-faults');
    expect(await html()).not.toContain('Misbehaving on purpose');
    expect((await submit('/faults/email', { mode: 'worse' })).status).toBe(422);
  });
});
