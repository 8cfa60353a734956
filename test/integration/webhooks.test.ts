import { randomUUID } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { webhookTriesMax } from '../../config/webhook-retry.ts';
import type { Database } from '../../src/store/database.ts';
import { listEvents } from '../../src/usecases/list-events.ts';
import { measureOperations } from '../../src/usecases/measure-operations.ts';
import { retireExpired } from '../../src/usecases/retire-expired.ts';
import { openWebhookSender } from '../../workers/webhooks.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { silentLog } from '../support/dispatch-bench.ts';
import { waitFor } from '../support/wait-for.ts';
import { createWebhookBench, eventIdOf } from '../support/webhook-bench.ts';
import { startWebhookPeer, type WebhookPeer } from '../support/webhook-peer.ts';

let database: TestDatabase;
let bench: ReturnType<typeof createWebhookBench>;
let peer: WebhookPeer;
let asOps: Database;
let owner: Awaited<ReturnType<typeof bench.addOrganisation>>;

beforeAll(async () => {
  database = await createTestDatabase();
  bench = createWebhookBench(database);
  asOps = database.open('ops');
});
beforeEach(async () => {
  peer = await startWebhookPeer();
  owner = await bench.addOrganisation();
});
afterEach(async () => {
  await peer.close();
  await database.admin.query('delete from webhook_endpoints');
});
afterAll(() => database.drop());

const addEndpoint = (path = '/hook') =>
  bench.api.createWebhookEndpoint({ ...owner, url: `${peer.url}${path}` });
const read = (endpointId: string) => bench.api.readWebhookEndpoint({ ...owner, endpointId });
const failures = async (endpointId: string) =>
  (await bench.api.listWebhookFailures({ ...owner, endpointId })).failures;
const settle = () => bench.settle(bench.openSender());
const answering = (status: number, headers = {}) => {
  peer.answer = (_delivery, response) => response.writeHead(status, headers).end();
};
const arrived = () => peer.ledger.map(eventIdOf);
const verify = (secret: string, { body, headers }: WebhookPeer['ledger'][number]) =>
  new Webhook(secret).verify(body, headers as Record<string, string>);

