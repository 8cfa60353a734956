import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { AppointmentRequest } from '../../src/domain/appointment.ts';
import { createLinkTokens } from '../../src/keys/link-token.ts';
import type { Database } from '../../src/store/database.ts';
import { appointmentRequest, createTestAccept, createTestKeys } from '../support/accept.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { type BenchOverrides, createDispatchBench } from '../support/dispatch-bench.ts';
import { balancedBooks } from '../support/doubts.ts';
import { type MessagesPeer, type PeerRead, startMessagesPeer } from '../support/messages-peer.ts';

const minute = 60_000;
const lane = { channel: 'sms', mode: 'test' } as const;
let database: TestDatabase;
let organisationId: string;
let testKeys: Awaited<ReturnType<typeof createTestKeys>>;
let accept: Awaited<ReturnType<typeof createTestAccept>>;
let peer: MessagesPeer;
let bench: ReturnType<typeof createDispatchBench>;
let sending: BenchOverrides;
let ops: Database;

beforeAll(async () => {
  database = await createTestDatabase();
  organisationId = await database.createOrganisation();
  testKeys = await createTestKeys([organisationId]);
  accept = await createTestAccept({
    ...{ database: database.open('api'), ...testKeys },
    change: { journal: { append: async () => {} } },
  });
  peer = await startMessagesPeer();
  bench = createDispatchBench(database, peer);
  sending = {
    epochPrivateKey: testKeys.keys.epochPrivateKey,
    linkTokens: createLinkTokens({ keys: await testKeys.keys.linkKeys(), audience: 'localhost' }),
  };
  ops = database.open('ops', 1);
});
afterAll(async () => {
  await peer.close();
  await database.drop();
  await testKeys.remove();
});
beforeEach(async () => {
  peer.forget();
  await database.admin.query('truncate appointments, batches, events cascade');
});

const put = (change: Partial<AppointmentRequest> = {}, hours = 72) =>
  accept.put({
    ...{ organisationId, mode: 'test', reference: 'moved-1' },
    body: appointmentRequest(change, hours),
  });

/** An appointment whose one reminder is in doubt, its window over but for this look. */
async function inDoubt(taken: boolean): Promise<void> {
  await put();
  await database.admin.query('update reminders set due_at = clock_timestamp()');
  peer.answer = () => (taken ? 'accept_then_reset' : 'error_500');
  await bench.drain(sending);
  peer.answer = () => 'accept';
  expect(await bench.states()).toEqual({ uncertain: 1 });
  await bench.turnClock(15 * minute);
}

async function settleWhile(work: () => Promise<unknown>): Promise<void> {
  peer.list = async (): Promise<PeerRead> => {
    await work();
    return 'answer';
  };
  await bench.settleWith(bench.deps(sending), [], lane);
  peer.list = () => 'answer';
}

const reminders = () =>
  bench.rows(
    `select kind, state, possibly_sent, possible_duplicate from reminders order by created_at, id`,
  );
const linksSent = () => new Set(peer.accepted.map(({ text }) => /https?:\S+$/.exec(text)?.[0]));

describe('a PUT while a send in doubt is being looked for', () => {
  it.each([true, false])('that moves it ends it, flagged (provider has it: %s)', async (taken) => {
    await inDoubt(taken);
    await settleWhile(() => put({ notice: 'none' }, 96));
    await bench.drain(sending);
    expect(await reminders()).toMatchObject([
      { state: 'superseded', possibly_sent: true },
      { state: 'scheduled', possibly_sent: false },
    ]);
    expect(peer.accepted).toHaveLength(taken ? 1 : 0);
    expect(await balancedBooks(ops)).toMatchObject({ made: 1, ended: 1, open: 0 });
  });

  it('that moves it after it is to be sent once more tells the patient, who may have had the first', async () => {
    await inDoubt(false);
    await settleWhile(async () => {});
    expect(await reminders()).toMatchObject([{ state: 'scheduled', possible_duplicate: true }]);
    await put({}, 96);
    const [old, ...others] = await reminders();
    expect(old).toMatchObject({ state: 'superseded', possibly_sent: true });
    expect(others.map(({ kind }) => kind).toSorted()).toEqual(['notice', 'planned']);
  });

  it('that changes details alone leaves it in doubt: what was sent is found by its old link', async () => {
    await inDoubt(true);
    await settleWhile(() => put({ details: { practitioner: 'Dr. Other' } }));
    expect(await bench.states()).toEqual({ sent: 1 });
    expect(peer.accepted).toHaveLength(1);
  });

  it('and then is looked for by both links, and sent once more with the new one', async () => {
    await inDoubt(false);
    await put({ details: { practitioner: 'Dr. Other' } });
    await settleWhile(async () => {});
    // Here it went out before its send time, which is waited for.
    await database.admin.query('update reminders set due_at = clock_timestamp()');
    await bench.drain(sending);
    expect(await reminders()).toMatchObject([{ state: 'sent', possible_duplicate: true }]);
    expect(linksSent().size).toBe(1);
    const [link] = await bench.rows(
      `select current from links where attempted_at is not null order by created_at desc limit 1`,
    );
    expect(link).toEqual({ current: true });
    expect(await balancedBooks(ops)).toMatchObject({ made: 1, resent: 1 });
  });
});
