import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { compiledOnce } from './compiled-once.ts';
import { freePort } from './free-port.ts';
import { waitFor } from './wait-for.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Everything that `npm start` runs, on ports and in a folder of its own. */
export interface System {
  readonly dataDir: string;
  readonly facts: Readonly<
    Record<
      | 'apiUrl'
      | 'patientUrl'
      | 'opsUrl'
      | 'sandboxUrl'
      | 'smtpUrl'
      | 'apiKey'
      | 'organisation'
      | 'opsUser'
      | 'opsPassword',
      string
    >
  >;
  readonly output: () => string;
  readonly supervisor: ChildProcess;
  /** Process ids by role name, read from what runs now. */
  pidsOf(role: string): number[];
  call(method: string, path: string, body?: unknown): Promise<{ status: number; text: string }>;
  /** @param after id of a message: only those that came later */
  messages(after?: string): Promise<SandboxMessage[]>;
  /** An email as it came, byte for byte. */
  rawMail(id: string): Promise<Buffer>;
  /** The addresses that replies and bounces are posted to. */
  callbackAddresses(): { inboundUrl: string; bounceUrl: string };
  /** Signs in as PostgreSQL's superuser: for looking, past all row-level security. */
  look(statement: string): Promise<Record<string, unknown>[]>;
  stop(): Promise<void>;
}

export interface SandboxMessage {
  readonly id: string;
  readonly channel: 'sms' | 'email';
  readonly to: string;
  readonly from: string;
  readonly text: string;
  readonly receivedAt: string;
  /** Of an email alone, as the four below. */
  readonly subject?: string;
  /** Where MAIL said that bounces go. */
  readonly returnPath?: string;
  readonly html?: string;
  /** By lower-case name. */
  readonly headers?: Readonly<Record<string, readonly string[]>>;
  readonly copiesDropped?: number;
}

export async function startSystem(environment: Record<string, string> = {}): Promise<System> {
  const dataDir = mkdtempSync(join(tmpdir(), 'sotto-system-'));
  const [api, patient, ops, sandbox, smtp] = await Promise.all([
    freePort(),
    freePort(),
    freePort(),
    freePort(),
    freePort(),
  ]);
  let output = '';
  const supervisor = spawn(process.execPath, ['src/cli.ts', 'up'], {
    cwd: root,
    env: {
      PATH: process.env.PATH ?? '',
      HOME: process.env.HOME ?? '',
      ...compiledOnce,
      DATA_DIR: dataDir,
      API_PORT: String(api),
      PATIENT_PORT: String(patient),
      OPS_PORT: String(ops),
      SANDBOX_PORT: String(sandbox),
      SANDBOX_SMTP_PORT: String(smtp),
      LOG_LEVEL: 'debug',
      CANARY: 'off',
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const stream of [supervisor.stdout, supervisor.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
  }
  await waitFor(() => {
    if (supervisor.exitCode !== null) throw new Error(`it ended at once: ${output}`);
    return output.includes('Sotto is ready');
  }, 60_000);
  const facts = JSON.parse(readFileSync(join(dataDir, 'sandbox.json'), 'utf8'));

  return {
    dataDir,
    facts,
    supervisor,
    output: () => output,
    pidsOf: (role) => pidsWith(`cli.ts ${role}`, supervisor.pid ?? 0),
    async call(method, path, body) {
      const response = await fetch(`${facts.apiUrl}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${facts.apiKey}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      return { status: response.status, text: await response.text() };
    },
    async messages(after) {
      const query = after === undefined ? '' : `?after=${after}`;
      const response = await fetch(`${facts.sandboxUrl}/messages${query}`);
      return (await response.json()) as SandboxMessage[];
    },
    async rawMail(id) {
      const response = await fetch(`${facts.sandboxUrl}/messages/${id}/raw`);
      return Buffer.from(await response.arrayBuffer());
    },
    callbackAddresses: () =>
      JSON.parse(readFileSync(join(dataDir, 'sandbox', 'callback-addresses.json'), 'utf8')),
    async look(statement) {
      const password = readFileSync(join(dataDir, 'postgres-password'), 'utf8').trim();
      const port = readFileSync(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8').split('\n')[3];
      const client = new pg.Client({
        connectionString: `postgres://postgres:${password}@127.0.0.1:${port}/postgres`,
      });
      await client.connect();
      const { rows } = await client.query(statement).finally(() => client.end());
      return rows;
    },
    async stop() {
      supervisor.kill('SIGTERM');
      await waitFor(() => supervisor.exitCode !== null || supervisor.signalCode !== null, 30_000);
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** Running processes whose command line holds `words` and whose parent is `parent`. */
function pidsWith(words: string, parent: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
        const status = readFileSync(`/proc/${pid}/status`, 'utf8');
        return command.includes(words) && status.includes(`PPid:\t${parent}\n`);
      } catch {
        return false;
      }
    });
}