describe('what is delivered', () => {
  it('is every event after the endpoint was made, once and in order, and none from before', async () => {
    await bench.addEvents(owner, 2);
    await addEndpoint();
    const ids = await bench.addEvents(owner, 5);
    await settle();
    expect(arrived()).toEqual(ids);
    const more = await bench.addEvents(owner, 2);
    await settle();
    expect(arrived()).toEqual([...ids, ...more]);
  });

  it('goes to no address of this machine from beside a live transport, wherever the endpoint was made', async () => {
    await addEndpoint();
    const ids = await bench.addEvents(owner, 1);
    const { scheduler, keys } = bench;
    const sender = (isSandbox: boolean) =>
      openWebhookSender({
        ...{ database: scheduler, keys, resolveName: async () => [], isSandbox },
        log: silentLog,
      });
    await bench.settle(sender(false));
    expect(peer.ledger).toEqual([]);
    await bench.turnClock(24);
    await bench.settle(sender(true));
    expect(arrived()).toEqual(ids);
  });

  it('is of one organisation and mode', async () => {
    await addEndpoint();
    const other = await bench.addOrganisation();
    await bench.addEvents(other, 1);
    await database.admin.query(
      `insert into events (organisation_id, mode, type, reference, appointment_id)
       values ($1, 'live', 'appointment.accepted', 'visit-1', $2)`,
      [owner.organisationId, randomUUID()],
    );
    const ids = await bench.addEvents(owner, 1);
    await settle();
    expect(arrived()).toEqual(ids);
  });

  it('passes by nothing that commits late', async () => {
    await addEndpoint();
    const late = await database.admin.connect();
    await late.query('begin');
    const insertion = `insert into events (organisation_id, mode, type, reference, appointment_id)
      values ($1, 'test', 'appointment.accepted', 'visit-1', $2) returning id::text`;
    const { rows } = await late.query(insertion, [owner.organisationId, randomUUID()]);
    const [early] = await bench.addEvents(owner, 1);
    const sender = bench.openSender();
    await sender.lookAround(new AbortController().signal);
    await sender.idle();
    expect(arrived()).toEqual([]);
    await late.query('commit');
    late.release();
    await settle();
    expect(arrived()).toEqual([rows[0].id, early]);
  });

  it('begins with what was being written when the endpoint was made', async () => {
    const running = await database.admin.connect();
    await running.query('begin');
    await running.query('select pg_current_xact_id()');
    await bench.addEvents(owner, 1);
    await addEndpoint();
    const { rows } = await running.query(
      `insert into events (organisation_id, mode, type, reference, appointment_id)
       values ($1, 'test', 'appointment.accepted', 'visit-1', $2) returning id::text`,
      [owner.organisationId, randomUUID()],
    );
    await running.query('commit');
    running.release();
    await settle();
    expect(arrived()).toContain(rows[0].id);
  });

  it('is what a receiver verifies with the library, and with a time of now', async () => {
    const { secret } = await addEndpoint();
    const [id] = await bench.addEvents(owner, 1);
    await settle();
    const [delivery] = peer.ledger;
    if (!delivery) throw new Error('nothing came');
    expect(verify(secret, delivery)).toMatchObject({ type: 'reminder.sent', data: { id } });
    const tampered = { ...delivery, body: delivery.body.replace('sent', 'cent') };
    expect(() => verify(secret, tampered)).toThrow('No matching signature');
    const sentAt = Number(delivery.headers['webhook-timestamp']);
    expect(Math.abs(Date.now() / 1_000 - sentAt)).toBeLessThan(10);
  });

  it('holds ids, states and times, and nothing else of anyone', async () => {
    await addEndpoint();
    const reminderId = randomUUID();
    await database.admin.query(
      `insert into events (organisation_id, mode, type, reference, appointment_id, reminder_id,
         from_state, to_state, reason_code, possible_duplicate, possibly_sent)
       values ($1, 'test', 'reminder.undelivered', 'visit-1', $2, $3, 'sent', 'undelivered',
         'invalid_recipient', true, true)`,
      [owner.organisationId, randomUUID(), reminderId],
    );
    await settle();
    const [delivery] = peer.ledger;
    const body = JSON.parse(delivery?.body ?? '');
    expect(body).toEqual({
      type: 'reminder.undelivered',
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      data: {
        id: expect.stringMatching(/^\d+$/),
        organisationId: owner.organisationId,
        mode: 'test',
        reference: 'visit-1',
        reminderId,
        state: 'undelivered',
        possibleDuplicate: true,
        possiblySent: true,
      },
    });
    expect(Object.keys(delivery?.headers ?? {}).sort()).toEqual([
      'connection',
      'content-length',
      'content-type',
      'host',
      'user-agent',
      'webhook-id',
      'webhook-signature',
      'webhook-timestamp',
    ]);
  });

  it('tells an erasure by the patient from one that was asked for here', async () => {
    await addEndpoint();
    for (const reason of [null, 'by_recipient']) {
      await database.admin.query(
        `insert into events (organisation_id, mode, type, reference, appointment_id, reason_code)
         values ($1, 'test', 'appointment.erased', 'visit-1', $2, $3)`,
        [owner.organisationId, randomUUID(), reason],
      );
    }
    await settle();
    expect(peer.ledger.map(({ body }) => JSON.parse(body).data.reasonCode)).toEqual([
      undefined,
      'by_recipient',
    ]);
  });

  it('leaves out what says only which process has a reminder in hand', async () => {
    await addEndpoint();
    const step = `insert into events (organisation_id, mode, type, reference, appointment_id,
      reminder_id, from_state, to_state) values ($1, 'test', $2, 'v', $3, $3, $4, $5)`;
    const id = randomUUID();
    for (const [from, to] of [
      ['scheduled', 'queued'],
      ['queued', 'sending'],
      ['sending', 'scheduled'],
    ]) {
      await database.admin.query(step, [owner.organisationId, `reminder.${to}`, id, from, to]);
    }
    const ids = await bench.addEvents(owner, 1);
    await settle();
    expect(arrived()).toEqual(ids);
  });
});

