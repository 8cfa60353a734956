import { createServer } from 'node:net';
import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchBrowser, tabTo } from '../support/browser.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { type PatientPages, startPatientPages } from '../support/patient-pages.ts';
import { seedAppointment, seededPin, seededRequest } from '../support/seed-appointment.ts';
import { withoutCookies } from '../support/without-cookies.ts';

let database: TestDatabase;
let pages: PatientPages;
let browser: Browser;
let origin: string;
let organisationId: string;

beforeAll(async () => {
  database = await createTestDatabase();
  const port = await freePort();
  origin = `http://localhost:${port}`;
  pages = await startPatientPages(database, { patientUrl: origin, answerFloorMs: 300 });
  await pages.app.listen({ host: 'localhost', port });
  organisationId = await database.createOrganisation();
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser?.close();
  await pages?.close();
  await database?.drop();
});

const oldPhone = { width: 320, height: 568 };

async function openPage(options: BrowserContextOptions = {}): Promise<Page> {
  const context = await browser.newContext({ viewport: oldPhone, ...options });
  const page = await context.newPage();
  page.on('console', (message) => complaints.push(message.text()));
  return page;
}

/** What the browser complained of: a style or image that the policy refused, for instance. */
const complaints: string[] = [];

async function seedIn(language: string, place = seededRequest.details.place): Promise<string> {
  const recipient = { ...seededRequest.recipient, language };
  const request = { ...seededRequest, recipient, details: { ...seededRequest.details, place } };
  const { link } = await seedAppointment(pages.seed, { organisationId, request });
  return `${origin}/${link.token}`;
}

const step = (page: Page) => page.locator('main').getAttribute('data-step');

async function pressButton(page: Page, selector: string): Promise<void> {
  await tabTo(page, selector);
  await Promise.all([page.waitForEvent('load'), page.keyboard.press('Enter')]);
}

async function expectNoFaults(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page })
    .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'])
    .analyze();
  expect(violations.map(({ id, nodes }) => ({ id, at: nodes.map(({ html }) => html) }))).toEqual(
    [],
  );
  const width = await page.evaluate('document.documentElement.scrollWidth');
  expect(width).toBeLessThanOrEqual(oldPhone.width);
}

describe.each([
  { language: 'fr', colorScheme: 'light' },
  { language: 'fr', colorScheme: 'dark' },
  { language: 'en', colorScheme: 'light' },
  { language: 'en', colorScheme: 'dark' },
] as const)('on an old phone, in $language, $colorScheme', ({ language, colorScheme }) => {
  it('a patient gets from the link to the details and out again by keyboard alone, without a script', async () => {
    const page = await openPage({ colorScheme, javaScriptEnabled: false });
    await page.goto(await seedIn(language));
    expect(page.url()).toBe(`${origin}/r`);
    expect([await step(page), await page.locator('html').getAttribute('lang')]).toEqual([
      'landing',
      language,
    ]);

    await pressButton(page, 'main button');
    expect(await step(page)).toBe('prove');
    await tabTo(page, '#pin');
    await page.keyboard.type('593827');
    await Promise.all([page.waitForEvent('load'), page.keyboard.press('Enter')]);
    // The summary takes the focus by itself, so that a screen reader begins there.
    await page.locator('[role="alert"]:focus').waitFor();
    expect(await page.title()).toMatch(language === 'fr' ? /^Erreur/ : /^Error/);

    await tabTo(page, '#pin');
    await page.keyboard.type('482 913');
    await Promise.all([page.waitForURL('**/details'), page.keyboard.press('Enter')]);
    expect(await step(page)).toBe('details');
    expect(await page.locator('main').textContent()).toContain(seededRequest.details.practitioner);

    await pressButton(page, 'form[action="/leave"] button');
    expect(page.url()).toBe(`${origin}/left?lang=${language}`);
    await page.goBack();
    expect(await page.locator('main').textContent()).not.toContain(
      seededRequest.details.practitioner,
    );
    expect(await step(page)).toBeNull();
    await page.context().close();
  });

  it('no page has a fault that axe finds, nor scrolls sideways', async () => {
    const page = await openPage({ colorScheme });
    await page.goto(await seedIn(language));
    await expectNoFaults(page);
    await page.click('main button');
    await expectNoFaults(page);
    await page.fill('#pin', '593827');
    await page.click('main button');
    await page.locator('[role="alert"]').waitFor();
    await expectNoFaults(page);
    await page.fill('#pin', seededPin);
    await page.click('main button');
    await page.waitForURL('**/details');
    await expectNoFaults(page);
    for (const path of ['/left', '/check', '/nowhere', '/leave']) {
      await page.goto(`${origin}${path}?lang=${language}`);
      await expectNoFaults(page);
    }
    await page.context().close();
  });

  it('the locked page shows the help code, without a fault', async () => {
    const recipient = { ...seededRequest.recipient, language };
    const request = { ...seededRequest, recipient };
    const { id, link } = await seedAppointment(pages.seed, { organisationId, request });
    await database.admin.query(
      `insert into factor_failures (organisation_id, appointment_id, factor, failed_count, locked_at, help_code)
       values ($1, $2, 'pin', 10, clock_timestamp(), 'H4R7QK')`,
      [organisationId, id],
    );
    const page = await openPage({ colorScheme });
    await page.goto(`${origin}/${link.token}`);
    await page.click('main button');
    expect(await step(page)).toBe('locked');
    expect(await page.locator('main').textContent()).toContain('H4R7QK');
    await expectNoFaults(page);
    await page.context().close();
  });
});

