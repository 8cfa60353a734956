/**
 * Checks the signatures of the registry on every installed package, and what provenance there is:
 *
 *     npm run signatures
 *
 * Exit code 0: all that are there fit. 1: one does not, or is missing. 2: nothing could be checked,
 * because this registry publishes no keys, or the keys of Sigstore cannot be fetched; the integrity in
 * the lock file holds all the same. Plain JavaScript, on any Node from 18.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const waitMs = 120_000;

const { stdout, stderr, error } = spawnSync(
  'npm',
  ['audit', 'signatures', '--json', '--fetch-retries=0', '--loglevel=error'],
  {
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    timeout: waitMs,
  },
);

const found = read(stdout);
if (error || !Array.isArray(found.invalid) || !Array.isArray(found.missing)) {
  const reason = /\bE[A-Z]{4,}\b/.exec(`${stderr} ${JSON.stringify(found)}`)?.[0];
  console.log(
    `No signature was checked (${error ? 'no answer in time' : (reason ?? 'npm offers no check')}): this registry publishes no keys, or Sigstore cannot be reached from here.`,
  );
  process.exit(2);
}
for (const { name, version } of found.invalid) console.log(`${name}@${version}: WRONG signature`);
for (const { name, version } of found.missing) console.log(`${name}@${version}: no signature`);
const bad = found.invalid.length + found.missing.length;
console.log(
  bad === 0 ? 'Every signature fits.' : `${bad} packages are not signed as they should be.`,
);
process.exit(bad === 0 ? 0 : 1);

function read(text) {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}
