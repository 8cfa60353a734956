import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openJournal } from '../../src/journal/journal.ts';
import { readJournals } from '../../src/journal/read-journals.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sotto-test-journal-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function write(role: string, appointmentId: string): Promise<void> {
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
    await write('whole', 'one');
    await write('whole', 'two');
    expect(linesOf('whole').map((line) => JSON.parse(line).appointmentId)).toEqual(['one', 'two']);
  });

  it('loses no entry to the half of one that a power cut or a full disk left before it', async () => {
    await write('torn', 'one');
    appendFileSync(join(folder, 'torn.ndjson'), '{"at":"2026-11-22T0');
    await write('torn', 'two');
    const [first, , last] = linesOf('torn');
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
    appendFileSync(join(place, 'worker.ndjson'), line(1, 'before') + line(5, 'last'));
    appendFileSync(join(place, 'patient.ndjson'), `${line(2, 'first')}{"at":"2026-11-26T1\n\n17\n`);
    appendFileSync(join(place, 'api', 'api.ndjson'), `{"kind":"erasure"}\n${line(4, 'mirrored')}`);
    appendFileSync(join(place, 'high-water-mark.json'), '{}');
    const { entries, filesUnread } = await readJournals(`file:${place}`, { since });
    expect(entries.map((entry) => 'appointmentId' in entry && entry.appointmentId)).toEqual([
      ...['first', 'mirrored', 'last'],
    ]);
    expect(filesUnread).toBe(0);
  });

  it('that cannot be read are told of', async () => {
    const place = join(folder, 'some');
    mkdirSync(join(place, 'api.ndjson'), { recursive: true });
    mkdirSync(join(place, 'elsewhere', 'patient.ndjson'), { recursive: true });
    expect(await readJournals(`file:${place}`, { since })).toEqual({ entries: [], filesUnread: 1 });
    expect(await readJournals(`file:${join(folder, 'nowhere')}`, { since })).toMatchObject({
      filesUnread: 1,
    });
  });
});
