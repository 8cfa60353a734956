/**
 * Takes the pictures in docs/pictures from a running `npm start`:
 *
 *     node scripts/pictures.ts
 *
 * It needs Chromium, as the tests of pages do, and the demo as the first start left it, which it changes:
 * use a data folder that can go.
 */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Browser, Page } from 'playwright-core';
import { launchBrowser } from '../test/support/browser.ts';
import { makePictureDay } from './picture-day.ts';

interface Facts {
  readonly apiUrl: string;
  readonly apiKey: string;
  readonly opsUrl: string;
  readonly opsUser: string;
  readonly opsPassword: string;
  readonly sandboxUrl: string;
}
interface Person {
  readonly phone: string;
  readonly pin: string;
}
interface Message {
  readonly to: string;
  readonly text: string;
}

const folder = join(import.meta.dirname, '../docs/pictures');
const bytesMax = 150_000;
/** The demo's patient whose pages are in English. */
const phone = '+447700900001';

const { values } = parseArgs({ options: { 'data-dir': { type: 'string', default: '.data' } } });
const facts = readJson<Facts>('sandbox.json');
const pin = readJson<Person[]>('sandbox/people.json').find((person) => person.phone === phone)?.pin;

const browser = await launchBrowser();
try {
  await takeSandbox(browser);
  await takePatientPages(browser);
  await takeOpsPages(browser);
} finally {
  await browser.close();
}

async function takeSandbox(from: Browser): Promise<void> {
  const page = await from.newPage({ viewport: { width: 1180, height: 720 } });
  await page.goto(facts.sandboxUrl);
  await save(page, 'sandbox-phone.png');
  await page.close();
}

async function takePatientPages(from: Browser): Promise<void> {
  const page = await from.newPage({ viewport: { width: 390, height: 700 } });
  await page.goto(await newestLink());
  await page.click('main button');
  await save(page, 'patient-proof.png');
  await page.fill('#pin', pin ?? '');
  await page.click('main button');
  await page.waitForURL('**/details');
  await save(page, 'patient-details.png');
  await page.close();
}

async function takeOpsPages(from: Browser): Promise<void> {
  const { reference } = await makePictureDay({ dataDir: values['data-dir'], facts });
  const page = await from.newPage({ viewport: { width: 1180, height: 860 } });
  await page.goto(facts.opsUrl);
  await page.fill('[name=user]', facts.opsUser);
  await page.fill('[name=password]', facts.opsPassword);
  await page.click('main button');
  await page.locator('#lateness').waitFor();
  await save(page, 'ops-overview.png');
  await page.goto(`${facts.opsUrl}/find`);
  await page.fill('#q', reference);
  await page.click('main button');
  await page.waitForURL('**/appointments/*');
  await page.setViewportSize({ width: 1180, height: 720 });
  await save(page, 'ops-timeline.png');
  await page.close();
}

async function newestLink(): Promise<string> {
  const answer = await fetch(`${facts.sandboxUrl}/messages`);
  const messages = (await answer.json()) as Message[];
  const text = messages.findLast(({ to }) => to === phone)?.text ?? '';
  const link = /https?:\/\/\S+$/.exec(text)?.[0];
  if (!link) throw new Error('The demo patient has no message yet.');
  return link;
}

async function save(page: Page, name: string): Promise<void> {
  const path = join(folder, name);
  await page.screenshot({ path, animations: 'disabled' });
  const { size } = statSync(path);
  if (size > bytesMax) throw new Error(`${name} takes ${size} bytes, more than ${bytesMax}`);
  console.log(`docs/pictures/${name}: ${Math.ceil(size / 1024)} kB`);
}

function readJson<Value>(name: string): Value {
  return JSON.parse(readFileSync(join(values['data-dir'], name), 'utf8')) as Value;
}
