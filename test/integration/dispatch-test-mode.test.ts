import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { loadConfig } from '../../config/env.ts';
import { laneKey } from '../../src/domain/lane.ts';
import { Secret } from '../../src/domain/secret.ts';
import { createSink } from '../../src/transport/sink.ts';
import { recordDeliveryReceipts } from '../../src/usecases/record-delivery-receipt.ts';
import { openRoutes, type Routes } from '../../workers/routes.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createDispatchBench, silentLog } from '../support/dispatch-bench.ts';
import { type MessagesPeer, startMessagesPeer } from '../support/messages-peer.ts';
import { type SmtpPeer, startSmtpPeer } from '../support/smtp-peer.ts';
import { waitFor } from '../support/wait-for.ts';

let database: TestDatabase;
let peer: MessagesPeer;
let mail: SmtpPeer;
let bench: ReturnType<typeof createDispatchBench>;
let organisationId: string;
let routes: Routes | undefined;
const optOuts: unknown[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  peer = await startMessagesPeer();
  mail = await startSmtpPeer();
  bench = createDispatchBench(database, peer);
});
afterAll(async () => {
  await peer.close();
  await mail.close();
  await database.drop();
});
beforeEach(async () => {
  peer.forget();
  organisationId = await database.createOrganisation();
});
afterEach(async () => {
  await routes?.close();
  routes = undefined;
  optOuts.length = 0;
  await database.admin.query('truncate organisations, batches, events cascade');
});

const storeReceipts = (receipts: Parameters<typeof recordDeliveryReceipts>[1]) =>
  recordDeliveryReceipts({ database: bench.worker }, receipts);

