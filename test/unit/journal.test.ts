import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openJournal } from '../../src/journal/journal.ts';

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
