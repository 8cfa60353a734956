import { constants } from 'node:fs';
import { access, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import { inject } from 'vitest';

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
  return chromium.launch(launchOptions());
}

/** Where a browser is, and what it needs beside this process's own environment. */
export interface BrowserPlace {
  readonly path: string;
  readonly env: Readonly<Record<string, string>>;
}

/**
 * The Chromium at CHROMIUM_PATH, or the first on PATH, or the one that npm installed, which brings
 * its libraries and needs neither a package manager nor root.
 *
 * @returns undefined where none of them is
 */
export async function findBrowser(): Promise<BrowserPlace | undefined> {
  const given = process.env.CHROMIUM_PATH;
  const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean);
  const candidates = given
    ? [given]
    : names.flatMap((name) => folders.map((folder) => join(folder, name)));
  for (const path of candidates) {
    if (await isExecutable(path)) return { path, env: {} };
  }
  return given || process.platform !== 'linux' || process.arch !== 'x64'
    ? undefined
    : unpackBrowser();
}

/**
 * The package unpacks itself into the temporary folder, for which each user gets one of their own,
 * and its libraries only where this variable is set.
 */
async function unpackBrowser(): Promise<BrowserPlace> {
  const before = { ...process.env };
  const folder = join(tmpdir(), `sotto-chromium-${process.getuid?.()}`);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  process.env.TMPDIR = folder;
  process.env.AWS_EXECUTION_ENV = 'AWS_Lambda_nodejs22.x';
  const { default: packed } = await import('@sparticuz/chromium');
  const path = await packed.executablePath();
  const { LD_LIBRARY_PATH = '', FONTCONFIG_PATH = '' } = process.env;
  process.env = before;
  return { path, env: { LD_LIBRARY_PATH, FONTCONFIG_PATH } };
}

/** How to start the browser that the run's set-up found. */
function launchOptions() {
  const place = inject('browser');
  if (!place) {
    throw new Error(
      'No Chromium found: none at CHROMIUM_PATH, none on PATH, and npm has none for this machine. ' +
        'Install one, for instance with "apt-get install chromium", or set CHROMIUM_PATH.',
    );
  }
  const env = { ...process.env, ...place.env } as Record<string, string>;
  return { executablePath: place.path, headless: true, args: flags, env };
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
