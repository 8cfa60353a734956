import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Secret } from '../../src/domain/secret.ts';
import { boxPublicKey, newBoxPrivateKey } from '../../src/keys/box-keys.ts';
import { sealCallback } from '../../src/keys/sealing.ts';
import type { Database } from '../../src/store/database.ts';
import { verpAddress } from '../../src/transport/email-verp.ts';
import { processCallbacks } from '../../src/usecases/process-callbacks.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { silentLog } from '../support/dispatch-bench.ts';
import { type SeededReminder, seedReminders } from '../support/seed-reminders.ts';

const day = '2026-11-21';
const epochPrivateKey = newBoxPrivateKey();
const epochPublicKey = boxPublicKey(epochPrivateKey);

let database: TestDatabase;
let worker: Database;
let reminder: SeededReminder;
let token: Buffer;

beforeAll(async () => {
  database = await createTestDatabase();
  worker = database.open('worker');
});
afterAll(() => database.drop());
beforeEach(async () => {
  const organisationId = await database.createOrganisation();
  [reminder, token] = await sent(organisationId);
});
afterEach(() => database.admin.query('truncate organisations, sealed_callbacks, events cascade'));

/** A reminder that went out, in one attempt. */
async function sent(
  organisationId: string,
  channel: 'email' | 'sms' = 'email',
): Promise<[SeededReminder, Buffer]> {
  const [seeded] = await seedReminders(database.admin, {
    ...{ organisationId, count: 1, epochPublicKey, parcelDay: day },
    ...{ channels: [channel], state: 'sent' },
  });
  if (!seeded) throw new Error('nothing was seeded');
  const attemptToken = randomBytes(16);
  await database.admin.query(
    `insert into attempts (id, organisation_id, mode, reminder_id, number, channel, transport, token,
       batch_id, outcome) values ($1, $2, 'live', $3, 1, $6, 'any', $4, $5, 'accepted')`,
    [randomUUID(), organisationId, seeded.id, attemptToken, randomUUID(), channel],
  );
  await database.admin.query('update reminders set attempt_count = 1 where id = $1', [seeded.id]);
  return [seeded, attemptToken];
}

/** What a mail server returns (RFC 3464), to the return path of an attempt. */
function report(to: Buffer, { action = 'failed', status = '5.1.1' } = {}): string {
  const path = verpAddress('bounces@mail.example', to.toString('base64url'));
  return [
    'Return-Path: <>',
    'From: MAILER-DAEMON@mx.example',
    `To: ${path}`,
    'Subject: Undelivered Mail Returned to Sender',
    'MIME-Version: 1.0',
    'Content-Type: multipart/report; report-type=delivery-status; boundary="b"',
    ...['', '--b', 'Content-Type: text/plain', '', 'No such user here.'],
    ...['--b', 'Content-Type: message/delivery-status', '', 'Reporting-MTA: dns; mx.example', ''],
    'Final-Recipient: rfc822; canari@example.org',
    `Action: ${action}`,
    `Status: ${status}`,
    ...['--b--', ''],
  ].join('\r\n');
}

/** Keeps a raw message, as the api does. */
async function keep(message: string | Buffer): Promise<void> {
  const sealed = sealCallback({ epochPublicKey, request: new Secret(Buffer.from(message)) });
  await database.admin.query(
    `insert into sealed_callbacks (id, kind, epoch_day, sealed) values ($1, 'email_bounce', $2, $3)`,
    [randomUUID(), day, sealed],
  );
}

const process = (onOpening: () => void = () => {}) =>
  processCallbacks({
    database: worker,
    keys: {
      epochPrivateKey: async () => {
        onOpening();
        return new Secret(epochPrivateKey);
      },
      symmetricKeys: async () => [],
    },
    journal: { append: () => Promise.reject(new Error('a bounce is no opt-out')) },
    authToken: undefined,
    callbackUrl: 'https://callback.example',
    log: silentLog,
  });

async function standing(of: SeededReminder = reminder) {
  const { rows } = await database.admin.query(
    `select r.state, r.reason_code, t.outcome, t.receipt_state, t.receipt_code, t.provider_id
     from reminders r join attempts t on t.reminder_id = r.id where r.id = $1`,
    [of.id],
  );
  return rows[0];
}
const kept = async () => (await database.admin.query('select from sealed_callbacks')).rowCount;

