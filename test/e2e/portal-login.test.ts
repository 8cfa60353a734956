import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { textsIn } from '../../src/texts/catalogue.ts';
import { faultsOf, prepareLooks } from '../support/page-faults.ts';
import { patientAt } from '../support/patient-browser.ts';
import { openPatientSite, type PatientSite } from '../support/patient-site.ts';
import { type PortalProvider, startPortalProvider } from '../support/portal-provider.ts';
import { seededRequest } from '../support/seed-appointment.ts';

let site: PatientSite;
let portal: PortalProvider;

const subject = 'opaque-41f7';
const { birthDate } = seededRequest.recipient;
const { practitioner } = seededRequest.details;
const texts = textsIn('en').portal;

beforeAll(async () => {
  site = await openPatientSite();
  const { organisationId } = site;
  const jwks = await fetch(`${site.origin}/portal/jwks.json`);
  const { keys } = (await jwks.json()) as { keys: object[] };
  const redirectUri = `${site.origin}/portal/return/${organisationId}`;
  portal = await startPortalProvider(() => [{ id: 'sotto', redirectUri, keys }]);
  await site.database.admin.query(
    `update organisations set portal_issuer = $2, portal_client_id = 'sotto',
       portal_acr_values = $3 where id = $1`,
    [organisationId, portal.issuer, [portal.acrs.two]],
  );
});
afterAll(async () => {
  await site?.close();
  await portal?.close();
});

/** A patient whose birth date was right; the browser is one that nobody used before. */
async function atTheTime(page: Page, language = 'en'): Promise<void> {
  await page.context().clearCookies();
  const recipient = { ...seededRequest.recipient, subject };
  const { url } = await site.seed({ language, recipient });
  const patient = patientAt(page);
  await patient.open(url);
  await patient.turnTo('birthDate');
  await patient.answer({ birthDate: birthDate ?? '' });
  expect(await patient.step()).toBe('details');
}

async function follow(page: Page, selector: string): Promise<void> {
  await Promise.all([page.waitForEvent('load'), page.click(selector)]);
}

/** Presses the way to the portal and logs in there. */
async function logIn(page: Page, account: string, factors: 'one' | 'two' = 'two'): Promise<void> {
  await follow(page, 'main a[href="/prove/portal"]');
  await follow(page, 'a[href="/portal/start"]');
  expect(page.url()).toContain(`${portal.issuer}/interaction/`);
  await page.fill('[name="account"]', account);
  await page.fill('[name="factors"]', factors);
  await follow(page, 'button[value="login"]');
}

const words = (page: Page) => page.locator('main').textContent();

describe('with a real provider, in a browser without a script', () => {
  let page: Page;
  beforeAll(async () => {
    page = await site.openPage({ javaScriptEnabled: false });
  });

  it('a patient logs in at the portal and sees everything', async () => {
    await atTheTime(page);
    expect(await words(page)).not.toContain(practitioner);
    await logIn(page, subject);
    expect(page.url()).toBe(`${site.origin}/details`);
    expect(await words(page)).toContain(practitioner);
    // Back leads to no address that says what the provider gave.
    await page.goBack();
    expect(page.url()).not.toContain('code=');
    expect(site.complaints).toEqual([]);
  });

  it.each([
    ['somebody else', 'another-account', 'two'],
    ['with a password alone, where two factors are wanted', subject, 'one'],
  ] as const)('%s sees nothing', async (_who, account, factors) => {
    await atTheTime(page);
    await logIn(page, account, factors);
    expect(await words(page)).toContain(texts.problems.refused);
    await page.goto(`${site.origin}/details`);
    expect(await words(page)).not.toContain(practitioner);
  });

  it('whoever turns back at the portal is where they were, with the other ways', async () => {
    await atTheTime(page);
    await follow(page, 'main a[href="/prove/portal"]');
    await follow(page, 'a[href="/portal/start"]');
    await follow(page, 'button[value="cancel"]');
    expect(await words(page)).toContain(texts.problems.cancelled);
    await follow(page, 'main a[href="/prove/pin"]');
    expect(await page.locator('[name="pin"]').count()).toBe(1);
  });

  it('what one browser was given does not work in another', async () => {
    await atTheTime(page);
    let back = '';
    page.on('request', (request) => {
      if (request.url().includes('code=')) back = request.url();
    });
    await follow(page, 'main a[href="/prove/portal"]');
    await follow(page, 'a[href="/portal/start"]');
    await page.fill('[name="account"]', subject);
    // It comes back as somebody who began nothing, so that the code is still good.
    await page.context().clearCookies({ domain: 'localhost', name: 'session' });
    await page.context().clearCookies({ domain: 'localhost', name: 'portal' });
    await follow(page, 'button[value="login"]');
    expect(back).toContain(`${site.origin}/portal/return/`);
    await atTheTime(page);
    await page.goto(back);
    expect(await words(page)).toContain(texts.problems.refused);
    expect(await words(page)).not.toContain(practitioner);
  });

  it('its pages have no fault, from left to right and from right to left', async () => {
    const looking = await site.openPage();
    await prepareLooks(looking);
    for (const language of ['fr', 'ar']) {
      await atTheTime(looking, language);
      for (const path of ['/prove/portal', '/prove/portal?problem=unavailable']) {
        await looking.goto(`${site.origin}${path}`);
        expect(await faultsOf(looking)).toEqual([]);
      }
    }
  });
});
