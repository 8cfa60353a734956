import { Webhook } from 'standardwebhooks';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { redriveDeadLetters } from '../../src/usecases/redrive-dead-letters.ts';
import { createCheckBench } from '../support/check-bench.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createDispatchBench } from '../support/dispatch-bench.ts';
import { createFaultPoint, faultModes } from '../support/fault-point.ts';
import { type MessagesPeer, startMessagesPeer } from '../support/messages-peer.ts';
import { sayWithoutEnd } from '../support/say-without-end.ts';
import { waitFor } from '../support/wait-for.ts';
import { startWebhookPeer, type WebhookPeer } from '../support/webhook-peer.ts';

let database: TestDatabase;
let peer: MessagesPeer;
let asked: WebhookPeer;
let bench: ReturnType<typeof createDispatchBench>;
let checks: ReturnType<typeof createCheckBench>;
let owner: Awaited<ReturnType<typeof checks.addOrganisation>>;

beforeAll(async () => {
  database = await createTestDatabase();
  peer = await startMessagesPeer();
  bench = createDispatchBench(database, peer);
  checks = createCheckBench(database);
  // From now on workers are heard of.
  await bench.feed();
});
beforeEach(async () => {
  asked = await startWebhookPeer();
  answering('proceed');
  owner = await checks.addOrganisation();
  peer.forget();
});
afterEach(async () => {
  await asked.close();
  await database.admin.query(
    'delete from send_checks; delete from appointments; delete from batches',
  );
});
afterAll(async () => {
  await peer.close();
  await database.drop();
});

const answering = (decision: unknown) => {
  asked.answer = (_question, response) => response.writeHead(200).end(JSON.stringify({ decision }));
};
const addCheck = (onNoAnswer = 'send') =>
  checks.api.putSendCheck({ ...owner, url: `${asked.url}/check`, onNoAnswer });
const seed = (count: number, options = {}) =>
  bench.seed({ organisationId: owner.organisationId, mode: 'test', count, ...options });
const fails = (status: number, body = '') => {
  asked.answer = (_question, response) => response.writeHead(status).end(body);
};
/** Feeds what may be fed, and sends it. */
async function send(): Promise<void> {
  const batches = await bench.feed();
  await Promise.all(batches.map((batchId) => bench.dispatch(batchId)));
}
const eventsOf = (state: string) =>
  bench.rows(
    'select from_state, reason_code from events where organisation_id = $1 and to_state = $2',
    [owner.organisationId, state],
  );

