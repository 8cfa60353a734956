import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort } from '../support/free-port.ts';
import type { Ground } from './ground.ts';
import { installedPackages } from './installed-packages.ts';
import type { Arranged, ArrangedMeasurement, Run } from './measurement.ts';
import { median } from './run-rounds.ts';
import { type SystemProcess, startedBy } from './system-processes.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const cold = 'npm start, with new data';
const again = 'npm start, with data that is there';
const together = 'at rest: all of it';
const packages = 'packages for production';
const engines = 'of them Node and PostgreSQL';
/** Until the demonstration has been sent. */
const settleMs = 12_000;
const restMs = 10_000;

/** What it takes to have all of Sotto running, and nothing to do. */
export const footprint: ArrangedMeasurement = {
  name: 'footprint',
  about: [
    'npm start with all packages installed: from the command to "Sotto is ready", which includes making a',
    'database, keys and a demonstration; the median of so many starts. At rest: all processes twelve',
    'seconds later, for ten seconds; memory is their proportional share (PSS), processor time in ms a second.',
  ],
  counts: { full: 3, quick: 1 },
  rounds: 1,
  arrange,
  figures: [
    { name: 'footprint.cold-start', contender: cold, measure: 's' },
    { name: 'footprint.start', contender: again, measure: 's' },
    { name: 'footprint.memory', contender: together, measure: 'MB' },
    { name: 'footprint.cpu', contender: together, measure: 'CPU ms/s', unit: 'ms/s' },
    { name: 'footprint.packages', contender: packages, measure: 'count', unit: 'packages' },
    { name: 'footprint.installed', contender: packages, measure: 'MB' },
  ],
};

async function arrange(_: Ground, count: number): Promise<Arranged> {
  const folders: string[] = [];
  const newFolder = () => {
    folders.push(mkdtempSync(join(tmpdir(), 'sotto-footprint-')));
    return folders.at(-1) ?? '';
  };
  const coldStarts: number[] = [];
  for (let start = 0; start < count; start += 1) {
    const started = await npmStart(newFolder());
    coldStarts.push(started.seconds);
    await stop(started.child);
  }
  const running = await npmStart(folders.at(-1) ?? '');
  await wait(settleMs);
  const atRest = await restOf(running.child.pid ?? 0);
  const installed = installedPackages(root);
  const counted = (name: string, run: Run) => ({ name, run: async () => run });
  return {
    contenders: [
      counted(cold, { s: median(coldStarts) }),
      counted(again, { s: running.seconds }),
      counted(together, sumOf(atRest)),
      ...[...Map.groupBy(atRest, ({ name }) => name)].map(([name, some]) =>
        counted(`at rest: ${name}`, sumOf(some)),
      ),
      counted(packages, { count: installed.all.count, MB: installed.all.mb }),
      counted(engines, { count: installed.engines.count, MB: installed.engines.mb }),
    ],
    async close() {
      await stop(running.child);
      for (const folder of folders) rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function npmStart(dataDir: string): Promise<{ child: ChildProcess; seconds: number }> {
  const names = ['API_PORT', 'PATIENT_PORT', 'OPS_PORT', 'SANDBOX_PORT', 'SANDBOX_SMTP_PORT'];
  const ports = await Promise.all(names.map(async (name) => [name, String(await freePort())]));
  const startedAt = performance.now();
  const child = spawn('npm', ['start'], {
    cwd: root,
    env: {
      ...{ PATH: process.env.PATH, HOME: process.env.HOME, DATA_DIR: dataDir },
      ...Object.fromEntries(ports),
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  for await (const chunk of child.stdout.iterator({ destroyOnReturn: false })) {
    output += chunk;
    if (!output.includes('Sotto is ready')) continue;
    child.stdout.resume();
    return { child, seconds: (performance.now() - startedAt) / 1_000 };
  }
  throw new Error(`npm start ended: ${output}`);
}

async function stop(child: ChildProcess): Promise<void> {
  const gone = once(child, 'exit');
  if (child.exitCode === null && child.kill('SIGTERM')) await gone;
}

type AtRest = SystemProcess & { readonly cpuMsPerSecond: number };

/** Without npm, which only waits for the supervisor to end. */
async function restOf(npmPid: number): Promise<AtRest[]> {
  const before = new Map(startedBy(npmPid).map(({ pid, cpuMs }) => [pid, cpuMs]));
  await wait(restMs);
  return startedBy(npmPid).map((one) => ({
    ...one,
    cpuMsPerSecond: (one.cpuMs - (before.get(one.pid) ?? 0)) / (restMs / 1_000),
  }));
}

function sumOf(some: readonly AtRest[]): Run {
  const sum = (of: (one: AtRest) => number) => some.reduce((all, one) => all + of(one), 0);
  return {
    count: some.length,
    MB: sum(({ memoryMb }) => memoryMb),
    'CPU ms/s': sum(({ cpuMsPerSecond }) => cpuMsPerSecond),
  };
}
