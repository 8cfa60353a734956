import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchBrowser, tabTo } from '../support/browser.ts';
import { type System, startSystem } from '../support/system.ts';

const sotto = promisify(execFile);
let system: System;
let browser: Browser;

beforeAll(async () => {
  [system, browser] = await Promise.all([startSystem(), launchBrowser()]);
});
afterAll(async () => {
  await browser?.close();
  await system?.stop();
});

async function pressEnter(page: Page): Promise<void> {
  await Promise.all([page.waitForEvent('load'), page.keyboard.press('Enter')]);
}

const step = (page: Page) => page.getAttribute('main', 'data-step');

describe('in the first minutes a newcomer', () => {
  it('is told by sotto doctor that nothing is wrong, without a variable but DATA_DIR', async () => {
    const env = { PATH: process.env.PATH ?? '', DATA_DIR: system.dataDir };
    const { stdout } = await sotto(process.execPath, ['src/cli.ts', 'doctor'], { env });
    expect(stdout).toMatch(/\n0 problems, 0 warnings, \d+ fine\.\n$/);
    expect(stdout).toContain(`PATIENT_URL ${system.facts.patientUrl} answers.`);
  });

  it('sees a message arrive on the sandbox phone without touching the page', async () => {
    const context = await browser.newContext({ viewport: { width: 390, height: 800 } });
    const page = await context.newPage();
    await page.goto(system.facts.sandboxUrl);
    await page.getByText('+33 6 39 98 00 01').first().waitFor();
    const answer = await system.call('PUT', '/v1/appointments/first-1', {
      start: Temporal.Now.instant().add({ hours: 50 }).toString(),
      timeZone: 'Europe/Paris',
      notice: 'now',
      details: { practitioner: 'Dr Newcomer' },
      recipient: { phone: '+33639984455', language: 'en', pin: '482913' },
      reminders: [],
    });
    expect(answer.status).toBe(201);
    await page.getByText('+33 6 39 98 44 55').first().waitFor({ timeout: 30_000 });
    // Axe cannot enter the frame of a mail, where no script runs.
    const axe = new AxeBuilder({ page }).exclude('iframe').setLegacyMode();
    const { violations } = await axe.analyze();
    expect(violations.map(({ id }) => id)).toEqual([]);
    await context.close();
  });

  it.each([
    ['light', '+33639980001', 'Dr Camille Rivenoire'],
    ['dark', '+447700900001', 'Dr Ada Fernsby'],
  ] as const)(
    'opens a demo message by keyboard at 320 px in %s, without JavaScript',
    async (colorScheme, phone, practitioner) => {
      const message = (await system.messages()).find(({ to }) => to === phone);
      const link = /https?:\/\/\S+$/.exec(message?.text ?? '')?.[0] ?? '';
      const pins: Record<string, string> = { '+33639980001': '482913', '+447700900001': '730518' };
      const context = await browser.newContext({
        viewport: { width: 320, height: 640 },
        javaScriptEnabled: false,
        colorScheme,
      });
      const page = await context.newPage();
      await page.goto(link);
      expect(await step(page)).toBe('landing');
      await tabTo(page, 'main button');
      await pressEnter(page);
      expect(await step(page)).toBe('prove');
      await tabTo(page, '#pin');
      await page.keyboard.type(pins[phone] ?? '');
      await Promise.all([page.waitForURL('**/details'), page.keyboard.press('Enter')]);
      expect(await step(page)).toBe('details');
      expect(await page.locator('main').textContent()).toContain(practitioner);
      const width = await page.locator('html').evaluate((html) => html.scrollWidth);
      expect(width).toBeLessThanOrEqual(320);
      await context.close();
    },
  );
});
