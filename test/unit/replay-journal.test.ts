import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { replayJournal } from '../../src/usecases/replay-journal.ts';
import { silentLog } from '../support/accept.ts';

const folder = mkdtempSync(join(tmpdir(), 'sotto-test-journal-'));
afterAll(() => rmSync(folder, { recursive: true }));

const noon = Date.parse('2026-03-01T12:00:00Z');
const at = (second: number) => new Date(noon + second * 1_000).toISOString();
const about = { index: 'ab'.repeat(32), pepper: '1', channel: 'sms', source: 'reply' };
const stop = (second: number) => ({ at: at(second), kind: 'suppression', ...about });
const lift = (second: number, change = 'x') => [
  { at: at(second), kind: 'suppression_lifted', change, ...about },
  { at: at(second), kind: 'done', change },
];
const limits = (second: number, change: string, countries: string[]) => [
  { at: at(second), kind: 'organisation_limits', organisationId: 'o', change, countries },
  { at: at(second), kind: 'done', change },
];

/** What is done again, of journals of two machines, and what is told of them. */
async function replay(
  name: string,
  [one, other = []]: readonly (readonly object[])[],
  [mine, theirs] = ['worker', 'patient'],
) {
  const place = join(folder, name);
  mkdirSync(join(place, 'mirror'), { recursive: true });
  const write = (file: string, entries: readonly object[]) =>
    writeFileSync(join(place, file), entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''));
  write(`${mine}.ndjson`, one ?? []);
  write(`mirror/${theirs}.ndjson`, other);
  const done: Record<string, unknown>[] = [];
  const connection = {
    async query(text: unknown, values: unknown[] = []) {
      if (String(text).includes('replay_journal')) done.push(...JSON.parse(String(values[0])));
      return { rows: [{ unknown: 0 }], rowCount: 1 };
    },
  };
  const told: string[] = [];
  const log = { ...silentLog, error: (phrase: string) => void told.push(phrase) };
  const { failed } = await replayJournal(
    {
      database: { transaction: async (_, work) => work(connection as never) },
      ...{ journal: `file:${place}`, log },
    },
    { since: Temporal.Instant.from('2026-02-01T00:00:00Z') },
  );
  return { done, failed, told };
}

const replayed = async (name: string, ...entries: readonly object[][]) =>
  (await replay(name, entries)).done;
const replayedOf = async (role: string, name: string, ...entries: readonly object[][]) =>
  (await replay(name, entries, [role, role])).done;

it('whoever said stop last gets nothing after a restore, and whoever took it back gets messages', async () => {
  expect(await replayed('stopped', [stop(0), ...lift(1), stop(2)])).toMatchObject([stop(2)]);
  expect(await replayed('lifted', [stop(0), ...lift(1)])).toMatchObject([lift(1)[0]]);
});

it('a stop holds where clocks of two machines may have changed its place', async () => {
  expect(await replayed('fast', lift(3), [stop(1)])).toMatchObject([stop(1)]);
  expect(await replayed('slow', lift(1), [stop(3)])).toMatchObject([stop(3)]);
  expect(await replayed('sure', lift(400), [stop(1)])).toMatchObject([lift(400)[0]]);
});

it('of two machines both narrowings hold where their clocks may have changed their order', async () => {
  const narrow = limits(1, 'narrow', ['FR']);
  const wide = limits(3, 'wide', ['FR', 'DE']);
  expect(await replayedOf('command-line', 'limits', wide, narrow)).toMatchObject([
    narrow[0],
    wide[0],
  ]);
  const later = limits(400, 'later', ['FR', 'DE']);
  expect(await replayedOf('command-line', 'later', later, narrow)).toMatchObject([later[0]]);
  expect(await replayedOf('command-line', 'same', [...narrow, ...wide])).toMatchObject([wide[0]]);
});

it('a key whose rotation was never committed does not end', async () => {
  const end = { at: at(0), kind: 'credential_end', credentialId: 'k', endsAt: at(9), change: 'r' };
  const done = { at: at(0), kind: 'done', change: 'r' };
  expect(await replayedOf('command-line', 'undone', [end])).toEqual([]);
  expect(await replayedOf('command-line', 'done', [end, done])).toMatchObject([end]);
});

it('nothing of where a journal lies goes to the database', async () => {
  expect(Object.keys((await replayed('names', [stop(0)]))[0] ?? {})).not.toContain('file');
});

it('what a role does not write is not done, and is told: its process may have been taken over', async () => {
  const key = { at: at(0), kind: 'credential_revocation', credentialId: 'k' };
  const erasure = { at: at(1), kind: 'erasure', appointmentId: 'a' };
  const lifted = lift(3);
  const { done, failed, told } = await replay('taken over', [
    [erasure, stop(2)],
    [key, ...lifted],
  ]);
  expect(done).toEqual([stop(2)]);
  expect(failed).toBe(1 + 1 + lifted.length);
  expect(told).toEqual(['a journal holds entries that its role does not write']);
});