/** The routes of a worker with these transports, to peers that a test can look into. */
async function open(transports: Record<string, string>): Promise<Routes> {
  routes = await openRoutes({
    config: loadConfig({
      TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`,
      TWILIO_AUTH_TOKEN: 'token',
      TWILIO_FROM: '+33700000000',
      TWILIO_BASE_URL: peer.url,
      SMTP_URL: mail.url,
      MAIL_FROM: 'reminders@sotto.example',
      ...transports,
    }),
    recordOptOut: async ({ channel }) => void optOuts.push(channel),
    storeReceipts,
    keepForCanary: async () => {},
    log: silentLog,
  });
  return routes;
}

async function settle(state: Record<string, number>): Promise<void> {
  await waitFor(async () => JSON.stringify(await bench.states()) === JSON.stringify(state));
}

describe('a test message beside a live transport', () => {
  it('reaches nobody, and goes through the states all the same', async () => {
    const { routeOf } = await open({ SMS_TRANSPORT: 'twilio', EMAIL_TRANSPORT: 'smtp' });
    await bench.seed({ organisationId, count: 30, mode: 'test' });
    await bench.seed({ organisationId, count: 30, mode: 'test', channels: ['email'] });
    const live = await bench.seed({ organisationId, count: 5 });
    await bench.drain({ routeOf });
    expect(peer.accepted.map(({ to }) => to).sort()).toEqual(live.map(({ phone }) => phone).sort());
    expect(mail.connections().opened).toBe(0);
    await waitFor(async () => (await bench.states()).delivered === 60);
    expect(await bench.states()).toEqual({ delivered: 60, sent: 5 });
    const ways = await bench.rows(
      `select distinct r.mode, a.transport from attempts a join reminders r on r.id = a.reminder_id
       order by 1`,
    );
    expect(ways).toEqual([
      { mode: 'live', transport: 'sms-twilio' },
      { mode: 'test', transport: 'sink' },
    ]);
  });

  it.each([
    ['9211', 'failed', 'invalid_recipient'],
    ['9612', 'failed', 'unreachable_recipient'],
    ['9614', 'failed', 'unreachable_recipient'],
    ['9610', 'suppressed', 'opted_out'],
    ['9003', 'undelivered', 'unreachable_recipient'],
    ['9005', 'undelivered', 'unreachable_recipient'],
    ['9007', 'undelivered', 'blocked_by_carrier'],
    ['9002', 'delivered', null],
    ['0000', 'delivered', null],
  ])('to a contact that ends in %s becomes %s', async (ending, state, reason) => {
    const { routeOf } = await open({ SMS_TRANSPORT: 'twilio', EMAIL_TRANSPORT: 'smtp' });
    for (const channel of ['sms', 'email'] as const) {
      await bench.seed({ organisationId, count: 1, mode: 'test', channels: [channel], ending });
    }
    await bench.drain({ routeOf });
    await settle({ [state]: 2 });
    expect(await bench.rows('select distinct reason_code from reminders')).toEqual([
      { reason_code: reason },
    ]);
    // A number that somebody tries things with may be a patient's.
    expect(optOuts).toEqual([]);
  });

  it('to a contact that ends in 9000 is never heard of again', async () => {
    const { routeOf } = await open({ SMS_TRANSPORT: 'twilio' });
    await bench.seed({ organisationId, count: 1, mode: 'test', ending: '9000' });
    await bench.seed({ organisationId, count: 1, mode: 'test' });
    await bench.drain({ routeOf });
    await waitFor(async () => (await bench.states()).delivered === 1);
    expect(await bench.states()).toEqual({ sent: 1, delivered: 1 });
  });

  it('goes on by the other channel as a live one does', async () => {
    const { routeOf } = await open({ SMS_TRANSPORT: 'twilio', EMAIL_TRANSPORT: 'smtp' });
    const channels = ['email', 'sms'] as const;
    await bench.seed({ organisationId, count: 1, mode: 'test', channels, ending: '9003' });
    await bench.drain({ routeOf });
    await waitFor(async () => (await bench.states()).scheduled === 1);
    await bench.drain({ routeOf });
    await settle({ undelivered: 1 });
    expect(
      await bench.rows('select channel, possible_duplicate from attempts order by number'),
    ).toEqual([
      { channel: 'email', possible_duplicate: false },
      { channel: 'sms', possible_duplicate: true },
    ]);
  });
});

describe('which lanes there are', () => {
  it.each([
    ['the sandbox: all of them', {}, ['sms live', 'email live', 'sms test', 'email test']],
    ['live SMS alone', { SMS_TRANSPORT: 'twilio' }, ['sms live', 'sms test']],
    ['live email alone', { EMAIL_TRANSPORT: 'smtp' }, ['email live', 'email test']],
  ])('in %s', async (_, transports, expected) => {
    const { lanes, routeOf } = await open(transports as Record<string, string>);
    expect(lanes.map(laneKey)).toEqual(expected);
    for (const lane of lanes) expect(routeOf(lane)).toBeDefined();
    expect(new Set(lanes.map((lane) => routeOf(lane)?.breaker)).size).toBe(lanes.length);
  });

  it('emails alone need no account for SMS', async () => {
    const { lanes } = await open({
      EMAIL_TRANSPORT: 'smtp',
      TWILIO_ACCOUNT_SID: '',
      TWILIO_AUTH_TOKEN: '',
    });
    expect(lanes).toHaveLength(2);
  });

  it.each([
    ['a mail server', { SMTP_URL: '' }, 'SMTP_URL and MAIL_FROM'],
    [
      'a DKIM key',
      { DKIM_DOMAIN: 'x.example', DKIM_SELECTOR: 's', DKIM_KEY_FILE: '/nowhere' },
      'DKIM_KEY_FILE: cannot be read',
    ],
    ['room for a token', { MAIL_RETURN_PATH: `${'b'.repeat(60)}@x.example` }, 'MAIL_RETURN_PATH'],
  ])('without %s there is no email', async (_, missing, problem) => {
    const given = { EMAIL_TRANSPORT: 'smtp', ...(missing as Record<string, string>) };
    await expect(open(given)).rejects.toThrow(problem);
  });
});

describe('the sink', () => {
  const outgoing = { channel: 'sms', validitySeconds: 60 } as const;

  it('tells again what could not be stored, and lets one bad receipt keep back no other', async () => {
    const stored: string[] = [];
    let failures = 0;
    const sink = createSink({
      delayMs: 1,
      onReceipts: async (receipts) => {
        const names = receipts.map(({ token }) => token.toString());
        if (names.includes('bad') || failures === 0) {
          failures += 1;
          throw new Error('no');
        }
        stored.push(...names);
      },
    });
    for (const name of ['good', 'bad', 'fine']) {
      const attemptToken = Buffer.from(name).toString('base64url');
      const [to, text] = [new Secret('+33639981000'), new Secret('x')];
      await sink.send({ ...outgoing, to, text, attemptToken });
    }
    await waitFor(() => stored.length === 2, 20_000, 5);
    expect(stored.sort()).toEqual(['fine', 'good']);
    // And gives it up after a few times.
    await waitFor(() => failures >= 5, 20_000, 5);
    await sink.close();
  });
});

describe('emails to a mail server that counts', () => {
  it('go over as many connections, and as many over each, as are set', async () => {
    const settings = { SMTP_CONNECTIONS: '2', SMTP_MESSAGES_PER_CONNECTION: '5' };
    const { routeOf } = await open({
      SMS_TRANSPORT: 'twilio',
      EMAIL_TRANSPORT: 'smtp',
      ...settings,
    });
    await bench.seed({ organisationId, count: 40, channels: ['email'] });
    const [before, said] = [mail.connections().opened, mail.said.length];
    await bench.drain({ routeOf });
    expect((await bench.states()).sent).toBe(40);
    expect(mail.connections().opened - before).toBeGreaterThanOrEqual(8);
    let atOnce = 0;
    let most = 0;
    for (const line of mail.said.slice(said)) {
      atOnce += Number(line.startsWith('EHLO')) - Number(line.startsWith('QUIT'));
      most = Math.max(most, atOnce);
    }
    expect(most).toBe(2);
  });
});
