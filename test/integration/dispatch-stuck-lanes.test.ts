import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Channel } from '../../src/domain/channel.ts';
import { isReachedByOthers } from '../../src/store/lane-load.ts';
import { leaveStuckLanes } from '../../src/usecases/leave-stuck-lanes.ts';
import type { SendBreaker } from '../../src/usecases/send-breaker.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { type BenchOverrides, createDispatchBench, silentLog } from '../support/dispatch-bench.ts';
import { acceptedOutcome, fakeTransport } from '../support/fake-transport.ts';
import { type MessagesPeer, startMessagesPeer } from '../support/messages-peer.ts';

let database: TestDatabase;
let peer: MessagesPeer;
let bench: ReturnType<typeof createDispatchBench>;
let organisationId: string;

beforeAll(async () => {
  database = await createTestDatabase();
  peer = await startMessagesPeer();
  bench = createDispatchBench(database, peer);
});
afterAll(async () => {
  await peer.close();
  await database.drop();
});
beforeEach(async () => {
  organisationId = await database.createOrganisation();
});
afterEach(async () => {
  await database.admin.query('truncate organisations, batches, heartbeats, events cascade');
});

const both: readonly Channel[] = ['email', 'sms'];

const refusal = { kind: 'refused', permanent: false, reason: 'provider_credentials' } as const;
/** Of a worker that has found the provider down, and may not try it yet. */
const closed: SendBreaker = {
  allows: () => 'none',
  waitMs: () => 60_000,
  run: async () => undefined,
};

/** A reminder by email that has been due for so long, of a day that it has. */
async function seed(waitedMinutes: number, channels = both): Promise<void> {
  await bench.seed({ organisationId, count: 1, channels });
  await turnBack(waitedMinutes);
}
/** It was first to be sent so long ago. */
async function turnBack(minutes: number): Promise<void> {
  await database.admin.query(`update reminders set send_at = now() - make_interval(mins => $1)`, [
    minutes,
  ]);
}
async function beat(...names: string[]): Promise<void> {
  await database.admin.query(
    `insert into heartbeats (name, instance, version) select n, n, '0' from unnest($1::text[]) n`,
    [names],
  );
}
/** Takes up what is due, as the worker would that has said what it finds. */
async function send(overrides: BenchOverrides): Promise<void> {
  const batches = await bench.feed();
  await database.admin.query(`delete from heartbeats where instance like 'bench %'`);
  for (const batchId of batches) await bench.dispatch(batchId, overrides);
}
const isPutOff = () => bench.rows('select due_at > now() as waits, state from reminders');
const leave = (available = both) =>
  leaveStuckLanes({ database: bench.scheduler, log: silentLog }, { available });
const stand = () =>
  bench.rows('select channel, state, reason_code, possible_duplicate from reminders');
const onEmail = [
  { channel: 'email', state: 'scheduled', reason_code: null, possible_duplicate: false },
];
const onSms = [
  { channel: 'sms', state: 'scheduled', reason_code: 'provider_down', possible_duplicate: false },
];

