import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Secret } from '../../src/domain/secret.ts';
import type { Database } from '../../src/store/database.ts';
import { openLink } from '../../src/usecases/open-link.ts';
import { type ProveRecipientDeps, proveRecipient } from '../../src/usecases/prove-recipient.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { type PatientPages, startPatientPages } from '../support/patient-pages.ts';
import { seedAppointment, seededPin } from '../support/seed-appointment.ts';

let database: TestDatabase;
let pages: PatientPages;
let organisationId: string;
let single: Database;

beforeAll(async () => {
  database = await createTestDatabase();
  pages = await startPatientPages(database);
  organisationId = await database.createOrganisation();
  // One connection hands transactions out in the order they were asked for.
  single = database.open('patient', 1);
});
afterAll(async () => {
  await pages.close();
  await database.drop();
});

const silent = { debug() {}, info() {}, warn() {}, error() {} };
const deps = (changes: Partial<ProveRecipientDeps> = {}): ProveRecipientDeps => ({
  database: single,
  journal: { append: async () => {} },
  keys: pages.keys,
  underWay: new Map(),
  log: silent,
  ...changes,
});

async function openSeeded() {
  const seeded = await seedAppointment(pages.seed, { organisationId });
  const link = await openLink(
    { database: single, keys: pages.keys, log: silent },
    seeded.link.secret,
  );
  if (!link) throw new Error('a seeded link does not open');
  return { seeded, link };
}

const typed = (pin: string) => ({
  answer: { factor: 'pin', pin: new Secret(pin) } as const,
  linkSecret: new Secret(randomBytes(18)),
  source: randomBytes(32),
});
const wrong = () => typed('593827');
const right = () => typed(seededPin);

async function storedCount(appointmentId: string): Promise<object | undefined> {
  const { rows } = await database.admin.query(
    'select failed_count, locked_at is not null as locked from factor_failures where appointment_id = $1',
    [appointmentId],
  );
  return rows[0];
}

describe('counting before comparing', () => {
  it('never lets the eleventh answer succeed, while the ten before it are still in the air', async () => {
    const { seeded, link } = await openSeeded();
    const proofs = await Promise.all([
      ...Array.from({ length: 10 }, () => proveRecipient(deps(), { link, ...wrong() })),
      proveRecipient(deps(), { link, ...right() }),
    ]);
    expect(proofs.at(-1)?.outcome).not.toBe('proved');
    expect(await storedCount(seeded.id)).toMatchObject({ locked: true });
  });

  it('lets the tenth succeed when it is right, and gives its place back', async () => {
    const { seeded, link } = await openSeeded();
    for (let time = 0; time < 9; time += 1) await proveRecipient(deps(), { link, ...wrong() });
    expect(await proveRecipient(deps(), { link, ...right() })).toEqual({
      outcome: 'proved',
      tier: 2,
    });
    expect(await storedCount(seeded.id)).toEqual({ failed_count: 9, locked: false });
  });

  it('takes the last try that is left, when it is right and arrives twice, for one', async () => {
    const shared = deps();
    const [one, other] = [right(), right()];
    const atOnce = async (answers: readonly ReturnType<typeof typed>[]) => {
      const { seeded, link } = await openSeeded();
      for (let time = 0; time < 9; time += 1) await proveRecipient(shared, { link, ...wrong() });
      const proofs = await Promise.all(
        answers.map((answer) => proveRecipient(shared, { link, ...answer })),
      );
      return { ends: proofs.map(({ outcome }) => outcome), ...(await storedCount(seeded.id)) };
    };
    expect(await atOnce([one, one, one])).toEqual({
      ...{ ends: ['proved', 'proved', 'proved'], failed_count: 9, locked: false },
    });
    // From somewhere else it is another try, which nobody has left.
    expect(await atOnce([one, other])).toMatchObject({ ends: ['proved', 'locked'], locked: true });
    expect(shared.underWay.size).toBe(0);
  });

  it('gives no try away when the process dies between counting and answering', async () => {
    const { seeded, link } = await openSeeded();
    let transactions = 0;
    const dying: ProveRecipientDeps['database'] = {
      transaction: (ids, work) => {
        transactions += 1;
        return transactions % 2 === 0
          ? Promise.reject(new Error('killed'))
          : single.transaction(ids, work);
      },
    };
    for (let time = 0; time < 10; time += 1) {
      await expect(
        proveRecipient(deps({ database: dying }), { link, ...(time % 2 ? wrong() : right()) }),
      ).rejects.toThrow('killed');
    }
    expect(await storedCount(seeded.id)).toEqual({ failed_count: 10, locked: false });
    const after = await proveRecipient(deps(), { link, ...right() });
    expect(after.outcome).toBe('locked');
    expect(await storedCount(seeded.id)).toMatchObject({ locked: true });
  });

  it('opens nothing while the lock cannot be journalled', async () => {
    const { seeded, link } = await openSeeded();
    for (let time = 0; time < 9; time += 1) await proveRecipient(deps(), { link, ...wrong() });
    const full = deps({ journal: { append: () => Promise.reject(new Error('disk full')) } });
    await expect(proveRecipient(full, { link, ...wrong() })).rejects.toThrow('disk full');
    await expect(proveRecipient(full, { link, ...right() })).rejects.toThrow('disk full');
    expect(await storedCount(seeded.id)).toEqual({ failed_count: 11, locked: false });
    expect((await proveRecipient(deps(), { link, ...right() })).outcome).toBe('locked');
  });

  it('lets a right answer through when a notice clears the counters under it', async () => {
    const { seeded, link } = await openSeeded();
    let transactions = 0;
    const cleared: ProveRecipientDeps['database'] = {
      transaction: async (ids, work) => {
        transactions += 1;
        if (transactions === 2) {
          await database.admin.query('delete from factor_failures where appointment_id = $1', [
            seeded.id,
          ]);
        }
        return single.transaction(ids, work);
      },
    };
    const proof = await proveRecipient(deps({ database: cleared }), { link, ...right() });
    expect(proof.outcome).toBe('proved');
    expect(await storedCount(seeded.id)).toBeUndefined();
  });

  it('opens nothing with a right answer that a lock overtakes', async () => {
    const { seeded, link } = await openSeeded();
    let transactions = 0;
    const overtaken: ProveRecipientDeps['database'] = {
      transaction: async (ids, work) => {
        transactions += 1;
        if (transactions === 2) {
          await database.admin.query(
            `update factor_failures set locked_at = clock_timestamp(), help_code = 'HELPME'
             where appointment_id = $1`,
            [seeded.id],
          );
        }
        return single.transaction(ids, work);
      },
    };
    expect(await proveRecipient(deps({ database: overtaken }), { link, ...right() })).toEqual({
      outcome: 'locked',
      helpCode: 'HELPME',
    });
  });

  it('compares nothing with a record that has no PIN', async () => {
    const { link } = await openSeeded();
    const { pin: _pin, ...recipient } = link.request.reveal().recipient;
    const without = { ...link, request: new Secret({ ...link.request.reveal(), recipient }) };
    for (const pin of ['', '482913', '000000']) {
      const proof = await proveRecipient(deps(), { link: without, ...typed(pin) });
      expect(proof.outcome).toBe('refused');
    }
  });
});