describe('in a browser', () => {
  it('that refuses cookies, the patient is told so', async () => {
    const refusing = await withoutCookies(origin);
    const page = await openPage({});
    try {
      await page.goto((await seedIn('en')).replace(origin, refusing.origin));
      expect(page.url()).toBe(`${refusing.origin}/r`);
      await page.goto(`${refusing.origin}/r?lang=en`);
      expect(await page.locator('h1').textContent()).toBe('Your browser refuses cookies');
    } finally {
      await page.context().close();
      await refusing.close();
    }
  });

  it('the language can be switched at the question, and stays', async () => {
    const page = await openPage({ javaScriptEnabled: false });
    await page.goto(await seedIn('fr'));
    await page.click('nav a');
    expect(await page.locator('html').getAttribute('lang')).toBe('en');
    await page.click('main button');
    await page.fill('#pin', seededPin);
    await page.click('main button');
    await page.waitForURL('**/details');
    expect(await page.locator('html').getAttribute('lang')).toBe('en');
    await page.context().close();
  });

  it.each([
    { language: 'fr', edge: 'left' },
    { language: 'ar', edge: 'right' },
  ])(
    'in $language, every value stands under its label, whatever script it is written in',
    async ({ language, edge }) => {
      const page = await openPage();
      await page.setViewportSize({ width: 1_280, height: 800 });
      await page.goto(await seedIn(language));
      await page.click('main button');
      await page.fill('#pin', seededPin);
      await page.click('main button');
      await page.waitForURL('**/details');
      const distances = await page.evaluate<number[]>(`(${distancesToLabels})('${edge}')`);
      expect(distances.length).toBeGreaterThan(6);
      expect(Math.max(...distances)).toBeLessThan(4);
      await page.context().close();
    },
  );

  it('a house number stays before its street, below a name that runs the other way', async () => {
    const page = await openPage();
    await page.goto(await seedIn('ar', { name: 'عيادة الليلك', address: '12 rue des Lilas' }));
    await page.click('main button');
    await page.fill('#pin', seededPin);
    await page.click('main button');
    await page.waitForURL('**/details');
    const [number, street] = await page.evaluate<[number, number]>(leftEdgesOf('12', 'Lilas'));
    expect(number).toBeLessThan(street);
    await page.context().close();
  });

  it('more time keeps the details open', async () => {
    const page = await openPage({ javaScriptEnabled: false });
    await page.goto(await seedIn('en'));
    await page.click('main button');
    await page.fill('#pin', seededPin);
    await page.click('main button');
    await page.waitForURL('**/details');
    await page.click('form[action="/more-time"] button');
    await page.waitForURL('**/details');
    expect(await step(page)).toBe('details');
    await page.context().close();
  });

  it('nothing breaks the content policy and nothing is loaded from elsewhere', async () => {
    const page = await openPage();
    const hosts = new Set<string>();
    page.on('request', (request) => hosts.add(new URL(request.url()).origin));
    await page.goto(await seedIn('en'));
    await page.goto(`${origin}/check`);
    expect([...hosts]).toEqual([origin]);
    expect(complaints.filter((text) => /Content Security Policy/.test(text))).toEqual([]);
    await page.context().close();
  });
});

/** How far apart the written text of label and value begins, for each row; runs in the page. */
const distancesToLabels = `(edge) => [...document.querySelectorAll('dl div')].map((row) => {
  const [label, value] = [...row.children].map((cell) => {
    const range = document.createRange();
    range.selectNodeContents(cell);
    return range.getBoundingClientRect()[edge];
  });
  return Math.abs(label - value);
})`;

/** Where two words of the same value begin; runs in the page. */
const leftEdgesOf = (...words: [string, string]) => `(() => {
  const row = [...document.querySelectorAll('dd')].find((dd) => dd.textContent.includes('${words[1]}'));
  return ${JSON.stringify(words)}.map((word) => {
    const range = document.createRange();
    const from = row.firstChild.data.indexOf(word);
    range.setStart(row.firstChild, from);
    range.setEnd(row.firstChild, from + word.length);
    return range.getBoundingClientRect().left;
  });
})()`;

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
