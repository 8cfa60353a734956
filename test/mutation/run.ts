/**
 * Takes one field or one rare branch at a time out of a copy of the code, starts all of Sotto from that
 * copy, sends the canary through every branch at once, and shows what noticed:
 *
 *     npm run mutation [-- PART-OF-A-NAME]
 *
 * Some twenty seconds each. It ends with 1 when something went unnoticed, or when the canary does not
 * pass in the code as it is.
 */
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Mutation, mutations } from './mutations.ts';
import { startTree } from './start-tree.ts';

const root = resolve(import.meta.dirname, '../..');
const leftOut = /^(node_modules|test|\.git|\.data)(\/|$)/;

interface Verdict {
  readonly by: 'canary' | 'round trip' | 'nobody';
  readonly afterS: number;
  readonly what: string;
}

const folder = mkdtempSync(join(tmpdir(), 'sotto-mutation-'));
const tree = join(folder, 'tree');
process.exitCode = 1;
try {
  cpSync(root, tree, {
    recursive: true,
    filter: (from) => !leftOut.test(from.slice(root.length + 1)),
  });
  symlinkSync(join(root, 'node_modules'), join(tree, 'node_modules'));
  process.exitCode = await runAll(process.argv[2] ?? '');
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function runAll(part: string): Promise<number> {
  const untouched = await look();
  print('nothing, for comparison', untouched);
  if (untouched.by !== 'nobody') return 1;
  const chosen = mutations.filter(({ loses }) => loses.includes(part));
  const verdicts: Verdict[] = [];
  for (const mutation of chosen) {
    const verdict = await withMutation(mutation, look);
    print(mutation.loses, verdict);
    verdicts.push(verdict);
  }
  const caught = verdicts.filter(({ by }) => by !== 'nobody');
  const longestS = Math.max(0, ...caught.map(({ afterS }) => afterS));
  console.log(`${caught.length} of ${chosen.length} noticed, within ${Math.round(longestS)} s`);
  return caught.length === chosen.length ? 0 : 1;
}

async function withMutation<T>(mutation: Mutation, work: () => Promise<T>): Promise<T> {
  const path = join(tree, mutation.file);
  const source = readFileSync(path, 'utf8');
  const parts = source.split(mutation.text);
  if (parts.length !== 2) throw new Error(`does not apply any more: ${mutation.loses}`);
  writeFileSync(path, parts.join(mutation.becomes));
  try {
    return await work();
  } finally {
    writeFileSync(path, source);
  }
}

/** What the code of the tree, as it is now, is found out by. */
async function look(): Promise<Verdict> {
  const system = await startTree({ tree, dataDir: join(folder, 'data') });
  try {
    const found = await system.sendCanaries();
    const isRefused = found.findings.includes('not_stored');
    return {
      by: found.outcome === 'passed' ? 'nobody' : isRefused ? 'round trip' : 'canary',
      afterS: found.afterS,
      what: [found.branch, found.outcome, ...found.findings].join(' '),
    };
  } finally {
    await system.stop();
  }
}

function print(loses: string, { by, afterS, what }: Verdict): void {
  const seconds = `${Math.round(afterS)} s`;
  console.log(`${loses.padEnd(62)} ${by.padEnd(10)} ${seconds.padStart(6)}  ${what}`);
}
