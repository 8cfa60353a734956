import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Language, languages } from '../../src/domain/language.ts';
import { Secret } from '../../src/domain/secret.ts';
import { noticePage } from '../../src/http/patient/views/notice-page.ts';
import { createOptOutLinks } from '../../src/usecases/opt-out-links.ts';
import { faultsOf, prepareLooks } from '../support/page-faults.ts';
import { openPatientSite, type PatientSite } from '../support/patient-site.ts';
import { seededPin, seededRequest } from '../support/seed-appointment.ts';

// Several look closely at a dozen pages each, in one browser.
vi.setConfig({ testTimeout: 180_000 });

let site: PatientSite;
beforeAll(async () => {
  site = await openPatientSite();
});
afterAll(() => site?.close());

const { phone, birthDate } = seededRequest.recipient;
const [year = '', month = '', day = ''] = (birthDate ?? '').split('-');

/** Pages that nobody uses now: to open a browser takes as long as several looks. */
const free: Page[] = [];

async function openPage(): Promise<Page> {
  const page = await site.openPage();
  await prepareLooks(page);
  return page;
}

/** Leaves the browser to the next, who is somebody else. */
async function giveBack(page: Page): Promise<void> {
  await page.unrouteAll();
  await page.context().clearCookies();
  free.push(page);
}

/** A patient who looks closely at every page they come to. */
async function lookAround(language: Language) {
  const page = free.pop() ?? (await openPage());
  const look = async (name: string) => {
    const html = page.locator('html');
    expect(await html.getAttribute('lang'), name).toBe(language);
    expect(await html.getAttribute('dir'), name).toBe(language === 'ar' ? 'rtl' : 'ltr');
    expect(await faultsOf(page), name).toEqual([]);
  };
  const step = () => page.locator('main').getAttribute('data-step');
  return {
    page,
    look,
    async go(path: string, name = path) {
      await page.goto(`${site.origin}${path}${path.includes('?') ? '&' : '?'}lang=${language}`);
      await look(name);
    },
    async press(selector: string, name: string, expected: string | null) {
      await Promise.all([page.waitForEvent('load'), page.dispatchEvent(selector, 'click')]);
      expect(await step(), name).toBe(expected);
      await look(name);
    },
  };
}

let phones = 10;
/** A phone gets a few codes a day. */
function newPhone(): string {
  phones += 1;
  return `+336399800${phones}`;
}

describe.concurrent.each(languages)(
  'at 320 pixels, in light and dark, in %s, no fault',
  (language) => {
    it('on the way from an SMS: PIN, birth date, the time, the details, a stop, a lock', async () => {
      const { page, look, go, press } = await lookAround(language);
      const seeded = await site.seed({ language });
      await page.goto(seeded.url);
      await look('landing');
      await press('main button', 'PIN', 'prove');
      await page.fill('#pin', '593827');
      await press('main button', 'PIN, refused', 'prove');
      await press('a[href="/prove/birth-date"]', 'birth date', 'prove');
      await page.fill('#birth-day', '31');
      await page.fill('#birth-month', '2');
      await page.fill('#birth-year', year);
      await press('main button', 'birth date, impossible', 'prove');
      await page.fill('#birth-day', day);
      await page.fill('#birth-month', month);
      await press('main button', 'the time', 'details');
      await press('a[href="/prove/pin"]', 'PIN, after the time', 'prove');
      await page.fill('#pin', seededPin);
      await press('main button', 'details', 'details');
      await press('a[href="/stop"]', 'stop', null);
      await press('main form button', 'stopped', null);
      await go('/held', 'what is held');
      await press('a[href="/erase"]', 'erase', null);

      const other = await site.seed({ language });
      await page.goto(other.url);
      await press('main button', 'PIN', 'prove');
      await page.fill('#pin', seededPin);
      await press('main button', 'details', 'details');
      await page.goto(`${site.origin}/erase`);
      await press('main form button', 'erased', null);

      await site.lockPin(seeded, 'H4R7QK');
      await page.goto(seeded.url);
      await press('main button', 'locked, with a way', 'locked');
      expect(await page.locator('main').textContent()).toContain('H4R7QK');
      await go('/leave', 'session over');
      await giveBack(page);
    });

    it('on the way from an email: a code, a cancelled appointment', async () => {
      const { page, press } = await lookAround(language);
      const status = 'cancelled';
      const recipient = { phone: newPhone(), email: 'patient@mail.example' };
      const seeded = await site.seed({ language, recipient, status, channel: 'email' });
      await page.goto(seeded.url);
      await press('main button', 'a code is offered', 'prove');
      await press('main button', 'code', 'code');
      const code = site.newestCode(recipient.phone);
      await press('form[action="/code/send"] button', 'code, asked for too soon', 'code');
      await page.fill(
        '#code',
        code.replace(/.$/, (last) => String((Number(last) + 1) % 10)),
      );
      await press('main button', 'code, refused', 'code');
      await page.fill('#code', code);
      await press('main button', 'cancelled', 'details');
      await giveBack(page);
    });

    it('on pages that stand alone', async () => {
      const { page, go, press } = await lookAround(language);
      await go('/r', 'cookies refused');
      await go('/left');
      await go('/check');
      await go('/nowhere');
      const optOutUrl = createOptOutLinks({ keys: site.pages.keys, patientUrl: site.origin });
      const url = (await optOutUrl(new Secret(`${language}@mail.example`))).reveal();
      await go(url.slice(site.origin.length), 'stop, from an email');

      // These come when something is wrong with us, or with the one who asks.
      for (const kind of ['problem', 'formExpired'] as const) {
        const body = noticePage({ kind, language });
        await page.route(`${site.origin}/${kind}?*`, (route) =>
          route.fulfill({ contentType: 'text/html; charset=utf-8', body }),
        );
        await go(`/${kind}`);
      }
      const { url: link } = await site.seed({ language, recipient: { phone, pin: seededPin } });
      await page.goto(link);
      await press('main button', 'PIN, and no other way', 'prove');
      await giveBack(page);
    });
  },
);

describe('the look for faults', () => {
  it.each([
    ['a field without a label', '<input name="x">', /^label/m],
    [
      'too little contrast in light',
      '<p class="summary" style="color:#f99">faint</p>',
      /^color-contrast/m,
    ],
    [
      'too little contrast in dark',
      '<p style="color:light-dark(#000,#555)">faint</p>',
      /^in dark, color-contrast/,
    ],
    ['a page too wide', '<p style="width:330px">wide</p>', /pixels wide$/],
  ])('finds %s', async (_what, fault, expected) => {
    const page = await site.openPage({ bypassCSP: true });
    await prepareLooks(page);
    await page.goto(`${site.origin}/check?lang=en`);
    expect(await faultsOf(page)).toEqual([]);
    await page
      .locator('main')
      .evaluate((main, markup) => main.insertAdjacentHTML('beforeend', markup), fault);
    expect((await faultsOf(page)).join('\n')).toMatch(expected);
    await page.context().close();
  });
});
