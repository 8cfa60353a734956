import { constants } from 'node:fs';
import { access, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { type Browser, type BrowserContext, chromium } from 'playwright-core';

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

const flags = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--no-first-run',
];

/**
 * Starts the Chromium that this machine has: the one at CHROMIUM_PATH, or the first on PATH.
 *
 * @throws an error that says how to get one
 */
export async function launchBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: await findBrowser(), headless: true, args: flags });
}

/** The same browser, set to refuse every cookie. */
export async function launchWithoutCookies(): Promise<{
  context: BrowserContext;
  remove: () => Promise<void>;
}> {
  const folder = await mkdtemp(join(tmpdir(), 'sotto-browser-'));
  await mkdir(join(folder, 'Default'));
  const preferences = { profile: { default_content_setting_values: { cookies: 2 } } };
  await writeFile(join(folder, 'Default', 'Preferences'), JSON.stringify(preferences));
  const context = await chromium.launchPersistentContext(folder, {
    executablePath: await findBrowser(),
    headless: true,
    args: flags,
  });
  return {
    context,
    async remove() {
      await context.close();
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

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
