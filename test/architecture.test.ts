import { execFile } from 'node:child_process';
import { appendFile, cp, mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
// @ts-expect-error: plain JavaScript, because dependency-cruiser reads it too
import rules from '../.dependency-cruiser.mjs';

const root = join(import.meta.dirname, '..');
const folders = ['src', 'workers', 'config', 'scripts', 'bin', 'test'];
const cruiser = join(root, 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs');

interface Run {
  readonly exitCode: number;
  readonly output: string;
}

async function checkBoundaries(cwd: string, format: 'err' | 'json'): Promise<Run> {
  const words = [cruiser, '--output-type', format, ...folders];
  const options = { cwd, env: { ...process.env, NO_COLOR: '1' }, maxBuffer: 64 * 1024 * 1024 };
  return promisify(execFile)(process.execPath, words, options).then(
    ({ stdout }) => ({ exitCode: 0, output: stdout }),
    (error) => ({ exitCode: error.code, output: error.stdout }),
  );
}

/** One forbidden import a rule; the first file breaks it, the others stand on the way. Appended. */
const plants: { rule: string; files: Record<string, string> }[] = [
  {
    rule: 'domain-imports-nothing',
    files: { 'src/domain/planted.ts': `export { readFile } from 'node:fs';` },
  },
  {
    rule: 'http-never-sees-the-store',
    files: {
      'src/http/planted.ts': `import type { Database } from '../store/database.ts';\nexport type Planted = Database;`,
    },
  },
  {
    rule: 'http-calls-usecases',
    files: { 'src/http/planted-keys.ts': `export * from '../keys/seal-box.ts';` },
  },
  {
    rule: 'only-store-speaks-to-postgres',
    files: { 'src/usecases/planted-sql.ts': `export { default } from 'pg';` },
  },
  {
    rule: 'workers-never-serve',
    files: { 'workers/planted-page.ts': `export * from '../src/http/problems.ts';` },
  },
  {
    rule: 'worker-opens-no-details',
    files: {
      'workers/planted.ts': `export * from '../src/usecases/planted-way.ts';`,
      'src/usecases/planted-way.ts': `export * from './planted-further.ts';`,
      'src/usecases/planted-further.ts': `export { openDetails } from '../keys/open-details.ts';`,
    },
  },
  {
    rule: 'api-opens-nothing',
    files: { 'src/roles/api.ts': `export * from '../usecases/planted-way.ts';` },
  },
  {
    rule: 'ops-opens-nothing',
    files: { 'src/roles/ops.ts': `export * from '../usecases/planted-way.ts';` },
  },
  {
    rule: 'scheduler-opens-nothing-of-a-patient',
    files: { 'workers/scheduler.ts': `export * from '../src/keys/open-parcel.ts';` },
  },
  {
    rule: 'only-the-scheduler-signs-webhooks',
    files: { 'workers/worker.ts': `export * from '../src/keys/open-webhook-secret.ts';` },
  },
  {
    rule: 'patient-opens-no-parcel',
    files: {
      'src/roles/patient.ts': `export * from '../usecases/planted-parcel.ts';`,
      'src/usecases/planted-parcel.ts': `export { openParcel } from '../keys/open-parcel.ts';`,
    },
  },
  {
    rule: 'only-the-scheduler-reads-what-the-canary-is-sent',
    files: { 'workers/worker.ts': `export * from '../src/keys/open-canary-message.ts';` },
  },
  {
    rule: 'the-canary-is-a-stranger',
    files: { 'src/canary/planted.ts': `export * from '../http/patient/paths.ts';` },
  },
  {
    rule: 'opening-has-five-doors',
    files: { 'src/usecases/planted-box.ts': `export { openBox } from '../keys/open-box.ts';` },
  },
  {
    rule: 'nothing-leans-on-the-sandbox',
    files: { 'src/transport/planted.ts': `export * from '../sandbox/faults.ts';` },
  },
  {
    rule: 'no-dev-dependency-in-production',
    files: { 'src/usecases/planted-dev.ts': `export * from 'fast-check';` },
  },
  {
    rule: 'no-cycles',
    files: {
      'src/usecases/planted-one.ts': `export * from './planted-two.ts';\nexport const one = 1;`,
      'src/usecases/planted-two.ts': `export * from './planted-one.ts';\nexport const two = 2;`,
    },
  },
];

/** What must stay out of reach is named by path, so a rule would fall silent if one were renamed. */
const namedFiles = [
  'src/keys/open-box.ts',
  'src/keys/open-details.ts',
  'src/keys/open-parcel.ts',
  'src/keys/open-webhook-secret.ts',
  'src/keys/cookie-box.ts',
  'src/roles/api.ts',
  'src/roles/patient.ts',
  'src/roles/ops.ts',
  'src/queue/prepare-queue.ts',
  'workers/worker.ts',
  'workers/scheduler.ts',
  'workers/runner.ts',
];

describe('the boundaries', () => {
  let copy: string;
  let planted: Run;
  let modules: string[];

  beforeAll(async () => {
    copy = await mkdtemp(join(tmpdir(), 'sotto-architecture-'));
    for (const name of [...folders, 'package.json', 'tsconfig.json', '.dependency-cruiser.mjs']) {
      await cp(join(root, name), join(copy, name), { recursive: true });
    }
    await symlink(join(root, 'node_modules'), join(copy, 'node_modules'));
    for (const [path, text] of plants.flatMap(({ files }) => Object.entries(files))) {
      await appendFile(join(copy, path), text);
    }
    const [real, broken] = await Promise.all([
      checkBoundaries(root, 'json'),
      checkBoundaries(copy, 'err'),
    ]);
    planted = broken;
    const { modules: found } = JSON.parse(real.output) as { modules: { source: string }[] };
    modules = found.map(({ source }) => source);
  }, 60_000);

  afterAll(() => rm(copy, { recursive: true, force: true }));

  it.each(plants)('catch what breaks $rule', ({ rule, files }) => {
    expect(planted.output).toContain(`error ${rule}: ${Object.keys(files)[0]} → `);
  });

  it('fail the run in which they are broken', () => {
    expect(planted.exitCode).toBeGreaterThanOrEqual(plants.length);
  });

  it('are checked for every file, not for none', async () => {
    // Under TypeScript 7 the tool sees no module at all and calls that a success.
    const files = await sourceFiles();
    expect(files.length).toBeGreaterThan(60);
    expect(files.filter((path) => !modules.includes(path))).toEqual([]);
  });

  it('name files that exist', () => {
    expect(namedFiles.filter((path) => !modules.includes(path))).toEqual([]);
  });

  it('say to whoever breaks them what to do', () => {
    const { forbidden } = rules as { forbidden: { comment: string; severity: string }[] };
    expect(forbidden.filter(({ comment }) => comment.length < 40)).toEqual([]);
    expect(forbidden.filter(({ severity }) => severity !== 'error')).toEqual([]);
  });
});

async function sourceFiles(): Promise<string[]> {
  const entries = await Promise.all(
    ['src', 'workers', 'config'].map((folder) =>
      readdir(join(root, folder), { recursive: true, withFileTypes: true }),
    ),
  );
  return entries
    .flat()
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)));
}
