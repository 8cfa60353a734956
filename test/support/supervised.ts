import { type ChildProcess, spawn } from 'node:child_process';
import { chownSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import pg from 'pg';
import { expect, onTestFinished, vi } from 'vitest';
import { compiledOnce } from './compiled-once.ts';
import { freePort } from './free-port.ts';

export const smallSystem = resolve(import.meta.dirname, 'small-system.ts');

/** Nobody in particular: the user that a test plays when it runs as root and needs an ordinary one. */
export const ordinaryUser = 65_534;

/** A folder for DATA_DIR that goes when the test ends, with all processes that work for it. */
export function temporaryDataDir({ uid }: { uid?: number } = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'sotto-supervision-'));
  if (uid !== undefined) chownSync(folder, uid, uid);
  onTestFinished(() => {
    for (const { pid } of processesOf(folder)) killIfThere(pid);
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  });
  return join(folder, 'data');
}

export interface Supervised {
  readonly child: ChildProcess;
  readonly ports: Readonly<Record<string, string>>;
  /** Everything printed so far. */
  output(): string;
  ready(): Promise<void>;
  exited(): Promise<number | NodeJS.Signals | null>;
}

/** Starts the small system, directly or through `command`. */
export async function startSupervised({
  dataDir,
  uid,
  ports,
  env = {},
  command = [process.execPath, smallSystem],
  cwd,
}: {
  dataDir: string;
  uid?: number;
  ports?: Readonly<Record<string, string>>;
  env?: Record<string, string>;
  command?: readonly string[];
  cwd?: string;
}): Promise<Supervised> {
  const used = ports ?? (await freePorts());
  const [program = '', ...args] = command;
  const child = spawn(program, args, {
    env: {
      PATH: `${resolve('node_modules/.bin')}${delimiter}${process.env.PATH}`,
      HOME: tmpdir(),
      ...compiledOnce,
      DATA_DIR: dataDir,
      ...used,
      ...env,
    },
    ...(cwd === undefined ? {} : { cwd }),
    ...(uid === undefined ? {} : { uid, gid: uid }),
    stdio: 'pipe',
  });
  let text = '';
  child.stdout.on('data', (chunk) => {
    text += chunk;
  });
  child.stderr.on('data', (chunk) => {
    text += chunk;
  });
  const closed = Promise.withResolvers<number | NodeJS.Signals | null>();
  child.once('close', (code, signal) => closed.resolve(signal ?? code));
  onTestFinished(() => void child.kill('SIGKILL'));
  return {
    child,
    ports: used,
    output: () => text,
    exited: () => closed.promise,
    async ready() {
      const ended = closed.promise.then((how) => {
        throw new Error(`It ended (${how}): ${text}`);
      });
      const ready = waitFor(() => expect(text).toContain('Ctrl+C stops everything'), 30_000);
      await Promise.race([ready, ended]);
    },
  };
}

export async function freePorts(): Promise<Record<string, string>> {
  const names = ['API_PORT', 'PATIENT_PORT', 'OPS_PORT', 'SANDBOX_PORT', 'SANDBOX_SMTP_PORT'];
  const ports = await Promise.all(names.map(freePort));
  return Object.fromEntries(names.map((name, index) => [name, String(ports[index])]));
}

/** All processes that work for this folder, whoever their parent is, by what the kernel says. */
export function processesOf(folder: string): { pid: number; command: string }[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map((name) => ({ pid: Number(name), command: read(name, 'cmdline').replaceAll('\0', ' ') }))
    .filter(
      ({ pid, command }) =>
        command.includes(folder) ||
        workingFolder(pid).startsWith(folder) ||
        read(String(pid), 'environ').includes(`DATA_DIR=${folder}`),
    );
}

export function waitFor<T>(check: () => T | Promise<T>, timeout: number): Promise<T> {
  return vi.waitFor(check, { timeout, interval: 50 });
}

/** How often the system was started with these data, by what its database says. */
export async function countStarts(dataDir: string): Promise<number> {
  const { adminUrl } = JSON.parse(readFileSync(join(dataDir, 'sandbox.json'), 'utf8'));
  const client = new pg.Client({ connectionString: adminUrl });
  client.on('error', () => {});
  await client.connect();
  try {
    const { rows } = await client.query<{ count: number }>(
      'select count(*)::int as count from starts',
    );
    return rows[0]?.count ?? 0;
  } finally {
    await client.end();
  }
}

export function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // Gone already.
  }
}

function read(pid: string, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8');
  } catch {
    return '';
  }
}

function workingFolder(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return '';
  }
}
