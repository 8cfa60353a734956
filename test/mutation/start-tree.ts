import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import { canaryBranches } from '../../src/domain/canary-branch.ts';
import { askForRuns } from '../../src/store/canary-asked.ts';
import { freePort } from '../support/free-port.ts';

const startMaxMs = 60_000;
const lookMaxMs = 240_000;

export interface Found {
  readonly outcome: string;
  readonly branch: string;
  readonly findings: readonly string[];
  readonly afterS: number;
}

/** Starts everything from the code in a folder, on free ports. */
export async function startTree({ tree, dataDir }: { tree: string; dataDir: string }) {
  const ports = await freePorts(5);
  const [api, patient, ops, sandbox, smtp] = ports.map(String);
  const child = spawn(process.execPath, ['src/cli.ts', 'up'], {
    cwd: tree,
    env: {
      ...{ PATH: process.env.PATH, HOME: process.env.HOME, DATA_DIR: dataDir, LOG_LEVEL: 'warn' },
      ...{ API_PORT: api, PATIENT_PORT: patient, OPS_PORT: ops },
      ...{ SANDBOX_PORT: sandbox, SANDBOX_SMTP_PORT: smtp },
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
  }
  const untilMs = performance.now() + startMaxMs;
  while (!output.includes('Ctrl+C stops everything')) {
    if (child.exitCode !== null || performance.now() > untilMs) {
      child.kill();
      throw new Error(`it does not start: ${output}`);
    }
    await wait(50);
  }

  return {
    /** One of each branch; over with the first that does not pass. */
    async sendCanaries(): Promise<Found> {
      const client = new pg.Client({ connectionString: adminUrl(dataDir) });
      await client.connect();
      try {
        // What an earlier tree left in hand is no business of this one.
        await client.query(
          `update canary_runs set ended_at = now(), outcome = 'held', lease_id = null, lease_until = null
           where ended_at is null`,
        );
        const { rows } = await client.query('select clock_timestamp() as since');
        const names = canaryBranches.map(({ name }) => name);
        const startedMs = performance.now();
        await askForRuns(client, names);
        return await untilKnown(client, { since: rows[0].since, count: names.length, startedMs });
      } finally {
        await client.end();
      }
    },
    async stop(): Promise<void> {
      if (child.exitCode !== null) return;
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}

async function untilKnown(
  client: pg.Client,
  { since, count, startedMs }: { since: Date; count: number; startedMs: number },
): Promise<Found> {
  for (;;) {
    const { rows } = await client.query<Omit<Found, 'afterS'>>(
      `select outcome, branch, findings from canary_runs
       where started_at > $1 and outcome is not null and (slot is null or outcome <> 'passed')
       order by ended_at`,
      [since],
    );
    const afterMs = performance.now() - startedMs;
    const afterS = afterMs / 1_000;
    const bad = rows.find(({ outcome }) => outcome !== 'passed' && outcome !== 'interrupted');
    if (bad) return { ...bad, afterS };
    const passed = rows.filter(({ outcome }) => outcome === 'passed').length;
    if (passed >= count) return { outcome: 'passed', branch: 'all', findings: [], afterS };
    if (afterMs > lookMaxMs)
      throw new Error(`${passed} of ${count} passed, and no word of the rest`);
    await wait(300);
  }
}

function adminUrl(dataDir: string): string {
  const password = readFileSync(join(dataDir, 'postgres-password'), 'utf8').trim();
  const port = readFileSync(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8').split('\n')[3];
  return `postgres://postgres:${password}@127.0.0.1:${port}/postgres`;
}

const freePorts = (count: number) => Promise.all(Array.from({ length: count }, freePort));
