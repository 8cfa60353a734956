import { randomBytes } from 'node:crypto';
import { utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { utcDay } from '../../src/domain/link-expiry.ts';
import { openCallback } from '../../src/keys/open-parcel.ts';
import {
  acceptBounce,
  acceptInboundMessage,
  isCallbackAddress,
} from '../../src/usecases/accept-callback.ts';
import { callbackAddresses } from '../../src/usecases/callback-addresses.ts';
import { createTestKeys } from '../support/accept.ts';
import { type ApiFixture, createApiFixture } from '../support/api-server.ts';

const canary = 'Canari+33639980001';

let fixture: ApiFixture;
let test: Awaited<ReturnType<typeof createTestKeys>>;
let inbound: string;
let bounce: string;

beforeAll(async () => {
  test = await createTestKeys([]);
  const { keys } = test;
  fixture = await createApiFixture((database) => {
    const deps = { database, keys, now: () => Temporal.Now.instant() };
    return {
      acceptInboundMessage: (input) => acceptInboundMessage(deps, input),
      acceptBounce: (input) => acceptBounce(deps, input),
      isCallbackAddress: (input) => isCallbackAddress({ keys }, input),
    };
  });
  ({ inbound, bounce } = await paths());
});
afterAll(async () => {
  await fixture.close();
  await test.remove();
});
afterEach(() => fixture.database.admin.query('truncate sealed_callbacks'));

async function paths() {
  const addresses = await callbackAddresses({ keys: test.keys, callbackUrl: '' });
  return { inbound: addresses.inbound.reveal(), bounce: addresses.bounce.reveal() };
}

const post = (url: string, payload: string | Buffer, headers: Record<string, string> = {}) =>
  fixture.request({ method: 'POST', url, payload, headers });
const form = {
  'content-type': 'application/x-www-form-urlencoded',
  'x-twilio-signature': 'c2lnbmF0dXJl',
};
const reply = `From=%2B33639980001&Body=${canary}`;

async function stored() {
  const { rows } = await fixture.database.admin.query(
    'select kind, attempt_token, epoch_day::text as day, sealed from sealed_callbacks',
  );
  return rows as { kind: string; attempt_token: Buffer | null; day: string; sealed: Buffer }[];
}

async function opened(sealed: Buffer): Promise<Buffer> {
  const epochPrivateKey = await test.keys.epochPrivateKey(utcDay(Temporal.Now.instant()));
  if (!epochPrivateKey) throw new Error('no key');
  return openCallback({ epochPrivateKey, sealed }).reveal();
}

describe('what somebody texts', () => {
  it('is kept sealed and answered with nothing to send back, as Twilio wants it', async () => {
    const answer = await post(inbound, reply, form);
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['content-type']).toBe('text/xml; charset=utf-8');
    expect(answer.body).toBe('<?xml version="1.0" encoding="UTF-8"?><Response/>');

    const [row] = await stored();
    expect(row).toMatchObject({ kind: 'twilio_inbound', attempt_token: null });
    expect(row?.sealed.includes('Canari')).toBe(false);
    expect(JSON.parse((await opened(row?.sealed ?? Buffer.alloc(0))).toString())).toEqual({
      url: inbound,
      signature: 'c2lnbmF0dXJl',
      params: { From: '+33639980001', Body: canary.replace('+', ' ') },
    });
  });
});

describe('what comes to the return path', () => {
  it('is kept sealed byte for byte, whatever its type and up to the limit', async () => {
    const raw = Buffer.concat([Buffer.from(`To: ${canary}\r\n\r\n`), randomBytes(2_000)]);
    const types = [
      'message/rfc822',
      'application/x-www-form-urlencoded',
      'application/json',
      'text/plain',
    ];
    for (const type of types) {
      const answer = await post(bounce, raw, { 'content-type': type });
      expect([answer.statusCode, answer.body]).toEqual([204, '']);
    }
    expect((await post(bounce, raw)).statusCode).toBe(204);
    const rows = await stored();
    expect(rows).toHaveLength(types.length + 1);
    for (const row of rows) {
      expect(row).toMatchObject({ kind: 'email_bounce', attempt_token: null });
      expect(await opened(row.sealed)).toEqual(raw);
    }
    const largest = randomBytes(256 * 1024);
    expect((await post(bounce, largest)).statusCode).toBe(204);
    expect((await post(bounce, Buffer.concat([largest, Buffer.from('x')]))).statusCode).toBe(413);
    expect((await post(bounce, '')).statusCode).toBe(400);
    expect(await stored()).toHaveLength(rows.length + 1);
  });
});

describe('whoever does not know the address', () => {
  it('finds nothing there, as anywhere, and leaves nothing behind', async () => {
    const nowhere = await post('/callbacks/nowhere', reply, form);
    const secret = inbound.split('/').at(-1) ?? '';
    const guesses = [
      inbound.replace(secret, secret.slice(0, -1)),
      inbound.replace(secret, `${secret}A`),
      inbound.replace(secret, randomBytes(32).toString('base64url')),
      inbound.replace('twilio/inbound', 'email/bounce'),
      bounce.replace('email/bounce', 'twilio/inbound'),
      `/callbacks/email/bounce/${'a'.repeat(43)}`,
    ];
    for (const url of guesses) {
      const answer = await post(url, reply, form);
      expect([answer.statusCode, answer.body]).toEqual([404, nowhere.body]);
    }
    // Before its body is read: a stranger learns no limit either.
    const tooLarge = await post(guesses.at(-1) ?? '', randomBytes(300 * 1024));
    expect(tooLarge.statusCode).toBe(404);
    expect(await stored()).toEqual([]);
  });

  it('cannot find it in the log', async () => {
    await post(inbound, reply, form);
    await post(bounce, reply);
    const logged = fixture.logged.join('\n');
    expect(logged).toContain('/callbacks/twilio/inbound/:secret');
    for (const hidden of [inbound.slice(-43), bounce.slice(-43), 'Canari', '33639980001']) {
      expect(logged).not.toContain(hidden);
    }
  });
});

it('a reply without a signature or a form is not kept', async () => {
  expect((await post(inbound, reply, { ...form, 'x-twilio-signature': '' })).statusCode).toBe(400);
  expect(
    (await post(inbound, '{}', { ...form, 'content-type': 'application/json' })).statusCode,
  ).toBe(415);
  expect((await post(inbound, `Body=${'x'.repeat(17_000)}`, form)).statusCode).toBe(413);
  expect(await stored()).toEqual([]);
});

it('a new key gives new addresses, and the old ones work until the old key goes', async () => {
  const path = join(test.directory, 'callback', '2.key');
  await writeFile(path, randomBytes(32), { mode: 0o600 });
  // Every process has read it by now.
  await utimes(path, new Date(), new Date(Date.now() - 120_000));
  const renewed = await paths();
  expect(renewed.inbound).not.toBe(inbound);
  for (const url of [inbound, renewed.inbound]) {
    expect((await post(url, reply, form)).statusCode).toBe(200);
  }
  for (const url of [bounce, renewed.bounce]) {
    expect((await post(url, reply)).statusCode).toBe(204);
  }
});
