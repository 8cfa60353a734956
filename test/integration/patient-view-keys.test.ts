import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fileKeyStore } from '../../src/keys/file-key-store.ts';
import type { KeyStore } from '../../src/keys/key-store.ts';
import { createViewKeyKeeper } from '../../src/usecases/keep-view-keys.ts';
import { createSourcePace } from '../../src/usecases/pace-sources.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

let database: TestDatabase;
let folder: string;
let keys: KeyStore;
let now: Temporal.Instant;

beforeAll(async () => {
  database = await createTestDatabase();
  folder = await mkdtemp(join(tmpdir(), 'sotto-keys-'));
  keys = fileKeyStore(folder);
});
afterAll(async () => {
  await rm(folder, { recursive: true });
  await database.drop();
});

const silent = { debug() {}, info() {}, warn() {}, error() {} };
const keeper = () =>
  createViewKeyKeeper({ database: database.open('patient'), keys, log: silent, now: () => now });

describe('view keys', () => {
  it('exist for every month in which a link may expire, and one that is there is never replaced', async () => {
    const organisationId = await database.createOrganisation();
    now = Temporal.Instant.from('2026-11-21T12:00:00Z');
    await keeper()();
    const months = await keys.listViewMonths(organisationId);
    expect([months[0], months.at(-1), months.length]).toEqual(['2026-11', '2028-01', 15]);
    // 400 days ahead, the furthest that a link may expire.
    expect(months).toContain('2027-12');
    const before = await keys.viewPublicKey(organisationId, '2027-05');
    await keeper()();
    expect(await fileKeyStore(folder).viewPublicKey(organisationId, '2027-05')).toEqual(before);
  });

  it('of a month live until a day after it, and then neither half exists', async () => {
    const organisationId = await database.createOrganisation();
    const keep = keeper();
    now = Temporal.Instant.from('2025-11-30T23:59:00Z');
    await keep();
    now = Temporal.Instant.from('2025-12-01T23:59:00Z');
    await keep();
    expect(await keys.viewPrivateKey(organisationId, '2025-11')).toBeDefined();
    now = Temporal.Instant.from('2025-12-02T00:00:00Z');
    await keep();
    expect(await keys.viewPrivateKey(organisationId, '2025-11')).toBeUndefined();
    expect(await keys.viewPublicKey(organisationId, '2025-11')).toBeUndefined();
    const months = await keys.listViewMonths(organisationId);
    expect([months[0], months.at(-1)]).toEqual(['2025-12', '2027-02']);
  });

  it('outlive a clock that jumped ahead: the database must agree that their month is over', async () => {
    const organisationId = await database.createOrganisation();
    now = Temporal.Now.instant();
    const keep = keeper();
    await keep();
    const before = await keys.listViewMonths(organisationId);
    now = now.add({ hours: 24 * 4_000 });
    await keep();
    expect(await keys.listViewMonths(organisationId)).toEqual(expect.arrayContaining(before));
  });

  it('come for an organisation that is made while the process runs', async () => {
    now = Temporal.Instant.from('2026-11-21T12:00:00Z');
    const keep = keeper();
    await keep();
    const organisationId = await database.createOrganisation();
    await keep();
    expect(await keys.viewPublicKey(organisationId, '2028-01')).toBeDefined();
  });
});

describe('a source with many wrong answers lately', () => {
  it('waits, others do not, and time forgives', { retry: 2 }, async () => {
    let clockMs = 0;
    const pace = createSourcePace(() => clockMs);
    const [busy, calm] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
    const waited = async (source: Buffer) => {
      const begun = performance.now();
      await pace.wait(source);
      return performance.now() - begun;
    };
    for (let time = 0; time < 110; time += 1) pace.noteWrong(busy);
    pace.noteWrong(calm);
    expect(await waited(busy)).toBeGreaterThanOrEqual(95);
    expect(await waited(calm)).toBeLessThan(50);
    clockMs += 15 * 60_000;
    expect(await waited(busy)).toBeLessThan(50);
  });
});
