/**
 * All checks in order, cheapest first, up to the first that fails: format and lint, types,
 * boundaries, unused code, then the tests. Arguments go to vitest alone.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const programs = join(root, 'node_modules', '.bin');
const env = { ...process.env, PATH: `${programs}${delimiter}${process.env.PATH}` };

/** Each is also a script of package.json, where its command stands. */
const checks = ['lint', 'typecheck', 'boundaries', 'unused'];
const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

for (const name of checks) {
  const startedAt = performance.now();
  const [program, ...args] = scripts[name].split(' ');
  const { code, output } = await run(program, args);
  if (code !== 0) {
    console.error(`${output.trim()}\n\nFAILED: npm run ${name} (${scripts[name]})`);
    process.exit(code);
  }
  console.log(`${name}: fine (${((performance.now() - startedAt) / 1000).toFixed(1)} s)`);
}

const folder = mkdtempSync(join(tmpdir(), 'sotto-test-'));
const counts = join(folder, 'counts.json');
const reporter = join(root, 'scripts', 'count-tests.mjs');
const { code } = await run(
  'vitest',
  ['run', '--reporter=default', `--reporter=${reporter}`, ...process.argv.slice(2)],
  {
    stdio: 'inherit',
    // Hundreds of processes are started: each finds its modules compiled.
    env: { ...env, SOTTO_TEST_COUNTS: counts, NODE_COMPILE_CACHE: join(folder, 'compiled') },
  },
);
printCounts();
// A process that a test has left may still be ending.
rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
process.exit(code);

/** Runs a program of ours; a signal to this process ends it too. */
function run(program, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(join(programs, program), args, { cwd: root, env, ...options });
    let output = '';
    child.stdout?.on('data', (chunk) => {
      output += chunk;
    });
    child.stderr?.on('data', (chunk) => {
      output += chunk;
    });
    const pass = (signal) => child.kill(signal);
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, pass);
    child.once('error', reject);
    child.once('close', (status) => {
      for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.off(signal, pass);
      resolve({ code: status ?? 1, output });
    });
  });
}

function printCounts() {
  try {
    const { passed, failed, skipped, broken } = JSON.parse(readFileSync(counts, 'utf8'));
    const more = [
      ...(skipped > 0 ? [`${skipped} skipped`] : []),
      ...(broken > 0 ? [`${broken} files or hooks could not run`] : []),
    ];
    console.log([`${passed} passed`, `${failed} failed`, ...more].join(', '));
  } catch {
    // vitest ended before it could count; its own words stand above.
  }
}
