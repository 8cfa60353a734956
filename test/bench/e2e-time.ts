/**
 * How long the end-to-end tests take, file by file: `node test/bench/e2e-time.ts`. Fails when they
 * fail, and when all together take longer than people wait for before every push.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const secondsMax = 150;

const root = fileURLToPath(new URL('../../', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'sotto-e2e-time-'));
const file = join(folder, 'results.json');

interface Results {
  readonly testResults: readonly {
    readonly name: string;
    readonly startTime: number;
    readonly endTime: number;
    readonly assertionResults: readonly unknown[];
  }[];
}

const startedAt = performance.now();
const { status } = spawnSync(
  join(root, 'node_modules', '.bin', 'vitest'),
  ['run', 'test/e2e', '--reporter=json', `--outputFile=${file}`],
  { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] },
);
const seconds = (performance.now() - startedAt) / 1000;
const { testResults } = JSON.parse(readFileSync(file, 'utf8')) as Results;
rmSync(folder, { recursive: true });

for (const { name, startTime, endTime, assertionResults } of testResults) {
  const taken = ((endTime - startTime) / 1000).toFixed(1).padStart(6);
  console.log(`${taken} s  ${assertionResults.length} tests  ${basename(name)}`);
}
const load = loadavg()[0]?.toFixed(1);
console.log(`${seconds.toFixed(1)} s in all, ${secondsMax} s allowed, at a load of ${load}`);
if (status !== 0) console.error('FAILED: the tests themselves');
if (seconds > secondsMax) console.error('FAILED: too slow');
process.exitCode = status === 0 && seconds <= secondsMax ? 0 : 1;