describe('an endpoint that does not take what comes', () => {
  it.each([500, 404, 302, 429])(
    'gets it again after %i, the same and in order, and no other before it',
    async (status) => {
      const { id } = await addEndpoint();
      const ids = await bench.addEvents(owner, 3);
      answering(status, { location: 'http://169.254.169.254/latest/meta-data/' });
      await settle();
      await bench.turnClock(1);
      await settle();
      expect(arrived()).toEqual([ids[0], ids[0]]);
      expect(await read(id)).toMatchObject({ enabled: true, failing: { tries: 2 } });
      answering(200);
      await bench.turnClock(1);
      await settle();
      expect(arrived()).toEqual([ids[0], ids[0], ...ids]);
      expect(new Set(peer.ledger.slice(0, 3).map((delivery) => delivery.id)).size).toBe(1);
      expect(new Set(peer.ledger.slice(0, 3).map((delivery) => delivery.body)).size).toBe(1);
      expect(await read(id)).toMatchObject({ enabled: true, failing: null });
      const code = status === 302 ? 'redirected' : 'http_status';
      expect(await failures(id)).toMatchObject([
        { eventId: ids[0], attempt: 2, code, status },
        { eventId: ids[0], attempt: 1, code, status },
      ]);
    },
  );

  it('is not followed where it redirects to', async () => {
    const elsewhere = await startWebhookPeer();
    await addEndpoint();
    await bench.addEvents(owner, 1);
    answering(307, { location: elsewhere.url });
    await settle();
    expect([peer.ledger.length, elsewhere.ledger.length]).toEqual([1, 0]);
    await elsewhere.close();
  });

  it('is given up after the last of ten tries, which the feed, the log and the measures tell', async () => {
    const { id } = await addEndpoint();
    const ids = await bench.addEvents(owner, 2);
    answering(500);
    for (let tries = 0; tries < webhookTriesMax + 2; tries += 1) {
      await settle();
      await bench.turnClock(30);
    }
    expect(arrived()).toEqual(Array.from({ length: webhookTriesMax }, () => ids[0]));
    expect(await read(id)).toMatchObject({ enabled: false, disabled: { reason: 'failing' } });
    expect(bench.logged).toContainEqual({
      phrase: 'a webhook endpoint was disabled',
      facts: { endpointId: id, organisationId: owner.organisationId, reason: 'failing' },
    });
    const { events } = await listEvents(
      { database: bench.asApi },
      { ...owner, after: (await read(id)).position },
    );
    expect(events.map((event) => [event.type, event.endpointId])).toEqual([
      ['reminder.sent', undefined],
      ['reminder.sent', undefined],
      ['endpoint.disabled', id],
    ]);
    const { webhooks } = await measureOperations({ database: asOps });
    expect(webhooks).toMatchObject({ oldestPendingAgeS: 0, disabledCount: 1 });
  });

  it('is given up at once after 410, and goes on where it stopped when it is enabled', async () => {
    const { id } = await addEndpoint();
    const ids = await bench.addEvents(owner, 2);
    answering(410);
    await settle();
    expect(await read(id)).toMatchObject({ disabled: { reason: 'gone' }, failing: { tries: 1 } });
    answering(200);
    await bench.turnClock(100);
    await settle();
    expect(arrived()).toEqual([ids[0]]);
    await bench.api.changeWebhookEndpoint({ ...owner, endpointId: id, enabled: true });
    await settle();
    // What told that it was disabled stands in the feed, and so it comes too.
    expect(arrived().slice(0, 3)).toEqual([ids[0], ...ids]);
    expect(JSON.parse(peer.ledger[3]?.body ?? '')).toMatchObject({
      type: 'endpoint.disabled',
      data: { endpointId: id },
    });
  });

  it('is told all of it, in order, after hours of being away', async () => {
    await addEndpoint();
    const port = Number(new URL(peer.url).port);
    await peer.close();
    const ids: string[] = [];
    for (let hour = 0; hour < 4; hour += 1) {
      ids.push(...(await bench.addEvents(owner, 10)));
      await settle();
      await bench.turnClock(1);
    }
    const { webhooks } = await measureOperations({ database: asOps });
    expect(webhooks.oldestPendingAgeS).toBeGreaterThan(0);
    peer = await startWebhookPeer();
    await database.admin.query('update webhook_endpoints set url = replace(url, $1, $2)', [
      `:${port}/`,
      `:${new URL(peer.url).port}/`,
    ]);
    await bench.turnClock(24);
    await settle();
    expect(arrived()).toEqual(ids);
  });

  it('is not read to the end when it answers without end', async () => {
    await addEndpoint();
    const ids = await bench.addEvents(owner, 2);
    let writtenBytes = 0;
    peer.answer = (_delivery, response) => {
      response.writeHead(200);
      const chunk = Buffer.alloc(64 * 1024);
      const write = () => {
        if (response.destroyed) return;
        response.write(chunk);
        writtenBytes += chunk.length;
      };
      response.on('drain', write).on('error', () => {});
      write();
    };
    await settle();
    expect(arrived()).toEqual(ids);
    // What the buffers of two sockets take.
    expect(writtenBytes).toBeGreaterThan(2 * 64 * 1024);
    expect(writtenBytes).toBeLessThan(2 * 16 * 1024 * 1024);
  });
});

