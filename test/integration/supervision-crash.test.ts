import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import {
  countStarts,
  processesOf,
  type Supervised,
  startSupervised,
  temporaryDataDir,
  waitFor,
} from '../support/supervised.ts';

async function killSupervisor(system: Supervised): Promise<void> {
  system.child.kill('SIGKILL');
  await system.exited();
}

function pidOf(role: string, dataDir: string): number {
  const found = processesOf(dataDir).find(({ command }) => command.trimEnd().endsWith(role));
  if (!found) throw new Error(`${role} does not run`);
  return found.pid;
}

describe('when the supervisor is killed', () => {
  it('nothing is left after 12 s, and the next start has the data', async () => {
    const dataDir = temporaryDataDir();
    mkdirSync(dataDir);
    writeFileSync(join(dataDir, 'worker.stubborn'), '');
    const first = await startSupervised({ dataDir });
    await first.ready();
    expect(processesOf(dataDir).length).toBeGreaterThanOrEqual(9);

    await killSupervisor(first);
    await waitFor(() => expect(processesOf(dataDir)).toEqual([]), 20_000);

    const second = await startSupervised({ dataDir, ports: first.ports });
    await second.ready();
    expect(await countStarts(dataDir)).toBe(2);
  });

  it('a start at once ends what was left and has the data and the ports', async () => {
    const dataDir = temporaryDataDir();
    const first = await startSupervised({ dataDir });
    await first.ready();
    const left = processesOf(dataDir);
    await killSupervisor(first);

    const second = await startSupervised({ dataDir, ports: first.ports });
    await second.ready();
    expect(await countStarts(dataDir)).toBe(2);
    const now = processesOf(dataDir).map(({ pid }) => pid);
    expect(left.filter(({ pid }) => now.includes(pid))).toEqual([]);
  });

  it('together with its guard, the next start still has the data', async () => {
    const dataDir = temporaryDataDir();
    const first = await startSupervised({ dataDir });
    await first.ready();
    const { guard } = JSON.parse(readFileSync(join(dataDir, 'supervisor.json'), 'utf8'));
    process.kill(guard.pid, 'SIGKILL');
    await killSupervisor(first);
    expect(processesOf(dataDir).some(({ command }) => command.includes('bin/postgres'))).toBe(true);

    const second = await startSupervised({ dataDir, ports: first.ports });
    await second.ready();
    expect(await countStarts(dataDir)).toBe(2);
  });

  it.each([
    ['its database is being made', 'postgres-new-'],
    ['its database has been made', 'postgres-password'],
    ['its database starts', 'postgres.log'],
    ['its roles start', 'logs'],
  ])('in the first start, while %s, the next start works', async (_, name) => {
    const dataDir = temporaryDataDir();
    const first = await startSupervised({ dataDir });
    await vi.waitUntil(
      () => existsSync(dataDir) && readdirSync(dataDir).some((entry) => entry.startsWith(name)),
      { timeout: 30_000, interval: 1 },
    );
    await killSupervisor(first);

    const second = await startSupervised({ dataDir, ports: first.ports });
    await second.ready();
    expect(await countStarts(dataDir)).toBeGreaterThanOrEqual(1);
    expect(readdirSync(dataDir).filter((entry) => entry.startsWith('postgres-new-'))).toEqual([]);
  });
});

describe('when a process is killed', () => {
  it('a role and the database are started again', async () => {
    const dataDir = temporaryDataDir();
    const system = await startSupervised({ dataDir });
    await system.ready();
    const before = pidOf('api', dataDir);
    process.kill(before, 'SIGKILL');
    const postmaster = processesOf(dataDir).find(({ command }) => command.includes('bin/postgres'));
    process.kill(postmaster?.pid ?? 0, 'SIGKILL');

    await waitFor(async () => {
      const answer = await fetch(`http://127.0.0.1:${system.ports.API_PORT}`);
      expect(await answer.text()).toBe('api');
      expect(pidOf('api', dataDir)).not.toBe(before);
      expect(await countStarts(dataDir)).toBe(1);
    }, 30_000);
    expect(system.output()).toContain('api: ended (SIGKILL)');
    expect(system.output()).toContain('postgres: ended');
    expect(existsSync(join(dataDir, 'logs', 'api.log'))).toBe(true);
  });

  it('the guard is replaced and still guards', async () => {
    const dataDir = temporaryDataDir();
    const system = await startSupervised({ dataDir });
    await system.ready();
    const guardNow = () => JSON.parse(readFileSync(join(dataDir, 'supervisor.json'), 'utf8')).guard;
    const before = guardNow();
    process.kill(before.pid, 'SIGKILL');
    await waitFor(() => expect(guardNow()).not.toEqual(before), 30_000);

    await killSupervisor(system);
    await waitFor(() => expect(processesOf(dataDir)).toEqual([]), 20_000);
  });
});
