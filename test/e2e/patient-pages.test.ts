import type { BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AppointmentRequest } from '../../src/domain/appointment.ts';
import { textsIn } from '../../src/texts/catalogue.ts';
import { tabTo } from '../support/browser.ts';
import { openPatientSite, type PatientSite } from '../support/patient-site.ts';
import { seededPin, seededRequest } from '../support/seed-appointment.ts';
import { withoutCookies } from '../support/without-cookies.ts';

let site: PatientSite;
let origin: string;
beforeAll(async () => {
  site = await openPatientSite();
  origin = site.origin;
});
afterAll(() => site?.close());

const openPage = (options: BrowserContextOptions = {}): Promise<Page> => site.openPage(options);

async function seedIn(
  language: string,
  place?: AppointmentRequest['details']['place'],
): Promise<string> {
  const { url } = await site.seed({ language, ...(place === undefined ? {} : { place }) });
  return url;
}

const step = (page: Page) => page.locator('main').getAttribute('data-step');

async function pressButton(page: Page, selector: string): Promise<void> {
  await tabTo(page, selector);
  await Promise.all([page.waitForEvent('load'), page.keyboard.press('Enter')]);
}

/** Types into a field and sends its form with Enter. */
async function type(page: Page, selector: string, text: string): Promise<void> {
  await tabTo(page, selector);
  await page.keyboard.type(text);
  await Promise.all([page.waitForEvent('load'), page.keyboard.press('Enter')]);
}

describe.concurrent.each([
  { language: 'fr', phone: '+33639981001' },
  { language: 'en', phone: '+33639981002' },
  { language: 'ar', phone: '+33639981003' },
] as const)(
  'in $language, by keyboard alone and without a script, a patient gets',
  ({ language, phone }) => {
    const texts = textsIn(language);
    const { practitioner } = seededRequest.details;
    const openQuietly = () => openPage({ javaScriptEnabled: false });
    const words = (page: Page) => page.locator('main').textContent();

    it('from the link by PIN to the details, and out again', async () => {
      const page = await openQuietly();
      await page.goto(await seedIn(language));
      expect(page.url()).toBe(`${origin}/r`);
      expect([await step(page), await page.locator('html').getAttribute('lang')]).toEqual([
        'landing',
        language,
      ]);

      await pressButton(page, 'main button');
      expect(await step(page)).toBe('prove');
      await type(page, '#pin', '593827');
      // The summary takes the focus by itself, so that a screen reader begins there.
      await page.locator('[role="alert"]:focus').waitFor();
      expect(await page.title()).toContain(texts.errorTitlePrefix);

      await type(page, '#pin', '482 913');
      expect(await step(page)).toBe('details');
      expect(await words(page)).toContain(practitioner);

      await pressButton(page, 'form[action="/leave"] button');
      expect(page.url()).toBe(`${origin}/left?lang=${language}`);
      await page.goBack();
      expect(await words(page)).not.toContain(practitioner);
      expect(await step(page)).toBeNull();
      await page.context().close();
    });

    it('by a birth date to the time alone, and on to the rest by PIN', async () => {
      const page = await openQuietly();
      await page.goto(await seedIn(language));
      await pressButton(page, 'main button');
      await pressButton(page, 'a[href="/prove/birth-date"]');
      await tabTo(page, '#birth-day');
      await page.keyboard.type('14');
      await tabTo(page, '#birth-month');
      await page.keyboard.type('2');
      await type(page, '#birth-year', '1980');
      expect(await step(page)).toBe('details');
      expect(await words(page)).not.toContain(practitioner);
      await pressButton(page, 'a[href="/prove/pin"]');
      await type(page, '#pin', seededPin);
      expect(await words(page)).toContain(practitioner);
      await page.context().close();
    });

    it('by a code to the details, and out of all messages', async () => {
      const page = await openQuietly();
      const recipient = { phone, email: `${language}@mail.example` };
      await page.goto((await site.seed({ language, recipient, channel: 'email' })).url);
      await pressButton(page, 'main button');
      await pressButton(page, 'form[action="/code/send"] button');
      expect(await step(page)).toBe('code');
      await type(page, '#code', site.newestCode(phone));
      expect(await words(page)).toContain(practitioner);

      await pressButton(page, 'a[href="/stop"]');
      await pressButton(page, 'button[value="stop"]');
      expect(page.url()).toBe(`${origin}/stopped/email?lang=${language}`);
      expect(await words(page)).toContain(texts.optOut.stopped.email);
      await pressButton(page, 'main a[href="/details"]');
      expect(await words(page)).toContain(practitioner);
      await page.context().close();
    });

    it('from a locked PIN to the way that is left', async () => {
      const page = await openQuietly();
      const seeded = await site.seed({ language });
      await site.lockPin(seeded, 'H4R7QK');
      await page.goto(seeded.url);
      await pressButton(page, 'main button');
      expect(await step(page)).toBe('locked');
      expect(await words(page)).toContain('H4R7QK');
      await pressButton(page, 'main a[href="/prove/birth-date"]');
      expect(await step(page)).toBe('prove');
      await page.context().close();
    });
  },
);

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
    expect(site.complaints.filter((text) => /Content Security Policy/.test(text))).toEqual([]);
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