describe('a secret that is replaced', () => {
  it('signs beside the new one until the overlap is over', async () => {
    const { id: endpointId, secret: old } = await addEndpoint();
    const rotated = await bench.api.rotateWebhookSecret({ ...owner, endpointId, overlapHours: 24 });
    expect(rotated.secret).not.toBe(old);
    expect(Date.parse(rotated.oldSecretEndsAt ?? '')).toBeGreaterThan(Date.now() + 86_000_000);
    await bench.addEvents(owner, 1);
    await settle();
    const [first] = peer.ledger;
    if (!first) throw new Error('nothing came');
    verify(old, first);
    verify(rotated.secret, first);

    await database.admin.query(
      `update webhook_secrets set expires_at = expires_at - interval '25 hours'`,
    );
    await bench.addEvents(owner, 1);
    await settle();
    const second = peer.ledger[1];
    if (!second) throw new Error('nothing came');
    verify(rotated.secret, second);
    expect(() => verify(old, second)).toThrow('No matching signature');
    expect(await read(endpointId)).toMatchObject({ oldSecretEndsAt: null });
  });

  it('leaves at most two of them alive, and ends at once where no overlap is wanted', async () => {
    const { id: endpointId, secret: first } = await addEndpoint();
    const rotate = (overlapHours: number) =>
      bench.api.rotateWebhookSecret({ ...owner, endpointId, overlapHours });
    const second = await rotate(24);
    const third = await rotate(24);
    await bench.addEvents(owner, 1);
    await settle();
    const both = peer.ledger[0];
    if (!both) throw new Error('nothing came');
    verify(second.secret, both);
    verify(third.secret, both);
    expect(() => verify(first, both)).toThrow();
    const fourth = await rotate(0);
    await bench.addEvents(owner, 1);
    await settle();
    const alone = peer.ledger[1];
    if (!alone) throw new Error('nothing came');
    verify(fourth.secret, alone);
    expect(() => verify(third.secret, alone)).toThrow();
  });

  it('that is asked for twice at once leaves at most two of them alive', async () => {
    const { id: endpointId } = await addEndpoint();
    const rotate = () => bench.api.rotateWebhookSecret({ ...owner, endpointId, overlapHours: 24 });
    // Both wait for the row, and have read what there is by then.
    const holding = await database.admin.connect();
    await holding.query('begin');
    await holding.query('select from webhook_secrets where endpoint_id = $1 for update', [
      endpointId,
    ]);
    const both = Promise.all([rotate(), rotate()]);
    await waitFor(async () => {
      const { rows } = await database.admin.query(
        `select count(*)::integer as waiting from pg_stat_activity
         where datname = current_database() and wait_event_type = 'Lock'`,
      );
      return rows[0].waiting === 2;
    });
    await holding.query('commit');
    holding.release();
    const rotated = await both;
    await bench.addEvents(owner, 1);
    await settle();
    const [sent] = peer.ledger;
    if (!sent) throw new Error('nothing came');
    for (const { secret } of rotated) verify(secret, sent);
    const { rows } = await database.admin.query(
      `select expires_at is null as newest from webhook_secrets
       where endpoint_id = $1 and (expires_at is null or expires_at > clock_timestamp())`,
      [endpointId],
    );
    expect(rows.map(({ newest }) => newest).sort()).toEqual([false, true]);
  });

  it('stands in the database in no form that api, or anyone without the key, can use', async () => {
    const { secret } = await addEndpoint();
    const bytes = Buffer.from(secret.slice('whsec_'.length), 'base64');
    const { rows } = await database.admin.query('select sealed from webhook_secrets');
    expect(rows).toHaveLength(1);
    expect(rows[0].sealed.includes(bytes)).toBe(false);
    const asApi = bench.asApi.query('select sealed from webhook_secrets');
    await expect(asApi).rejects.toMatchObject({ code: '42501' });
  });

  it('that was moved from another endpoint signs nothing, and the endpoint is given up', async () => {
    const { id } = await addEndpoint();
    const foreign = await bench.addOrganisation();
    await bench.api.createWebhookEndpoint({ ...foreign, url: `${peer.url}/foreign` });
    await database.admin.query(
      `update webhook_secrets set sealed =
         (select sealed from webhook_secrets where organisation_id = $2) where endpoint_id = $1`,
      [id, foreign.organisationId],
    );
    await bench.addEvents(owner, 1);
    await settle();
    expect(peer.ledger).toEqual([]);
    expect(await read(id)).toMatchObject({ disabled: { reason: 'secret_unreadable' } });
    await bench.api.testWebhookEndpoint({ ...owner, endpointId: id });
    await settle();
    expect(await read(id)).toMatchObject({ test: { result: 'secret_unreadable' } });
    await bench.api.rotateWebhookSecret({ ...owner, endpointId: id, overlapHours: 24 });
    await bench.api.changeWebhookEndpoint({ ...owner, endpointId: id, enabled: true });
    await settle();
    expect(peer.ledger.length).toBe(2); // the event, and that it had been disabled
  });
});

