import type { CDPSession, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { textsIn } from '../../src/texts/catalogue.ts';
import { faultsOf, prepareLooks } from '../support/page-faults.ts';
import { patientAt } from '../support/patient-browser.ts';
import { openPatientSite, type PatientSite } from '../support/patient-site.ts';
import { seededPin, seededRequest } from '../support/seed-appointment.ts';

let site: PatientSite;
let page: Page;
let phone: CDPSession;
let authenticatorId: string;

const texts = textsIn('en').passkeys;
const { practitioner } = seededRequest.details;
const subject = 'opaque-77';

beforeAll(async () => {
  site = await openPatientSite();
  page = await site.openPage();
  await prepareLooks(page);
  phone = await page.context().newCDPSession(page);
  await phone.send('WebAuthn.enable');
  const options = {
    protocol: 'ctap2',
    transport: 'internal',
    hasResidentKey: true,
    hasUserVerification: true,
    isUserVerified: true,
    automaticPresenceSimulation: true,
  } as const;
  ({ authenticatorId } = await phone.send('WebAuthn.addVirtualAuthenticator', { options }));
});
afterAll(() => site?.close());

async function openLink(language = 'en') {
  await page.context().clearCookies();
  const recipient = { ...seededRequest.recipient, subject };
  const { url } = await site.seed({ language, recipient });
  const patient = patientAt(page);
  await patient.open(url);
  return patient;
}

async function press(selector: string): Promise<void> {
  await Promise.all([page.waitForEvent('load'), page.click(selector)]);
}
const words = () => page.locator('main').textContent();

describe('with the authenticator of a browser', () => {
  it('a passkey is made after a PIN, opens the next link, and no link once it is removed', async () => {
    const patient = await openLink();
    await patient.answer({ pin: seededPin });
    await press('main a[href="/passkeys"]');
    expect(await faultsOf(page)).toEqual([]);
    await press('form[data-passkey] button');
    expect(await words()).toContain(texts.news.made);
    expect(await faultsOf(page)).toEqual([]);
    const { credentials } = await phone.send('WebAuthn.getCredentials', { authenticatorId });
    expect(credentials).toMatchObject([{ isResidentCredential: true, rpId: 'localhost' }]);

    await openLink();
    expect(await words()).toContain(texts.ask);
    expect(await faultsOf(page)).toEqual([]);
    await press('form[data-passkey] button');
    expect(page.url()).toBe(`${site.origin}/details`);
    expect(await words()).toContain(practitioner);

    await press('main a[href="/passkeys"]');
    await press('form[action$="/remove"] button');
    expect(await page.locator('form[action$="/remove"]').count()).toBe(0);
    await openLink();
    expect(await page.locator('[name="pin"]').count()).toBe(1);
    // Nothing that the policy had to stop.
    expect(site.complaints).toEqual([]);
  });

  it('somebody whom the phone does not know is told, and has the other ways', async () => {
    const patient = await openLink('fr');
    await patient.answer({ pin: seededPin });
    await page.goto(`${site.origin}/passkeys`);
    await press('form[data-passkey] button');
    await openLink('fr');
    await phone.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: false });
    await page.click('form[data-passkey] button');
    await page.locator('[data-passkey-failed]:visible').waitFor();
    expect(await faultsOf(page)).toEqual([]);
    expect(page.url()).toContain(`${site.origin}/prove`);
    await press('main a[href="/prove/pin"]');
    expect(await page.locator('[name="pin"]').count()).toBe(1);
  });

  it('without a script the page says so, and leads on', async () => {
    const quiet = await site.openPage({ javaScriptEnabled: false });
    const recipient = { ...seededRequest.recipient, subject };
    const { url } = await site.seed({ language: 'en', recipient });
    await patientAt(quiet).open(url);
    expect(await quiet.locator('[data-passkey-missing]').isVisible()).toBe(true);
    expect(await quiet.locator('form[data-passkey] button').isVisible()).toBe(false);
    await Promise.all([quiet.waitForEvent('load'), quiet.click('main a[href="/prove/pin"]')]);
    expect(await quiet.locator('[name="pin"]').count()).toBe(1);
  });
});