describe('a bounce', () => {
  it('is a receipt: its attempt did not arrive, by the server’s code and our reason', async () => {
    await keep(report(token));
    expect(await process()).toBe(1);
    expect(await standing()).toMatchObject({
      ...{ state: 'undelivered', outcome: 'accepted', provider_id: null },
      ...{ receipt_state: 'undelivered', receipt_code: '5.1.1' },
      reason_code: 'invalid_recipient',
    });
    expect(await kept()).toBe(0);
  });

  it('proves that a send in doubt had been accepted', async () => {
    await database.admin.query(`update reminders set state = 'uncertain'`);
    await database.admin.query(`update attempts set outcome = 'uncertain'`);
    await keep(report(token));
    await process();
    expect(await standing()).toMatchObject({ state: 'undelivered', outcome: 'accepted' });
  });

  it('that only tells of a delay changes nothing', async () => {
    await keep(report(token, { action: 'delayed', status: '4.4.1' }));
    await process();
    expect(await standing()).toMatchObject({ state: 'sent', receipt_state: null });
    expect(await kept()).toBe(0);
  });

  it('twice, or after the word that it arrived, changes nothing more', async () => {
    await keep(report(token));
    await keep(report(token));
    await process();
    await keep(report(token, { action: 'delivered', status: '2.1.5' }));
    await process();
    await keep(report(token));
    await process();
    expect(await standing()).toMatchObject({ state: 'delivered', receipt_state: 'delivered' });
    const { rows } = await database.admin.query(
      `select to_state from events where to_state in ('undelivered', 'delivered') order by id`,
    );
    expect(rows).toHaveLength(2);
  });

  it('of two messages settles each, though neither has a provider’s id', async () => {
    const [other, otherToken] = await sent(reminder.organisationId);
    await keep(report(token));
    await keep(report(otherToken));
    await process();
    for (const one of [reminder, other]) {
      expect(await standing(one)).toMatchObject({ state: 'undelivered' });
    }
  });

  it('of an attempt by SMS changes nothing: of those the provider tells, and signs', async () => {
    const [texted, itsToken] = await sent(reminder.organisationId, 'sms');
    await database.admin.query(
      `update attempts set outcome = 'uncertain' where reminder_id = '${texted.id}'`,
    );
    for (const state of ['sent', 'uncertain']) {
      await database.admin.query('update reminders set state = $1 where id = $2', [
        ...[state, texted.id],
      ]);
      await keep(report(itsToken));
      await keep(report(itsToken, { action: 'delivered', status: '2.1.5' }));
      await keep(report(itsToken, { action: 'delayed', status: '4.4.1' }));
      await process();
      expect(await standing(texted)).toMatchObject({
        ...{ state, reason_code: null, outcome: 'uncertain' },
        ...{ receipt_state: null, receipt_code: null },
      });
    }
    expect(await kept()).toBe(0);
  });

  it('of an attempt that we never made changes nothing', async () => {
    await keep(report(randomBytes(16)));
    await keep('Subject: out of office\r\n\r\nBack on Monday.');
    await keep(randomBytes(3_000));
    await process();
    expect(await standing()).toMatchObject({ state: 'sent', receipt_state: null });
    expect(await kept()).toBe(0);
  });
});

it('nobody is put on the list of opt-outs by what anybody may have written to the return path', async () => {
  for (const status of ['5.1.1', '5.7.1', '5.2.1']) await keep(report(token, { status }));
  await keep(report(token, { action: 'delivered', status: '2.1.5' }));
  await process();
  const { rowCount } = await database.admin.query('select from suppressions');
  expect(rowCount).toBe(0);
});

it('what came back stands in no table', async () => {
  await keep(report(token));
  const found = async () => {
    const { rows } = await database.admin.query(
      `select encode(sealed, 'escape') as sealed from sealed_callbacks`,
    );
    const { rows: events } = await database.admin.query('select to_jsonb(e)::text from events e');
    const { rows: attempts } = await database.admin.query(
      'select to_jsonb(t)::text from attempts t',
    );
    return /canari|No such user|MAILER/i.test(JSON.stringify([rows, events, attempts]));
  };
  expect(await found()).toBe(false);
  await process();
  expect(await found()).toBe(false);
});

it('anyone can write to the return path: many messages at once keep a worker from nothing else', async () => {
  for (let count = 0; count < 20; count += 1) await keep(report(randomBytes(16)));
  let openings = 0;
  let openingsInOneTurn = 0;
  const done = await process(() => {
    openings += 1;
    if (openings === 1) setImmediate(() => (openingsInOneTurn = openings));
  });
  expect([done, openings]).toEqual([20, 20]);
  expect(openingsInOneTurn).toBe(1);
});