describe('what is kept', () => {
  it('is a failure for thirty days, and a secret until it ends', async () => {
    const { id: endpointId } = await addEndpoint();
    await bench.addEvents(owner, 1);
    answering(500);
    await settle();
    await bench.api.rotateWebhookSecret({ ...owner, endpointId, overlapHours: 0 });
    await retireExpired({ database: bench.scheduler, log: silentLog });
    expect(await failures(endpointId)).toHaveLength(1);
    const count = 'select count(*)::integer from webhook_secrets';
    expect((await database.admin.query(count)).rows).toEqual([{ count: 1 }]);
    await database.admin.query(
      `update webhook_failures set failed_at = failed_at - interval '30 days'`,
    );
    await retireExpired({ database: bench.scheduler, log: silentLog });
    expect(await failures(endpointId)).toEqual([]);
  });
});

describe('a replay', () => {
  it('sends everything behind the cursor again, under the ids of the first time', async () => {
    const { id: endpointId, position: start } = await addEndpoint();
    await bench.addEvents(owner, 3);
    await settle();
    const first = peer.ledger.map(({ id, body }) => ({ id, body }));
    await bench.api.replayWebhookEvents({ ...owner, endpointId, after: start });
    await settle();
    expect(peer.ledger.slice(3).map(({ id, body }) => ({ id, body }))).toEqual(first);
  });

  it('takes a cursor of GET events, and null for all that is kept', async () => {
    const before = await bench.addEvents(owner, 1);
    const { id: endpointId } = await addEndpoint();
    const ids = await bench.addEvents(owner, 2);
    await settle();
    const page = await listEvents({ database: bench.asApi }, { ...owner, limit: 2 });
    await bench.api.replayWebhookEvents({ ...owner, endpointId, after: page.next });
    await settle();
    expect(arrived()).toEqual([...ids, ids[1]]);
    await bench.api.replayWebhookEvents({ ...owner, endpointId, after: null });
    await settle();
    expect(arrived()).toEqual([...ids, ids[1], ...before, ...ids]);
  });

  it('is not undone by a delivery that was on its way', async () => {
    const { id: endpointId, position: start } = await addEndpoint();
    const ids = await bench.addEvents(owner, 2);
    await settle();
    const [late] = await bench.addEvents(owner, 1);
    const held = Promise.withResolvers<() => void>();
    peer.answer = (_delivery, response) => held.resolve(() => response.end());
    const sender = bench.openSender();
    await sender.lookAround(new AbortController().signal);
    const release = await held.promise;
    await bench.api.replayWebhookEvents({ ...owner, endpointId, after: start });
    answering(200);
    release();
    await sender.idle();
    await settle();
    expect(arrived()).toEqual([...ids, late, ...ids, late]);
  });
});

