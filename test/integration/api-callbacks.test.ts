import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { utcDay } from '../../src/domain/link-expiry.ts';
import { openCallback } from '../../src/keys/open-parcel.ts';
import { acceptStatusCallback } from '../../src/usecases/accept-callback.ts';
import { createTestKeys } from '../support/accept.ts';
import { type ApiFixture, createApiFixture } from '../support/api-server.ts';

const canary = 'Canari';

let fixture: ApiFixture;
let keys: Awaited<ReturnType<typeof createTestKeys>>;
let token: Buffer;
let now: Temporal.Instant;

beforeAll(async () => {
  keys = await createTestKeys([]);
  fixture = await createApiFixture((database) => ({
    acceptStatusCallback: (input) =>
      acceptStatusCallback({ database, keys: keys.keys, now: () => now }, input),
  }));
  now = Temporal.Now.instant();
  token = await addAttempt();
});
afterAll(async () => {
  await fixture.close();
  await keys.remove();
});

async function addAttempt(channel: 'sms' | 'email' = 'sms'): Promise<Buffer> {
  const organisationId = await fixture.database.createOrganisation();
  const [appointmentId, reminderId] = [randomUUID(), randomUUID()];
  const attemptToken = randomBytes(16);
  const { admin } = fixture.database;
  await admin.query(
    `insert into appointments (id, organisation_id, mode, reference, state, version, starts_at,
       ends_at, erase_at) values ($1, $2, 'test', 'x', 'booked', 1, now(), now(), now())`,
    [appointmentId, organisationId],
  );
  await admin.query(
    `insert into reminders (id, organisation_id, mode, appointment_id, kind, requested_channel,
       channel, before, resolved_at, send_at, due_at, not_after, state)
     values ($1, $2, 'test', $3, 'planned', 'sms', 'sms', 'P1D', now(), now(), now(), now(), 'sent')`,
    [reminderId, organisationId, appointmentId],
  );
  await admin.query(
    `insert into attempts (id, organisation_id, mode, reminder_id, number, channel, transport, token,
       batch_id) values ($1, $2, 'test', $3, 1, $6, 'any', $4, $5)`,
    [randomUUID(), organisationId, reminderId, attemptToken, randomUUID(), channel],
  );
  return attemptToken;
}

const call = (path: string, payload: string, headers: Record<string, string> = {}) =>
  fixture.request({
    method: 'POST',
    url: `/callbacks/twilio/status/${path}`,
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      'x-twilio-signature': 'c2lnbmF0dXJl',
      ...headers,
    },
    payload,
  });

const stored = async () => {
  const { rows } = await fixture.database.admin.query(
    `select kind, attempt_token, epoch_day::text as day, sealed from sealed_callbacks
     order by received_at`,
  );
  return rows as { kind: string; attempt_token: Buffer; day: string; sealed: Buffer }[];
};

const body = `MessageSid=SM1&MessageStatus=delivered&To=%2B33639980001&Body=${canary}&A=1&A=2`;

describe('a callback of Twilio', () => {
  it('is kept sealed to the key of today, with all that proves who sent it', async () => {
    const path = `${token.toString('base64url')}?x=1`;
    const answer = await call(path, body);
    expect(answer.statusCode).toBe(204);
    expect(answer.body).toBe('');

    const [row] = await stored();
    const day = utcDay(now);
    expect(row).toMatchObject({ kind: 'twilio_status', attempt_token: token, day });
    expect(row?.sealed.includes(canary)).toBe(false);
    const epochPrivateKey = await keys.keys.epochPrivateKey(day);
    const request = openCallback({
      epochPrivateKey: epochPrivateKey ?? expect.fail('no key'),
      sealed: row?.sealed ?? Buffer.alloc(0),
    });
    expect(JSON.parse(request.reveal().toString())).toEqual({
      url: `/callbacks/twilio/status/${path}`,
      signature: 'c2lnbmF0dXJl',
      params: {
        MessageSid: 'SM1',
        MessageStatus: 'delivered',
        To: '+33639980001',
        Body: canary,
        A: ['1', '2'],
      },
    });
  });

  it('is not kept for an attempt by email, whose token its reader knows', async () => {
    const before = await stored();
    const known = await addAttempt('email');
    const [answer, unknown] = [
      await call(known.toString('base64url'), body),
      await call(randomBytes(16).toString('base64url'), body),
    ];
    expect([answer.statusCode, answer.body]).toEqual([404, unknown.body]);
    expect(await stored()).toEqual(before);
  });

  it('is logged by its route alone', async () => {
    await call(token.toString('base64url'), body);
    const logged = fixture.logged.join('\n');
    expect(logged).toContain('/callbacks/twilio/status/:token');
    expect(logged).not.toContain(token.toString('base64url'));
    expect(logged).not.toMatch(/Canari|33639980001/);
  });

  it('cannot be read back by the process that kept it', async () => {
    const api = fixture.database.open('api', 1);
    await expect(api.query('select sealed from sealed_callbacks')).rejects.toMatchObject({
      code: '42501',
    });
  });
});

describe('what is no callback of ours', () => {
  it('leaves nothing behind', async () => {
    const before = (await stored()).length;
    const known = token.toString('base64url');
    const last = known.slice(-1) === 'A' ? 'Q' : 'A';
    const refused: [number, string, string, Record<string, string>?][] = [
      [404, randomBytes(16).toString('base64url'), body],
      [404, 'short', body],
      [404, `${known}==`, body],
      [404, `${known.slice(0, -1)}${last}`, body],
      [404, `${known.slice(0, -1)}B`, body],
      [400, known, body, { 'x-twilio-signature': '' }],
      [413, known, `Body=${canary.repeat(3_000)}`],
      [415, known, JSON.stringify({ Body: canary }), { 'content-type': 'application/json' }],
    ];
    for (const [status, path, payload, headers] of refused) {
      const answer = await call(path, payload, headers);
      expect(answer.statusCode).toBe(status);
      expect(answer.headers['content-type']).toBe('application/problem+json');
      expect(answer.body).not.toContain(canary);
    }
    expect(await stored()).toHaveLength(before);
  });

  it('is told to come again while the key of today is not published', async () => {
    const before = (await stored()).length;
    now = Temporal.Now.instant().add({ hours: 24 * 300 });
    const answer = await call(token.toString('base64url'), body);
    now = Temporal.Now.instant();
    expect(answer.statusCode).toBe(503);
    expect(answer.json()).toMatchObject({ code: 'key_missing' });
    expect(answer.headers['retry-after']).toBe('30');
    expect(await stored()).toHaveLength(before);
  });
});
