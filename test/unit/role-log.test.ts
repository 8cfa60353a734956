import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { openRoleLog } from '../../src/supervisor/role-log.ts';

function openLog(role = 'api') {
  const folder = mkdtempSync(join(tmpdir(), 'sotto-role-log-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const shown: string[] = [];
  const log = openRoleLog({ folder, role, terminal: (line) => shown.push(line) });
  return { log, shown, text: () => readFileSync(log.path, 'utf8') };
}

const line = (facts: object) => `${JSON.stringify(facts)}\n`;

it('shows an error once, by its phrase and code alone, and keeps the quiet lines in the file', () => {
  const { log, shown, text } = openLog();
  const quiet = line({ level: 30, msg: 'listening' });
  const error = line({ level: 50, msg: 'duty failed', code: '57P01', organisationId: 'o-1' });
  log.write(quiet + error);
  log.write(error);
  expect(shown).toEqual(['api: duty failed (57P01)']);
  expect(text()).toBe(quiet + error + error);
});

it('puts lines together that arrive in pieces, and lets through what is no log line', () => {
  const { log, shown, text } = openLog();
  const error = line({ level: 60, msg: 'gave up' });
  log.write(error.slice(0, 12));
  log.write(Buffer.from(error.slice(12)));
  log.write('Error: a stack\n    at somewhere\n{not json\n');
  expect(shown).toEqual(['api: gave up']);
  expect(text()).toContain('at somewhere\n{not json\n');
});

it('bounds the file and keeps the one before it', () => {
  const { log } = openLog();
  const megabyte = `${'x'.repeat(1024 * 1024 - 1)}\n`;
  for (let count = 0; count < 13; count += 1) log.write(megabyte);
  expect(statSync(log.path).size).toBeLessThan(11.1 * 1024 * 1024);
  expect(statSync(`${log.path}.1`).size).toBeGreaterThan(10 * 1024 * 1024);
  expect(statSync(log.path).mode & 0o077).toBe(0);
});

it('one that cannot be moved away closes no other log, and goes on once it can', () => {
  const { log, text } = openLog();
  const inTheWay = `${log.path}.1`;
  mkdirSync(inTheWay);
  log.write(`${'x'.repeat(11 * 1024 * 1024)}\n`);
  log.note('lost');
  const other = openLog('worker');
  log.note('lost');
  other.log.note('kept');
  expect(other.text()).toBe('kept\n');

  rmSync(inTheWay, { recursive: true });
  log.note('goes on');
  expect(text()).toBe('goes on\n');
});