describe('a change while something is on its way', () => {
  /** Has the next delivery wait at the receiver, which answers as it is told then. */
  const holdNext = () => {
    const held = Promise.withResolvers<(status: number) => void>();
    peer.answer = (_delivery, response) =>
      held.resolve((status) => response.writeHead(status).end());
    return held.promise;
  };
  /** Begins a turn, changes the endpoint while its first delivery is held, and lets the turn end. */
  async function changeMeanwhile(
    endpointId: string,
    { answer, ...change }: { url?: string; enabled?: boolean; answer: number },
  ) {
    const held = holdNext();
    const sender = bench.openSender();
    await sender.lookAround(new AbortController().signal);
    const release = await held;
    await bench.api.changeWebhookEndpoint({ ...owner, endpointId, ...change });
    answering(200);
    release(answer);
    await sender.idle();
  }

  it('that disables it is the last of it: nothing is sent until it is enabled, and nothing then again', async () => {
    const { id } = await addEndpoint();
    const ids = await bench.addEvents(owner, 3);
    await changeMeanwhile(id, { enabled: false, answer: 200 });
    expect(arrived()).toEqual([ids[0]]);
    await bench.api.changeWebhookEndpoint({ ...owner, endpointId: id, enabled: true });
    await settle();
    expect(arrived()).toEqual(ids);
  });

  it.each([200, 410])(
    'that moves it has all of it told to the new address, whatever the old one says: %i',
    async (answer) => {
      const { id } = await addEndpoint('/old');
      const ids = await bench.addEvents(owner, 3);
      await changeMeanwhile(id, { url: `${peer.url}/new`, answer });
      expect(peer.ledger).toHaveLength(1);
      expect(await read(id)).toMatchObject({ enabled: true, failing: null });
      await settle();
      expect(peer.ledger.map(({ path }) => path)).toEqual(['/old', '/new', '/new', '/new']);
      expect(arrived().slice(1)).toEqual(ids);
    },
  );

  it('that moves it has the test made at the new address', async () => {
    const { id } = await addEndpoint('/old');
    await bench.api.testWebhookEndpoint({ ...owner, endpointId: id });
    await changeMeanwhile(id, { url: `${peer.url}/new`, answer: 500 });
    await settle();
    expect(peer.ledger.map(({ path }) => path)).toEqual(['/old', '/new']);
    expect(await read(id)).toMatchObject({ test: { result: 'delivered', status: 200 } });
  });
});

describe('a test', () => {
  it('sends one signed event past what waits, and tells what came of it', async () => {
    const { id: endpointId, secret } = await addEndpoint();
    const ids = await bench.addEvents(owner, 1);
    answering(500);
    await settle();
    const { test } = await bench.api.testWebhookEndpoint({ ...owner, endpointId });
    expect(test).toMatchObject({ endedAt: null, result: null });
    await settle();
    expect(await read(endpointId)).toMatchObject({
      test: { id: test?.id, result: 'http_status', status: 500 },
      failing: { tries: 1 },
    });
    answering(200);
    await bench.api.testWebhookEndpoint({ ...owner, endpointId });
    await settle();
    expect(await read(endpointId)).toMatchObject({ test: { result: 'delivered', status: 200 } });
    const types = peer.ledger.map(({ body }) => JSON.parse(body).type);
    // What waited goes at once, since the endpoint is there.
    expect(types).toEqual(['reminder.sent', 'endpoint.test', 'endpoint.test', 'reminder.sent']);
    expect(eventIdOf(peer.ledger[3] ?? { body: '' })).toBe(ids[0]);
    const sent = peer.ledger[2];
    if (!sent) throw new Error('nothing came');
    expect(verify(secret, sent)).toMatchObject({ type: 'endpoint.test', data: { endpointId } });
  });

  it('reaches an endpoint that is disabled, and changes nothing else of it', async () => {
    const { id: endpointId } = await addEndpoint();
    await bench.api.changeWebhookEndpoint({ ...owner, endpointId, enabled: false });
    await bench.addEvents(owner, 1);
    await bench.api.testWebhookEndpoint({ ...owner, endpointId });
    await bench.api.testWebhookEndpoint({ ...owner, endpointId });
    await settle();
    expect(peer.ledger.map(({ body }) => JSON.parse(body).type)).toEqual(['endpoint.test']);
    expect(await read(endpointId)).toMatchObject({ enabled: false });
  });
});

