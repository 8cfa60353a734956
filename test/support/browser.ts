import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

const flags = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--no-first-run',
];

/**
 * Starts Chromium.
 *
 * @throws an error that says how to get one
 */
export async function launchBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: await findBrowser(), headless: true, args: flags });
}

/** The Chromium at CHROMIUM_PATH, or the first on PATH. */
async function findBrowser(): Promise<string> {
  const given = process.env.CHROMIUM_PATH;
  const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean);
  const candidates = given
    ? [given]
    : names.flatMap((name) => folders.map((folder) => join(folder, name)));
  for (const path of candidates) {
    if (await isExecutable(path)) return path;
  }
  throw new Error(
    `No Chromium found (${given ? 'CHROMIUM_PATH leads to none' : `none of ${names.join(', ')} on PATH`}). ` +
      'Install one, for instance with "apt-get install chromium", or set CHROMIUM_PATH.',
  );
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

/** Tabs until the element has the focus, as someone without a mouse must. */
export async function tabTo(page: Page, selector: string): Promise<void> {
  for (let press = 0; press < 30; press += 1) {
    await page.keyboard.press('Tab');
    if (await page.locator(`${selector}:focus`).count()) return;
  }
  throw new Error(`${selector} cannot be reached with Tab`);
}