describe('an organisation whose booking system is asked', () => {
  it('has nothing sent before there is an answer, and what is answered for once', async () => {
    await addCheck();
    await seed(20);
    await send();
    expect(peer.accepted).toHaveLength(0);
    await checks.ask();
    await send();
    await checks.ask();
    await send();
    expect(peer.accepted).toHaveLength(20);
    expect(asked.ledger).toHaveLength(20);
    expect(await bench.states()).toEqual({ sent: 20 });
  });

  it('is asked a question that holds ids, its reference and times, and that it can verify', async () => {
    const { check } = await addCheck();
    const [reminder] = await seed(1);
    await checks.ask();
    const [question] = asked.ledger;
    if (!question || !reminder) throw new Error('nothing was asked');
    const said = new Webhook(check.secret ?? '').verify(
      question.body,
      question.headers as Record<string, string>,
    );
    expect(said).toEqual({
      type: 'reminder.check',
      timestamp: expect.stringMatching(/Z$/),
      data: {
        reference: `ref-${reminder.appointmentId}`,
        version: 1,
        reminderId: reminder.id,
        channel: 'sms',
        sendAt: expect.stringMatching(/Z$/),
        organisationId: owner.organisationId,
        mode: 'test',
      },
    });
    expect(question.id).toBe(`check_${reminder.id}_1`);
  });

  it('drops, and then nothing is sent: cancelled, with an event that says why', async () => {
    await addCheck();
    await seed(5);
    answering('drop');
    await checks.ask();
    await send();
    expect(peer.accepted).toHaveLength(0);
    expect(await bench.states()).toEqual({ cancelled: 5 });
    expect(await eventsOf('cancelled')).toEqual(
      Array(5).fill({ from_state: 'scheduled', reason_code: 'dropped_by_check' }),
    );
    const parcels = await bench.rows('select from links where parcel is not null');
    expect(parcels).toHaveLength(0);
  });

  it('is asked again once its answer is out of date', async () => {
    await addCheck();
    await seed(1);
    await checks.ask();
    await checks.turnClock(31_000);
    answering('drop');
    await send();
    expect(await bench.states()).toEqual({ scheduled: 1 });
    await checks.ask();
    await send();
    expect(await bench.states()).toEqual({ cancelled: 1 });
  });

  it.each([
    ['an error', () => fails(500)],
    ['a redirect', () => fails(302)],
    ['no JSON', () => fails(200, 'proceed')],
    ['another word', () => answering('maybe')],
    ['no object', () => fails(200, '"proceed"')],
    ['too much', () => fails(200, `{"decision":"proceed","why":"${'x'.repeat(1_025 - 31)}"}`)],
    ['another success', () => fails(202, '{"decision":"proceed"}')],
    [
      'half an answer',
      () => {
        asked.answer = (_question, response) => {
          response.writeHead(200, { 'content-length': 100 }).write('{"decision":"proceed"}');
          setTimeout(() => response.destroy(), 20);
        };
      },
    ],
  ])('decides nothing with %s', async (_what, misbehave) => {
    await addCheck();
    await seed(1);
    misbehave();
    await checks.ask();
    await send();
    expect(await bench.states()).toEqual({ scheduled: 1 });
    answering('proceed');
    await checks.turnClock(6_000);
    await checks.ask();
    await send();
    expect(await bench.states()).toEqual({ sent: 1 });
  });

  it('is not read for longer than it may be, when it has no end', async () => {
    await addCheck();
    await seed(1);
    let said = () => 0;
    asked.answer = (_question, response) => {
      said = sayWithoutEnd(response.writeHead(200));
    };
    await checks.ask();
    expect(said()).toBeGreaterThan(0);
    expect(said()).toBeLessThan(16 * 2 ** 20);
    await send();
    expect(await bench.states()).toEqual({ scheduled: 1 });
  });

  it('that gives no answer has its reminders go out after the grace, or held and sent again', async () => {
    await addCheck();
    const other = await checks.addOrganisation();
    const held = await startWebhookPeer();
    await checks.api.putSendCheck({ ...other, url: held.url, onNoAnswer: 'hold' });
    held.answer = (_question, response) => response.writeHead(500).end();
    fails(500);
    await seed(10);
    await bench.seed({ organisationId: other.organisationId, mode: 'test', count: 10 });
    await checks.ask();
    await checks.turnClock(4 * 60_000);
    await checks.ask();
    await send();
    expect(await bench.states()).toEqual({ scheduled: 20 });
    await checks.turnClock(61_000);
    await checks.ask();
    await send();
    await held.close();
    expect(await bench.states()).toEqual({ sent: 10, failed: 10 });
    expect(
      await bench.rows(`select distinct reason_code from reminders where state = 'failed'`),
    ).toEqual([{ reason_code: 'check_unanswered' }]);
  });

  it('is asked about what was held once a person sends it again', async () => {
    await addCheck('hold');
    await seed(1);
    fails(500);
    await checks.ask();
    await checks.turnClock(301_000);
    await checks.ask();
    expect(await bench.states()).toEqual({ failed: 1 });
    answering('proceed');
    const by = { actor: 'anna', reason: 'it answers again' };
    await redriveDeadLetters({ database: database.open('ops', 1) }, { filter: {}, ...by });
    await send();
    expect(await bench.states()).toEqual({ scheduled: 1 });
    await checks.ask();
    await send();
    expect(await bench.states()).toEqual({ sent: 1 });
  });

  it('that gives no answer is asked little', async () => {
    await addCheck();
    await seed(60);
    fails(500);
    await checks.ask();
    const first = asked.ledger.length;
    expect(first).toBeLessThanOrEqual(5 + 8);
    await checks.ask();
    expect(asked.ledger).toHaveLength(first);
    await checks.turnClock(61_000);
    await checks.ask();
    expect(asked.ledger).toHaveLength(first + 1);
    answering('proceed');
    await checks.turnClock(61_000);
    await checks.ask();
    expect(asked.ledger).toHaveLength(first + 1 + 60);
    await send();
    expect(await bench.states()).toEqual({ sent: 60 });
  });

  it('holds up nobody else', async () => {
    await addCheck();
    asked.answer = () => {};
    await seed(50);
    const other = await checks.addOrganisation();
    const answers = await startWebhookPeer();
    answers.answer = (_question, response) => response.end('{"decision":"proceed"}');
    await checks.api.putSendCheck({ ...other, url: answers.url });
    await bench.seed({ organisationId: other.organisationId, mode: 'test', count: 50 });
    const plain = await checks.addOrganisation();
    await bench.seed({ organisationId: plain.organisationId, mode: 'test', count: 50 });
    const asker = checks.openAsker();
    await asker.lookAround(new AbortController().signal);
    await expect.poll(() => answers.ledger.length, { timeout: 20_000 }).toBe(50);
    await expect
      .poll(async () => {
        await send();
        return bench.states();
      })
      .toEqual({ sent: 100, scheduled: 50 });
    await asked.close();
    await asker.idle();
    await answers.close();
  });

  it('is not asked while nothing would go out', async () => {
    await addCheck();
    await seed(3);
    await database.admin.query(
      `insert into pauses (id, reason) values (gen_random_uuid(), 'test')`,
    );
    await checks.ask();
    await database.admin.query('delete from pauses');
    expect(asked.ledger).toHaveLength(0);
  });

  it('has nothing held or sent unanswered while it is paused: what waits is asked about when it goes on', async () => {
    await addCheck('hold');
    await seed(8);
    fails(500);
    await checks.ask();
    await database.admin.query(
      `insert into pauses (id, organisation_id, reason) values (gen_random_uuid(), $1, 'test')`,
      [owner.organisationId],
    );
    await checks.turnClock(3_600_000);
    await checks.ask();
    expect(await bench.states()).toEqual({ scheduled: 8 });
    answering('proceed');
    await database.admin.query('delete from pauses');
    await checks.ask();
    await send();
    expect(await bench.states()).toEqual({ sent: 8 });
  });

  it('says nothing any more about an appointment that has changed since it was asked', async () => {
    await addCheck();
    const [reminder] = await seed(1);
    asked.answer = async (_question, response) => {
      await database.admin.query('update appointments set version = 2 where id = $1', [
        reminder?.appointmentId,
      ]);
      response.end('{"decision":"drop"}');
    };
    await checks.ask();
    expect(await bench.states()).toEqual({ scheduled: 1 });
    answering('proceed');
    await checks.ask();
    await send();
    expect(await bench.states()).toEqual({ sent: 1 });
  });

  it('is asked no more once it wants that, and what waits goes out', async () => {
    await addCheck();
    await seed(3);
    fails(500);
    await checks.ask();
    await checks.api.removeSendCheck(owner);
    await send();
    expect(await bench.states()).toEqual({ sent: 3 });
  });
});