describe('many endpoints', () => {
  it('wait for none of 200 organisations whose server never answers, nor does whoever sends', async () => {
    const owners = await Promise.all(Array.from({ length: 200 }, () => bench.addOrganisation()));
    const dead = owners[0]?.organisationId;
    for (const each of owners) {
      await bench.api.createWebhookEndpoint({ ...each, url: `${peer.url}/${each.organisationId}` });
    }
    await Promise.all(owners.map((each) => bench.addEvents(each, 2)));
    peer.answer = ({ path }, response) => {
      if (path !== `/${dead}`) response.writeHead(200).end();
    };
    const { promise: othersServed, resolve: letGo } = Promise.withResolvers<void>();
    const sender = bench.openSender({
      // The dead one is under way until the others are served, however long this machine takes for them:
      // if anybody waited for it, or a look did, that would be for ever.
      channel: (real) => ({
        ...real,
        async post(message) {
          const outcome = await real.post(message);
          if (!outcome.delivered) await othersServed;
          return outcome;
        },
      }),
    });
    const alive = () => peer.ledger.filter(({ path }) => path !== `/${dead}`).length;
    await waitFor(async () => {
      await sender.lookAround(new AbortController().signal);
      return alive() === 2 * 199;
    }, 30_000);
    expect(peer.at(`/${dead}`).length).toBe(1);
    letGo();
    await sender.idle();
    const { rows } = await database.admin.query(
      `select code, count(*)::integer from webhook_failures where failed_at > now() - interval '1 minute'
         and organisation_id = any ($1) group by code`,
      [owners.map(({ organisationId }) => organisationId)],
    );
    expect(rows).toEqual([{ code: 'timeout', count: 1 }]);
  });

  it('are served by two senders at once: each event once, one at a time to each endpoint', async () => {
    const paths = ['/a', '/b', '/c'];
    for (const path of paths) await addEndpoint(path);
    const ids = await bench.addEvents(owner, 40);
    const senders = [bench.openSender(), bench.openSender()];
    await waitFor(async () => {
      await Promise.all(senders.map((sender) => sender.lookAround(new AbortController().signal)));
      return peer.ledger.length >= 120;
    });
    await Promise.all(senders.map((sender) => sender.idle()));
    for (const path of paths) {
      expect(peer.at(path).map(eventIdOf)).toEqual(ids);
      expect(peer.atOnce.get(path)).toBe(1);
    }
  });

  it('hear nothing of a sender that stood still past its lease', async () => {
    const { id } = await addEndpoint();
    const ids = await bench.addEvents(owner, 3);
    const held = Promise.withResolvers<() => void>();
    peer.answer = (_delivery, response) => held.resolve(() => response.end());
    const asleep = bench.openSender();
    await asleep.lookAround(new AbortController().signal);
    const wake = await held.promise;
    await bench.turnClock(1);
    answering(200);
    await settle();
    const { position } = await read(id);
    wake();
    await asleep.idle();
    // What was in the air came again, and the one that woke up neither went on nor set anything back.
    expect(arrived()).toEqual([ids[0], ...ids]);
    expect(await read(id)).toMatchObject({ position, failing: null });
  });
});
