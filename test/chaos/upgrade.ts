/**
 * Shows that an older version can be replaced while reminders go out and pages are open: none late, lost or
 * doubled, and nobody turned away.
 *
 *   npm run upgrade -- --from REF                    from what git knows by that name to this version
 *   npm run upgrade -- --from REF --backend redis    one queue alone
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { findRedis } from '../support/redis-process.ts';
import { runChaos } from './run-chaos.ts';
import { upgrade } from './scenarios/upgrade.ts';
import type { Backend } from './stage/stage.ts';
import { faultsOf, notesOf, tableOf } from './table.ts';

const here = fileURLToPath(new URL('../..', import.meta.url));
const { values: options } = parseArgs({
  options: { from: { type: 'string' }, backend: { type: 'string' } },
});
const { from, backend } = options;
if (from === undefined || from.startsWith('-')) refuse('--from takes a version that git knows');
if (backend !== undefined && backend !== 'postgres' && backend !== 'redis') {
  refuse('--backend takes postgres or redis');
}
const backends: Backend[] = backend ? [backend] : ['postgres', 'redis'];

const folder = mkdtempSync(join(tmpdir(), 'sotto-older-'));
try {
  install(from, folder);
  const results = [];
  for (const queue of backends) {
    results.push(
      await runChaos({
        ...{ backend: queue, seed: 1, scenarios: [upgrade], minutes: 0, realLeases: true },
        ...{ olderVersion: folder, beginsOlder: true },
        redisProgram: queue === 'redis' ? findRedis() : undefined,
        tell: (line) => console.error(line),
      }),
    );
  }
  console.log(`\n${tableOf(results)}\n\n${notesOf(results)}`);
  for (const fault of faultsOf(results)) console.log(`FAULT ${fault}`);
  process.exitCode = faultsOf(results).length > 0 ? 1 : 0;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
// As the other scripts end: whatever a server or a client here still holds open.
process.exit();

/** Unpacks that version, with what it needs. */
function install(version: string, into: string): void {
  const archive = execFileSync('git', ['-C', here, 'archive', version], { maxBuffer: 2 ** 28 });
  execFileSync('tar', ['-x', '-C', into], { input: archive });
  const lock = 'package-lock.json';
  const needsTheSame =
    readFileSync(join(into, lock), 'utf8') === readFileSync(join(here, lock), 'utf8');
  if (needsTheSame) symlinkSync(join(here, 'node_modules'), join(into, 'node_modules'));
  else
    execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit'], { cwd: into, stdio: 'inherit' });
}

function refuse(why: string): never {
  console.error(why);
  process.exit(2);
}
