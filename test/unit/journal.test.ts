import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openJournal } from '../../src/journal/journal.ts';
import {
  isWrittenBy,
  type JournalRole,
  journalKinds,
  journalRoles,
  writerOf,
} from '../../src/journal/journal-writers.ts';
import { readJournals } from '../../src/journal/read-journals.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sotto-test-journal-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function write(role: JournalRole, appointmentId: string): Promise<void> {
  const journal = await openJournal(`file:${folder}`, role);
  await journal.append({ kind: 'erasure', appointmentId });
  await journal.close();
}
const linesOf = (role: string) =>
  readFileSync(join(folder, `${role}.ndjson`), 'utf8')
    .trimEnd()
    .split('\n');

describe('the journal', () => {
  it('goes on where the process before it ended, a line an entry', async () => {
    await write('api', 'one');
    await write('api', 'two');
    expect(linesOf('api').map((line) => JSON.parse(line).appointmentId)).toEqual(['one', 'two']);
  });

  it('loses no entry to the half of one that a power cut or a full disk left before it', async () => {
    await write('patient', 'one');
    appendFileSync(join(folder, 'patient.ndjson'), '{"at":"2026-11-22T0');
    await write('patient', 'two');
    const [first, , last] = linesOf('patient');
    expect(JSON.parse(first ?? '')).toMatchObject({ appointmentId: 'one' });
    expect(JSON.parse(last ?? '')).toMatchObject({ appointmentId: 'two' });
  });
});

