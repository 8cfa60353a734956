import { randomBytes, randomUUID } from 'node:crypto';
import twilio from 'twilio';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Secret } from '../../src/domain/secret.ts';
import { boxPublicKey, newBoxPrivateKey } from '../../src/keys/box-keys.ts';
import { sealCallback } from '../../src/keys/sealing.ts';
import { processCallbacks } from '../../src/usecases/process-callbacks.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createDispatchBench, parcelDay, silentLog } from '../support/dispatch-bench.ts';
import { acceptedOutcome, fakeTransport } from '../support/fake-transport.ts';
import { type MessagesPeer, startMessagesPeer } from '../support/messages-peer.ts';

const authToken = new Secret('the account’s token');
const callbackUrl = 'https://callback.example';
const epochPrivateKey = newBoxPrivateKey();
const epochPublicKey = boxPublicKey(epochPrivateKey);

let database: TestDatabase;
let peer: MessagesPeer;
let bench: ReturnType<typeof createDispatchBench>;

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
  peer.forget();
  await bench.seed({ organisationId: await database.createOrganisation(), count: 1 });
});
afterEach(async () => {
  await database.admin.query('truncate organisations, batches, sealed_callbacks, events cascade');
});

interface Callback {
  token: string;
  status: string;
  sid?: string | undefined;
  errorCode?: string;
  signedWith?: string;
  url?: string;
}

/** Keeps a callback as the api does. */
async function keep(
  callback: Callback,
  { sealTo = epochPublicKey, sealed = undefined as Buffer | undefined } = {},
) {
  const params = {
    MessageSid: callback.sid ?? `SM${'1'.repeat(32)}`,
    MessageStatus: callback.status,
    AccountSid: `AC${'0'.repeat(32)}`,
    ...(callback.errorCode ? { ErrorCode: callback.errorCode } : {}),
  };
  const url = callback.url ?? `/callbacks/twilio/status/${callback.token}`;
  const signature = twilio.getExpectedTwilioSignature(
    callback.signedWith ?? authToken.reveal(),
    callbackUrl + url,
    params,
  );
  const request = new Secret(Buffer.from(JSON.stringify({ url, signature, params })));
  await database.admin.query(
    `insert into sealed_callbacks (id, kind, attempt_token, epoch_day, sealed) values ($1, 'twilio_status', $2, $3, $4)`,
    [
      randomUUID(),
      Buffer.from(callback.token, 'base64url'),
      parcelDay,
      sealed ?? sealCallback({ epochPublicKey: sealTo, request }),
    ],
  );
}

const warned: string[] = [];
const process = () =>
  processCallbacks({
    database: bench.worker,
    keys: {
      epochPrivateKey: async (day) => (day === parcelDay ? new Secret(epochPrivateKey) : undefined),
      symmetricKeys: async () => [{ id: '1', key: new Secret(Buffer.alloc(32, 7)) }],
    },
    journal: { append: async () => {} },
    authToken,
    callbackUrl,
    log: { ...silentLog, warn: (phrase) => void warned.push(phrase) },
  });

async function reminder(): Promise<Record<string, unknown>> {
  const [row] = await bench.rows('select state, reason_code, possibly_sent from reminders');
  return row ?? {};
}
async function attempt(): Promise<Record<string, unknown>> {
  const [row] = await bench.rows(
    'select outcome, provider_id, receipt_state, receipt_code from attempts order by number desc',
  );
  return row ?? {};
}
const kept = async () => (await bench.rows('select id, failed_count from sealed_callbacks')).length;

async function send(): Promise<{ token: string; sid: string }> {
  await bench.drain();
  const [message] = peer.accepted;
  if (!message) throw new Error('nothing was sent');
  return { token: message.attemptToken, sid: message.providerId };
}