describe('while every worker finds a provider down', () => {
  beforeEach(() => beat('dispatch', 'held-up email live'));

  it('what has waited for two hours goes out by the other channel, once', async () => {
    await seed(121);
    await leave();
    expect(await stand()).toEqual(onSms);
    expect(
      await bench.rows(`select type, reason_code from events where type like 'reminder.%'`),
    ).toEqual([{ type: 'reminder.scheduled', reason_code: 'provider_down' }]);

    await database.admin.query(`delete from heartbeats where name like 'held-up%'`);
    const transport = fakeTransport(acceptedOutcome);
    for (const batchId of await bench.feed()) await bench.dispatch(batchId, { transport });
    expect(transport.sends).toHaveLength(1);
    expect(await bench.states()).toEqual({ sent: 1 });
  });

  it('what has waited for less waits on, unless half of its time is gone', async () => {
    await seed(119);
    await leave();
    expect(await stand()).toEqual(onEmail);
    await database.admin.query(`update reminders set not_after = now() + interval '110 minutes'`);
    await leave();
    expect(await stand()).toEqual(onSms);
  });

  it('what is tried again and again goes there too, though it is never due for long', async () => {
    await seed(0);
    const transport = fakeTransport(() => refusal);
    await send({ email: { transport } });
    expect(transport.sends).toHaveLength(1);
    expect(await isPutOff()).toEqual([{ waits: true, state: 'scheduled' }]);
    await leave();
    expect(await stand()).toMatchObject([{ channel: 'email' }]);
    await turnBack(121);
    await database.admin.query(
      'insert into pauses (id, organisation_id, reason) values ($1, $2, $3)',
      [randomUUID(), organisationId, 'closed'],
    );
    await leave();
    expect(await stand()).toMatchObject([{ channel: 'email' }]);
    await database.admin.query('update pauses set ended_at = now()');
    await leave();
    expect(await stand()).toEqual(onSms);
  });

  it('what is given back again and again goes there too', async () => {
    await seed(0);
    await send({ email: { breaker: closed } });
    expect(await isPutOff()).toEqual([{ waits: true, state: 'scheduled' }]);
    await turnBack(121);
    await leave();
    expect(await stand()).toEqual(onSms);
  });

  it('nothing changes for what is not due, has no other link, or tried it already', async () => {
    await seed(300, ['email']);
    await leave();
    expect(await stand()).toEqual(onEmail);
    await database.admin.query('truncate organisations cascade');
    organisationId = await database.createOrganisation();
    await seed(-1);
    await database.admin.query('update reminders set due_at = send_at');
    await leave();
    expect(await stand()).toEqual(onEmail);
    await turnBack(300);
    await database.admin.query(`update links set attempted_at = now() where channel = 'sms'`);
    await leave();
    expect(await stand()).toEqual(onEmail);
  });

  it('nothing goes to a channel that is down too', async () => {
    await beat('held-up sms live');
    await seed(300);
    await leave();
    expect(await stand()).toEqual(onEmail);
  });
});

describe('while some worker reaches the provider, or none is there', () => {
  it.each([[[]], [['dispatch']], [['dispatch', 'held-up email test']]])(
    'with %j nothing changes its channel',
    async (beats) => {
      await beat(...beats);
      await seed(300);
      await leave();
      expect(await stand()).toEqual(onEmail);
    },
  );
});

describe('a worker that finds a provider down', () => {
  const lane = { channel: 'email', mode: 'live' } as const;
  const isReached = (instance: string) => isReachedByOthers(bench.worker, { ...lane, instance });
  const say = (name: string, instance: string, agoS = 0) =>
    database.admin.query(
      `insert into heartbeats (name, instance, version, beat_at)
       values ($1, $2, '0', now() - $3 * interval '1 second')`,
      [name, instance, agoS],
    );

  it('knows of another that does not, if that is alive and not itself', async () => {
    await say('dispatch', 'one');
    expect(await isReached('one')).toBe(false);
    await say('held-up email live', 'one');
    await say('dispatch', 'gone', 60);
    expect(await isReached('one')).toBe(false);
    await say('dispatch', 'two');
    expect(await isReached('one')).toBe(true);
    await say('held-up email test', 'two');
    expect(await isReached('one')).toBe(true);
    await say('held-up email live', 'two');
    expect(await isReached('one')).toBe(false);
  });

  it('gives back what it has in hand to those at once', async () => {
    await seed(0, ['email']);
    await send({ email: { breaker: closed }, areOthersWell: ({ channel }) => channel === 'email' });
    expect(await isPutOff()).toEqual([{ waits: false, state: 'scheduled' }]);
  });
});

describe('a channel that was switched off', () => {
  it('is left at once by what has another link', async () => {
    await seed(0);
    await leave(['sms']);
    expect(await stand()).toEqual(onSms);
  });

  it('is not gone back to', async () => {
    await seed(0);
    await leave(['sms']);
    await leave(['sms']);
    expect(await stand()).toEqual(onSms);
  });
});
