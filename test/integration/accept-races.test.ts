import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DeleteAnswer } from '../../src/domain/appointment.ts';
import { AppError } from '../../src/domain/errors.ts';
import { createLinkTokens } from '../../src/keys/link-token.ts';
import type { Database } from '../../src/store/database.ts';
import { openLink } from '../../src/usecases/open-link.ts';
import {
  appointmentRequest,
  createTestAccept,
  createTestKeys,
  silentLog,
} from '../support/accept.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createDispatchBench } from '../support/dispatch-bench.ts';
import { type MessagesPeer, startMessagesPeer } from '../support/messages-peer.ts';

const seed = Number(process.env.SOTTO_TEST_SEED ?? 20_261_121);
const rounds = Number(process.env.SOTTO_TEST_ROUNDS ?? 8);
const perRound = 40;

let db: TestDatabase;
let organisationId: string;
let testKeys: Awaited<ReturnType<typeof createTestKeys>>;
let accept: Awaited<ReturnType<typeof createTestAccept>>;
let peer: MessagesPeer;
let bench: ReturnType<typeof createDispatchBench>;
let patient: Database;

beforeAll(async () => {
  db = await createTestDatabase();
  organisationId = await db.createOrganisation();
  testKeys = await createTestKeys([organisationId]);
  accept = await createTestAccept({
    database: db.open('api'),
    ...testKeys,
    change: { journal: { append: async () => {} } },
  });
  peer = await startMessagesPeer();
  bench = createDispatchBench(db, peer);
  patient = db.open('patient');
});
afterAll(async () => {
  await peer.close();
  await db.drop();
  await testKeys.remove();
});
beforeEach(async () => {
  peer.forget();
  await db.admin.query('truncate appointments, batches, events cascade');
});

/** Small, fast and the same for a seed. */
function randomFrom(start: number): () => number {
  let state = start;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

let counter = 0;
async function book(count: number) {
  const keys = Array.from(
    { length: count },
    () => ({ organisationId, mode: 'test', reference: `ref-${++counter}` }) as const,
  );
  const booked = await Promise.all(
    keys.map(async (key) => ({
      key,
      ...(await accept.put({ ...key, body: appointmentRequest() })),
    })),
  );
  await db.admin.query(`update reminders set due_at = clock_timestamp() where state = 'scheduled'`);
  return booked;
}

/** A booking system that is told to come back comes back. */
async function untilTaken<T>(ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof AppError && error.code === 'busy')) throw error;
    }
  }
}

async function sendingDeps() {
  const keys = await testKeys.keys.linkKeys();
  return {
    epochPrivateKey: testKeys.keys.epochPrivateKey,
    linkTokens: createLinkTokens({ keys, audience: 'localhost' }),
  };
}

/** A provider that takes its time, and refuses some for now. */
function answerSlowly(random: () => number): void {
  peer.answer = async () => {
    await wait(random() * 20);
    return random() < 0.2 ? 'rate_limit' : 'accept';
  };
}

/** What the peer accepted, by reminder. */
async function copiesByReminder() {
  const rows = await bench.rows('select reminder_id, token, possible_duplicate from attempts');
  const byToken = new Map(rows.map((row) => [(row.token as Buffer).toString('base64url'), row]));
  const copies = new Map<string, { link: string; flagged: boolean }[]>();
  for (const { attemptToken, text } of peer.accepted) {
    const attempt = byToken.get(attemptToken);
    const reminderId = String(attempt?.reminder_id);
    const link = text.split('/').at(-1) ?? '';
    const flagged = attempt?.possible_duplicate === true;
    copies.set(reminderId, [...(copies.get(reminderId) ?? []), { link, flagged }]);
  }
  return copies;
}

