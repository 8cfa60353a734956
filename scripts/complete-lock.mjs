/**
 * Completes package-lock.json after `npm install`.
 *
 * A registry mirror may lack the newest platform builds of a package (macOS, Windows, other CPUs).
 * `npm install` then leaves them out of the lock, and `npm ci` refuses the lock as out of step.
 * They are optional and never installed on a platform that they do not name, so an entry with the
 * version alone is enough for `npm ci` to accept the lock everywhere.
 */
import { readFileSync, writeFileSync } from 'node:fs';

const file = new URL('../package-lock.json', import.meta.url);
const lock = JSON.parse(readFileSync(file, 'utf8'));
const known = new Set(Object.keys(lock.packages));
let added = 0;

for (const [path, entry] of Object.entries({ ...lock.packages })) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    const nested = `${path ? `${path}/` : ''}node_modules/${name}`;
    const top = `node_modules/${name}`;
    if (known.has(nested) || known.has(top) || !/^\d+\.\d+\.\d+/.test(version)) continue;
    lock.packages[top] = {
      version,
      optional: true,
      ...(entry.dev ? { dev: true } : {}),
      ...platformOf(name),
    };
    known.add(top);
    added += 1;
  }
}

lock.packages = Object.fromEntries(
  Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)),
);
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
console.log(`package-lock.json: ${added} platform entries added`);

function platformOf(name) {
  const os = /darwin|win32|linux|freebsd|android|openharmony|openbsd|netbsd|sunos|aix/.exec(
    name,
  )?.[0];
  const cpu = /arm64|x64|ia32|arm(?!64)|ppc64|s390x|riscv64|loong64|mips64el|wasm32/.exec(
    name,
  )?.[0];
  return { ...(os ? { os: [os] } : {}), ...(cpu ? { cpu: [cpu] } : {}) };
}