describe('a delivery receipt', () => {
  it('moves the reminder on and is deleted', async () => {
    const sent = await send();
    await keep({ ...sent, status: 'delivered' });
    expect(await process()).toBe(1);
    expect(await reminder()).toMatchObject({ state: 'delivered' });
    expect(await attempt()).toMatchObject({ outcome: 'accepted', receipt_state: 'delivered' });
    expect(await kept()).toBe(0);
    expect(await bench.rows('select parcel from links')).toEqual([{ parcel: null }]);
  });

  it('in any order, any number of times, ends in the strongest word', async () => {
    const sent = await send();
    for (const status of ['delivered', 'queued', 'sent', 'delivered', 'sending', 'sent']) {
      await keep({ ...sent, status });
    }
    await process();
    await keep({ ...sent, status: 'sent' });
    await process();
    expect(await reminder()).toMatchObject({ state: 'delivered' });
    expect(await attempt()).toMatchObject({ receipt_state: 'delivered', provider_id: sent.sid });
    const steps = await bench.rows(`select to_state from events where to_state = 'delivered'`);
    expect(steps).toHaveLength(1);
  });

  it('that says undelivered keeps the provider’s number and our reason', async () => {
    const sent = await send();
    await keep({ ...sent, status: 'undelivered', errorCode: '30003' });
    await process();
    expect(await reminder()).toMatchObject({
      state: 'undelivered',
      reason_code: 'unreachable_recipient',
    });
    expect(await attempt()).toMatchObject({ receipt_state: 'undelivered', receipt_code: '30003' });
    await keep({ ...sent, status: 'delivered' });
    await process();
    expect(await reminder()).toMatchObject({ state: 'delivered' });
    expect(await attempt()).toMatchObject({ receipt_state: 'delivered', receipt_code: null });
  });

  it('before our own record of the send is not undone by it', async () => {
    const [batchId] = await bench.feed();
    const transport = fakeTransport(async ({ attemptToken }) => {
      await keep({ token: attemptToken, status: 'delivered', sid: `SM${'a'.repeat(32)}` });
      await process();
      return { kind: 'accepted', providerId: `SM${'a'.repeat(32)}` };
    });
    await bench.dispatch(batchId ?? '', { transport });
    expect(await reminder()).toMatchObject({ state: 'delivered', possibly_sent: false });
    expect(await attempt()).toMatchObject({ outcome: 'accepted', receipt_state: 'delivered' });
  });

  it('settles a send that was in doubt', async () => {
    peer.answer = () => 'accept_then_reset';
    const sent = await send();
    expect(await reminder()).toMatchObject({ state: 'uncertain' });
    await keep({ ...sent, status: 'sent' });
    await process();
    expect(await reminder()).toMatchObject({ state: 'sent' });
    expect(await attempt()).toMatchObject({ outcome: 'accepted', provider_id: sent.sid });
  });

  it('that only says queued proves that the provider has it', async () => {
    peer.answer = () => 'accept_then_reset';
    const sent = await send();
    await keep({ ...sent, status: 'queued' });
    await process();
    expect(await reminder()).toMatchObject({ state: 'sent' });
    expect(await attempt()).toMatchObject({ outcome: 'accepted', receipt_state: null });
  });

  it('for a reminder that has ended leaves it ended and flags it', async () => {
    const sent = await send();
    await database.admin.query(`update reminders set state = 'cancelled'`);
    for (const status of ['sent', 'delivered']) await keep({ ...sent, status });
    await process();
    expect(await bench.rows('select from events where possibly_sent')).toHaveLength(1);
    expect(await reminder()).toMatchObject({ state: 'cancelled', possibly_sent: true });
    expect(await attempt()).toMatchObject({ receipt_state: 'delivered' });
  });

  it('of an older attempt that did not arrive says nothing of the newest', async () => {
    const [batchId] = await bench.feed();
    const tokens: string[] = [];
    const transport = fakeTransport(({ attemptToken }, place) => {
      tokens.push(attemptToken);
      return place === 0
        ? { kind: 'refused', permanent: false, reason: 'rate_limited' }
        : acceptedOutcome();
    });
    await bench.dispatch(batchId ?? '', { transport });
    await database.admin.query('update reminders set due_at = clock_timestamp()');
    await bench.drain({ transport });
    expect(tokens).toHaveLength(2);
    await keep({ token: tokens[0] ?? '', status: 'undelivered' });
    await process();
    expect(await reminder()).toMatchObject({ state: 'sent' });
  });
});

describe('a callback that is not what it seems', () => {
  it('forged: changes nothing and is dropped', async () => {
    const sent = await send();
    await keep({ ...sent, status: 'delivered', signedWith: 'a guess' });
    await process();
    expect(await reminder()).toMatchObject({ state: 'sent' });
    expect(await attempt()).toMatchObject({ receipt_state: null });
    expect(await kept()).toBe(0);
    expect(warned).toContain('forged callbacks were dropped');
  });

  it('signed for one attempt and kept for another: is of the one that was signed', async () => {
    const sent = await send();
    const other = randomBytes(16).toString('base64url');
    await keep({ ...sent, status: 'delivered', url: `/callbacks/twilio/status/${other}` });
    await process();
    expect(await reminder()).toMatchObject({ state: 'sent' });
    expect(await kept()).toBe(0);
  });

  it('of an attempt that is gone: is dropped', async () => {
    await keep({ token: randomBytes(16).toString('base64url'), status: 'delivered' });
    expect(await process()).toBe(1);
    expect(await kept()).toBe(0);
  });

  it('unreadable: is tried for a day, waits in between, and keeps back no other', async () => {
    const sent = await send();
    await keep({ ...sent, status: 'delivered' }, { sealed: randomBytes(700) });
    await keep({ ...sent, status: 'delivered' });
    await process();
    expect(await reminder()).toMatchObject({ state: 'delivered' });
    expect(await kept()).toBe(1);
    expect(await process()).toBe(0);
    await database.admin.query(
      `update sealed_callbacks set failed_count = 29, failed_at = now() - interval '2 hours'`,
    );
    expect(await process()).toBe(0);
    await database.admin.query(
      `update sealed_callbacks set failed_at = now() - interval '3 hours'`,
    );
    expect(await process()).toBe(1);
    expect(await kept()).toBe(0);
  });

  it('that cannot be written keeps back no other', async () => {
    const sent = await send();
    await bench.seed({ organisationId: await database.createOrganisation(), count: 1 });
    await bench.drain();
    const second = peer.accepted[1];
    await keep({ ...sent, status: 'delivered' });
    // A message that another attempt of its reminder is proven by cannot prove this one too.
    await database.admin.query(
      `insert into attempts (id, organisation_id, mode, reminder_id, number, channel, transport, token,
         batch_id, provider_id)
       select gen_random_uuid(), organisation_id, mode, reminder_id, number + 1, channel, transport,
         uuid_send(gen_random_uuid()), batch_id, provider_id from attempts where provider_id = $1`,
      [second?.providerId],
    );
    await keep({ token: second?.attemptToken ?? '', sid: second?.providerId, status: 'delivered' });
    await process();
    expect(await bench.states()).toEqual({ sent: 1, delivered: 1 });
    expect(await kept()).toBe(1);
  });

  it('is opened by one worker though several look', async () => {
    const sent = await send();
    for (let count = 0; count < 30; count += 1) await keep({ ...sent, status: 'delivered' });
    const done = await Promise.all([process(), process(), process()]);
    expect(done.reduce((sum, count) => sum + count, 0)).toBe(30);
    expect(await reminder()).toMatchObject({ state: 'delivered' });
  });
});
