import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import {
  freePorts,
  processesOf,
  startSupervised,
  temporaryDataDir,
} from '../support/supervised.ts';

/** What a start that is refused prints; it must be these lines, a non-zero code, and nobody left. */
async function refusal(options: Parameters<typeof startSupervised>[0]): Promise<string[]> {
  const system = await startSupervised(options);
  expect(await system.exited()).toBe(1);
  return system.output().trimEnd().split('\n');
}

const template = mkdtempSync(join(tmpdir(), 'sotto-supervision-'));
afterAll(() => rmSync(template, { recursive: true, force: true }));

/** The data of a system that ran and was stopped in order; made once, then copied. */
async function stoppedDataDir(): Promise<string> {
  const made = join(template, 'data');
  if (!existsSync(made)) {
    const system = await startSupervised({ dataDir: made });
    await system.ready();
    system.child.kill('SIGTERM');
    expect(await system.exited()).toBe(0);
  }
  const dataDir = temporaryDataDir();
  spawnSync('cp', ['-a', made, dataDir]);
  return dataDir;
}

describe('a start is refused with one clear line', () => {
  it('for each port that is taken, naming its variable', async () => {
    const ports = await freePorts();
    const held = [ports.API_PORT, ports.OPS_PORT, ports.SANDBOX_SMTP_PORT].map((port) =>
      createServer().listen(Number(port), '127.0.0.1'),
    );
    await Promise.all(held.map((server) => once(server, 'listening')));
    onTestFinished(() => void held.map((server) => server.close()));

    const dataDir = temporaryDataDir();
    expect(await refusal({ dataDir, ports })).toEqual([
      `Port ${ports.API_PORT} is taken: set API_PORT to a free one.`,
      `Port ${ports.OPS_PORT} is taken: set OPS_PORT to a free one.`,
      `Port ${ports.SANDBOX_SMTP_PORT} is taken: set SANDBOX_SMTP_PORT to a free one.`,
    ]);
    expect(processesOf(dataDir)).toEqual([]);
  });

  it('when two variables name one port', async () => {
    const ports = await freePorts();
    const lines = await refusal({
      dataDir: temporaryDataDir(),
      ports: { ...ports, OPS_PORT: ports.API_PORT ?? '' },
    });
    expect(lines).toEqual([expect.stringContaining('OPS_PORT')]);
  });

  it('when another supervisor has the data folder, which goes on undisturbed', async () => {
    const dataDir = temporaryDataDir();
    const first = await startSupervised({ dataDir });
    await first.ready();
    const lines = await refusal({ dataDir });
    expect(lines).toEqual([expect.stringContaining(`process ${first.child.pid}`)]);
    const answer = await fetch(`http://127.0.0.1:${first.ports.API_PORT}`);
    expect(await answer.text()).toBe('api');
  });

  it('when two start at once, for one of them', async () => {
    const dataDir = temporaryDataDir();
    const systems = await Promise.all([startSupervised({ dataDir }), startSupervised({ dataDir })]);
    const loser = await Promise.race(
      systems.map(async (system) => {
        await system.exited();
        return system;
      }),
    );
    expect(loser.output()).toContain('already runs');
    await systems.find((system) => system !== loser)?.ready();
  });

  it.each(['PG_VERSION', 'global/pg_control'])('when the database lacks %s', async (name) => {
    const dataDir = await stoppedDataDir();
    rmSync(join(dataDir, 'postgres', name));
    const lines = await refusal({ dataDir });
    expect(lines).toEqual([expect.stringContaining('is not a whole database folder')]);
  });

  it('when the database was made by another PostgreSQL, or is not one', async () => {
    const dataDir = await stoppedDataDir();
    writeFileSync(join(dataDir, 'postgres', 'PG_VERSION'), '15\n');
    expect(await refusal({ dataDir })).toEqual([
      expect.stringMatching(/was made by PostgreSQL 15, this is 18/),
    ]);

    const other = temporaryDataDir();
    mkdirSync(join(other, 'postgres'), { recursive: true });
    writeFileSync(join(other, 'postgres', 'thesis.txt'), 'mine');
    expect(await refusal({ dataDir: other })).toEqual([
      expect.stringContaining('is not a whole database folder'),
    ]);
  });

  it('when the database cannot be started, with its own reason', async () => {
    const dataDir = await stoppedDataDir();
    writeFileSync(join(dataDir, 'postgres', 'global', 'pg_control'), 'damaged');
    expect(await refusal({ dataDir })).toEqual([
      expect.stringMatching(/^PostgreSQL did not start: .*pg_control/),
    ]);
  });

  it.each(['postgres-password', 'sandbox-secrets.json'])(
    'when others may read %s',
    async (name) => {
      const dataDir = await stoppedDataDir();
      chmodSync(join(dataDir, name), 0o640);
      const path = join(dataDir, name);
      expect(await refusal({ dataDir })).toEqual([
        `${path} can be read by others; run: chmod 600 ${path}`,
      ]);
      expect(processesOf(dataDir)).toEqual([]);
    },
  );

  it('when a role ends each time it is started, naming its log', async () => {
    const dataDir = temporaryDataDir();
    mkdirSync(dataDir);
    writeFileSync(join(dataDir, 'worker.broken'), '');
    const lines = await refusal({ dataDir });
    expect(lines.at(-1)).toMatch(/^worker does not start \(exit code 1\); see .*worker\.log$/);
    expect(processesOf(dataDir)).toEqual([]);
  });

  it('when the log of a role cannot be written, and ends the roles before it', async () => {
    const dataDir = await stoppedDataDir();
    const log = join(dataDir, 'logs', 'ops.log');
    rmSync(log);
    mkdirSync(log);
    expect(await refusal({ dataDir })).toEqual([`${log} cannot be written (EISDIR).`]);
    expect(processesOf(dataDir)).toEqual([]);
  });

  it('when DATA_DIR cannot be made', async () => {
    const inTheWay = temporaryDataDir();
    writeFileSync(inTheWay, '');
    const lines = await refusal({ dataDir: join(inTheWay, 'data') });
    expect(lines).toEqual([expect.stringMatching(/^DATA_DIR .* cannot be written \(E[A-Z]+\)\.$/)]);
  });
});

describe('Ctrl+C in the middle of a start', () => {
  it('is no failure, though what it waited for fails of it', async () => {
    const dataDir = temporaryDataDir();
    mkdirSync(dataDir);
    writeFileSync(join(dataDir, 'interrupted'), '');
    const env = { DATABASE_URL: 'postgres://127.0.0.1:1/never-asked' };
    const system = await startSupervised({ dataDir, env });
    expect(await system.exited()).toBe(0);
    expect(system.output()).toBe('Stopped.\n');
  });
});

describe('a pid file that names somebody else', () => {
  it('does not keep the database from starting, nor harm that process', async () => {
    const dataDir = await stoppedDataDir();
    const bystander = spawn('sleep', ['60']);
    onTestFinished(() => void bystander.kill());
    writeFileSync(join(dataDir, 'postgres', 'postmaster.pid'), `${bystander.pid}\n`);
    const system = await startSupervised({ dataDir });
    await system.ready();
    expect(bystander.exitCode).toBeNull();
    expect(bystander.signalCode).toBeNull();
  });
});