describe('a cancellation while reminders are being sent', () => {
  it('stops each of them or says that it could not: none is sent after it was told cancelled', async () => {
    const told = { cancelled: 0, in_flight: 0, sent: 0 };
    for (let round = 0; round < rounds; round += 1) {
      const random = randomFrom(seed + round);
      const booked = await book(perRound);
      answerSlowly(random);
      const answers = new Map<string, DeleteAnswer['reminders'][number]>();
      const cancel = async ({ key }: (typeof booked)[number]) => {
        await wait(random() * 250);
        const { reminders } = await untilTaken(() => accept.remove({ ...key, erase: false }));
        for (const reminder of reminders) answers.set(reminder.id, reminder);
      };
      await Promise.all([...booked.map(cancel), bench.drain(await sendingDeps())]);
      // What was refused for now would be due again at once. All have been told: no attempt follows.
      peer.answer = () => 'accept';
      const requests = peer.requests();
      await db.admin.query('update reminders set due_at = clock_timestamp()');
      await bench.drain(await sendingDeps());
      expect(peer.requests(), `seed ${seed}, round ${round}`).toBe(requests);

      const copies = await copiesByReminder();
      const rows = await bench.rows('select id, state, possibly_sent from reminders');
      const states = new Map(rows.map((row) => [String(row.id), row]));
      for (const { reminders } of booked) {
        const id = reminders[0]?.id ?? '';
        const where = `seed ${seed}, round ${round}, reminder ${id}`;
        const said = answers.get(id)?.state as keyof typeof told;
        const state = states.get(id)?.state;
        told[said] += 1;
        const copied = copies.get(id)?.length ?? 0;
        expect(['cancelled', 'in_flight', 'sent'], where).toContain(said);
        expect({ state, copied }, where).toEqual(
          copied === 0 ? { state: 'cancelled', copied: 0 } : { state: 'sent', copied: 1 },
        );
        if (said === 'cancelled') expect(copied, where).toBe(0);
        if (said === 'sent') expect(copied, where).toBe(1);
        expect(states.get(id)?.possibly_sent, where).toBe(false);
      }
      peer.forget();
      await db.admin.query('truncate appointments, batches cascade');
    }
    // Each way was met, else this proves little.
    for (const times of Object.values(told)) expect(times).toBeGreaterThan(5);
  });
});

describe('a move while reminders are being sent', () => {
  it('sends no reminder twice, and every link that went out shows the new time', async () => {
    let seen = 0;
    let superseded = 0;
    for (let round = 0; round < rounds; round += 1) {
      const random = randomFrom(seed + 1_000 + round);
      const booked = await book(perRound);
      answerSlowly(random);
      const starts = new Map<string, string>();
      const move = async ({ key, id }: (typeof booked)[number]) => {
        await wait(random() * 250);
        // Moved, or put again as it was: then the very same reminder goes on under a new link.
        const body = appointmentRequest({}, random() < 0.5 ? 72 : 96 + Math.floor(random() * 48));
        starts.set(id, body.reveal().start);
        await untilTaken(() => accept.put({ ...key, body }));
      };
      await Promise.all([...booked.map(move), bench.drain(await sendingDeps())]);
      peer.answer = () => 'accept';
      await db.admin.query(
        'update reminders set due_at = clock_timestamp() where attempt_count > 0',
      );
      await bench.drain(await sendingDeps());

      const copies = await copiesByReminder();
      const keys = await testKeys.keys.linkKeys();
      const tokens = createLinkTokens({ keys, audience: 'localhost' });
      for (const { id, reminders } of booked) {
        const where = `seed ${seed}, round ${round}, appointment ${id}`;
        const first = copies.get(reminders[0]?.id ?? '') ?? [];
        expect(first.filter(({ flagged }) => !flagged).length, where).toBeLessThanOrEqual(1);
        if (first.length === 0) superseded += 1;
        for (const { link } of first) {
          seen += 1;
          const secret = await tokens.verify(link);
          const opened =
            secret &&
            (await openLink({ database: patient, keys: testKeys.keys, log: silentLog }, secret));
          expect(opened?.request.reveal().start, where).toBe(starts.get(id));
        }
      }
      const doubled = [...copies].filter(
        ([, of]) => of.filter(({ flagged }) => !flagged).length > 1,
      );
      expect(doubled, `seed ${seed}, round ${round}`).toEqual([]);
      peer.forget();
      await db.admin.query('truncate appointments, batches cascade');
    }
    expect(seen).toBeGreaterThan(5);
    expect(superseded).toBeGreaterThan(5);
  });
});