describe('an erasure and the passkeys removed with it', () => {
  it('stand in files apart, the passkeys without order of time, and all are read', async () => {
    const place = join(folder, 'apart');
    const startedAt = Temporal.Now.instant();
    const journal = await openJournal(`file:${place}`, 'patient');
    await journal.append({ kind: 'erasure', appointmentId: 'one' });
    for (const passkeyId of ['p', 'q'])
      await journal.append({ kind: 'passkey_removal', passkeyId });
    await journal.append({ kind: 'erasure', appointmentId: 'two' });
    await journal.close();
    const kindsIn = (name: string) =>
      readFileSync(join(place, name), 'utf8').match(/(?<="kind":")\w+/g);
    expect(readdirSync(place).sort()).toEqual(['patient-passkeys.ndjson', 'patient.ndjson']);
    expect(kindsIn('patient.ndjson')).toEqual(['erasure', 'erasure']);
    expect(kindsIn('patient-passkeys.ndjson')).toEqual(['passkey_removal', 'passkey_removal']);
    const { entries } = await readJournals(`file:${place}`, { since: startedAt });
    expect(entries).toHaveLength(4);
    const removals = entries.filter(({ kind }) => kind === 'passkey_removal');
    for (const { at } of removals) expect(at).toMatch(/T23:59:59\.999Z$/);
  });
});

describe('the journals of all roles', () => {
  const at = (minute: number) => `2026-11-26T10:0${minute}:00.000Z`;
  const since = Temporal.Instant.from(at(2));

  it('are read from every file and folder, in the order of time, without what was cut off', async () => {
    const place = join(folder, 'all');
    mkdirSync(join(place, 'api'), { recursive: true });
    const line = (minute: number, appointmentId: string) =>
      `${JSON.stringify({ at: at(minute), kind: 'erasure', appointmentId })}\n`;
    appendFileSync(join(place, 'api.ndjson'), line(1, 'before') + line(5, 'last'));
    appendFileSync(join(place, 'patient.ndjson'), `${line(2, 'first')}{"at":"2026-11-26T1\n\n17\n`);
    appendFileSync(join(place, 'api', 'api.ndjson'), `{"kind":"erasure"}\n${line(4, 'mirrored')}`);
    appendFileSync(join(place, 'high-water-mark.json'), '{}');
    const { entries, filesUnread, entriesMisplaced } = await readJournals(`file:${place}`, {
      since,
    });
    expect(entries.map((entry) => 'appointmentId' in entry && entry.appointmentId)).toEqual([
      ...['first', 'mirrored', 'last'],
    ]);
    expect({ filesUnread, entriesMisplaced }).toEqual({ filesUnread: 0, entriesMisplaced: 0 });
  });

  it('that cannot be read are told of', async () => {
    const place = join(folder, 'some');
    mkdirSync(join(place, 'api.ndjson'), { recursive: true });
    mkdirSync(join(place, 'elsewhere', 'patient.ndjson'), { recursive: true });
    expect(await readJournals(`file:${place}`, { since })).toEqual({
      ...{ entries: [], filesUnread: 1, entriesMisplaced: 0 },
    });
    expect(await readJournals(`file:${join(folder, 'nowhere')}`, { since })).toMatchObject({
      filesUnread: 1,
    });
  });
});

it('an entry that says it was written later than now is as old as the one before it', async () => {
  const place = join(folder, 'ahead');
  mkdirSync(place);
  const line = (kind: string, at: string) => `${JSON.stringify({ at, kind })}\n`;
  const [early, late] = ['2026-11-26T10:00:00.000Z', '2026-11-26T11:00:00.000Z'];
  appendFileSync(join(place, 'command-line.ndjson'), line('organisation_limits', late));
  appendFileSync(
    join(place, 'api.ndjson'),
    line('erasure', early) +
      line('organisation_limits', '2099-01-01T00:00:00.000Z') +
      line('endpoint_deletion', new Date(Date.now() + 60_000).toISOString()),
  );
  for (const kind of ['suppression', 'lock_out']) {
    appendFileSync(join(place, 'patient.ndjson'), line(kind, '2099-01-01T00:00:00.000Z'));
  }
  const { entries } = await readJournals(`file:${place}`, { since: Temporal.Instant.from(early) });
  expect(entries.map(({ kind, file }) => [kind, basename(file)])).toEqual([
    ['erasure', 'api.ndjson'],
    ['organisation_limits', 'api.ndjson'],
    ['lock_out', 'patient.ndjson'],
    ['organisation_limits', 'command-line.ndjson'],
    ['suppression', 'patient.ndjson'],
    ['endpoint_deletion', 'api.ndjson'],
  ]);
  expect(entries[1]?.at).toBe(early);
});

describe('an entry of a kind that its role does not write', () => {
  const at = '2026-11-26T10:00:00.000Z';
  const since = Temporal.Instant.from(at);

  it('is not carried out, whatever stands beside it, and is counted', async () => {
    for (const role of journalRoles) {
      const place = join(folder, `kinds-${role}`);
      mkdirSync(place);
      const kinds = [...journalKinds, 'constructor', 'of_a_later_version'];
      const lines = kinds.map((kind) => `${JSON.stringify({ at, kind })}\n`);
      appendFileSync(join(place, `${role}.ndjson`), lines.join(''));
      const { entries, entriesMisplaced } = await readJournals(`file:${place}`, { since });
      const read = entries.map(({ kind }) => kind);
      expect(read).toEqual(journalKinds.filter((kind) => isWrittenBy(role, kind)));
      expect(entriesMisplaced).toBe(kinds.length - read.length);
    }
    const roleOf = async (place: string) =>
      (await readJournals(`file:${join(folder, place)}`, { since })).entries.map(
        ({ kind }) => kind,
      );
    expect(await roleOf('kinds-patient')).toEqual([
      ...['erasure', 'lock_out', 'passkey_removal', 'suppression'],
    ]);
    expect(await roleOf('kinds-worker')).toEqual(['suppression', 'suppression_lifted', 'done']);
  });

  it('is not by a name that its role gave a file in its own folder', async () => {
    const place = join(folder, 'names');
    const line = `${JSON.stringify({ at, kind: 'credential_revocation', credentialId: 'x' })}\n`;
    for (const own of ['patient', 'host.patient', 'host']) {
      mkdirSync(join(place, own), { recursive: true });
      appendFileSync(join(place, own, 'command-line.ndjson'), line);
    }
    expect(await readJournals(`file:${place}`, { since })).toMatchObject({
      entries: [{ file: join(place, 'host', 'command-line.ndjson') }],
      entriesMisplaced: 2,
    });
  });

  it.each([
    ['api.ndjson', undefined, 'api'],
    ['patient-passkeys.ndjson', 'patient', 'patient'],
    ['command-line.ndjson', 'host.command-line', 'command-line'],
    ['worker.ndjson', 'host-2', 'worker'],
    ['worker.ndjson', 'api', undefined],
    ['scheduler.ndjson', undefined, undefined],
    ['api-old.ndjson', undefined, undefined],
    ['.ndjson', undefined, undefined],
  ])('%s in %s is the journal of %s', (name, within, role) => {
    expect(writerOf({ name, folder: within })).toBe(role);
  });

  it('is refused when it is to be written', async () => {
    const journal = await openJournal(`file:${join(folder, 'refused')}`, 'worker');
    await expect(journal.append({ kind: 'erasure', appointmentId: 'a' })).rejects.toThrow(
      'erasure in the journal of worker',
    );
    await journal.close();
    expect(readFileSync(join(folder, 'refused', 'worker.ndjson'), 'utf8')).toBe('');
  });
});
