/**
 * Removes from a folder of installed packages what no process reads: types, source maps, manuals, and
 * what was compiled for other machines. About half of it. Licences stay.
 *
 *   node scripts/prune-packages.mjs node_modules
 *
 * Plain JavaScript without packages: it runs where the image is built.
 */
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const unread = /\.(?:d\.[cm]?ts|map|md|markdown)$/i;
const licence = /^(?:licen[cs]e|copying|notice)/i;
const here = `${process.platform}-${process.arch}`;

const [folder] = process.argv.slice(2);
if (!folder) {
  console.error('Usage: node scripts/prune-packages.mjs FOLDER');
  process.exit(2);
}

const doomed = readdirSync(folder, { recursive: true, withFileTypes: true })
  .filter((entry) => (entry.isDirectory() ? isForeign(entry) : isUnread(entry)))
  .map((entry) => join(entry.parentPath, entry.name));
for (const path of doomed) rmSync(path, { recursive: true, force: true });

function isUnread({ name }) {
  return unread.test(name) && !licence.test(name);
}

/** Packages keep what they were compiled to as `prebuilds/PLATFORM-ARCHITECTURE`. */
function isForeign({ name, parentPath }) {
  return /(?:^|\/)prebuilds$/.test(parentPath) && name !== here;
}