/** Nothing of a dead process is in the air any more. */
async function quiet(): Promise<void> {
  const isQuiet = async () => {
    const [busy] = await bench.rows(
      `select count(*)::int as count from pg_stat_activity where usename = 'sotto_scheduler'
         and datname = current_database() and state <> 'idle'`,
    );
    return busy?.count === 0;
  };
  await waitFor(isQuiet, 20_000, 2);
}

describe('a process that dies, or loses an answer, at any step of asking', () => {
  it.each(faultModes)('loses nothing, and sends or drops each once: %s', async (mode) => {
    await addCheck();
    for (let at = 1, last = 1; at <= last; at += 1) {
      const fault = createFaultPoint({ at, mode });
      const seeded = await seed(4);
      const dropped = new Set(seeded.slice(0, 2).map(({ id }) => id));
      asked.answer = ({ body }, response) => {
        const { reminderId } = JSON.parse(body).data;
        response.end(JSON.stringify({ decision: dropped.has(reminderId) ? 'drop' : 'proceed' }));
      };
      const faulty = checks.openAsker({ database: fault.database, channel: fault.channel });
      await Promise.race([checks.ask(faulty).catch(() => {}), fault.died]);
      await quiet();
      last = Math.max(last, fault.steps());
      await checks.turnClock(61_000);
      await checks.ask();
      await send();
      expect(await bench.states(), `step ${at}`).toEqual({ sent: 2, cancelled: 2 });
      expect(peer.accepted, `step ${at}`).toHaveLength(2);
      expect(await eventsOf('cancelled'), `step ${at}`).toHaveLength(2);
      await database.admin.query('delete from appointments; delete from events');
      peer.forget();
    }
  });
});
