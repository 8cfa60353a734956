import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { limits } from '../../config/limits.ts';
import { Secret } from '../../src/domain/secret.ts';
import { startSandbox } from '../../src/sandbox/start-sandbox.ts';
import { createTwilioTransport } from '../../src/transport/sms-twilio.ts';
import type { LookedUp, OutgoingSms, Transport } from '../../src/transport/transport.ts';

const accountSid = `ACsandbox${'0'.repeat(25)}`;
const token = 'token-of-the-test';
const to = new Secret('+33639980001');
/** Long enough for a message that was just sent to be looked at while it is queued. */
const receiptStepMs = 300;
const mark = 'AbCdEfGhIjKlMnOpQrStUvWx';

let dataDir: string;
let sandbox: Awaited<ReturnType<typeof startSandbox>>;
let transport: Transport;
/** For what is never answered. */
let impatient: Transport;

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'sotto-settle-'));
  sandbox = await startSandbox({
    ...{ port: 0, smtpPort: 0, host: '127.0.0.1', accountSid, dataDir },
    ...{ authToken: new Secret(token), patientUrl: 'http://localhost:3001', receiptStepMs },
  });
  [transport, impatient] = [limits.sendTimeoutMs, 250].map((timeoutMs) =>
    createTwilioTransport({
      ...{ accountSid, authToken: new Secret(token), from: '+33757000001', baseUrl: sandbox.url },
      ...{ statusCallbackUrl: undefined, timeoutMs, maxSockets: 4 },
    }),
  ) as [Transport, Transport];
});
afterEach(async () => {
  await Promise.all([transport.close(), impatient.close()]);
  await sandbox.close();
  await rm(dataDir, { recursive: true });
});

async function misbehave(sms: object): Promise<void> {
  const answer = await fetch(`${sandbox.url}/faults`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ sms }),
  });
  expect(answer.status).toBe(200);
}

const send = (text: string, by = transport) =>
  by.send({
    ...{ channel: 'sms', to, attemptToken: 'a'.repeat(22), validitySeconds: 3_600 },
    text: new Secret(text),
  } as OutgoingSms);

async function find(marks: readonly string[] = [mark], by = transport): Promise<LookedUp> {
  const { idempotency } = by;
  if (idempotency.kind === 'none') throw new Error('nothing to look up');
  const sinceMs = Date.now() - 60_000;
  return idempotency.find({ to, marks: marks.map((one) => new Secret(one)), sinceMs });
}

describe('looking a message up at the sandbox, as at Twilio', () => {
  it('finds one that was taken and never answered, and says what became of it', async () => {
    await misbehave({ mode: 'timeout-after-accept' });
    expect(await send(`Votre rappel https://s.example/a${mark}xyz`, impatient)).toMatchObject({
      kind: 'uncertain',
    });
    await misbehave({});
    await send('another');
    await expect
      .poll(() => find())
      .toMatchObject({
        ...{ kind: 'answered', isWhole: true, textless: [] },
        holding: [{ providerId: expect.stringMatching(/^SM/), status: 'delivered' }],
      });
    expect(await find(['another mark'])).toMatchObject({ isWhole: true, holding: [] });
  });

  it('does not find it while the list lags', async () => {
    await send(mark);
    await misbehave({ listLagSeconds: 600 });
    expect(await find()).toMatchObject({ kind: 'answered', holding: [], textless: [] });
  });

  it('sees that one may be it where the account keeps no text', async () => {
    await misbehave({ forceRedaction: true });
    await send(mark);
    const seen = await find();
    expect(seen).toMatchObject({ kind: 'answered', holding: [] });
    expect(seen.kind === 'answered' && seen.textless).toHaveLength(1);
  });

  it.each(['500', 'timeout'])('has no answer when that is %s', async (reads) => {
    await send(mark);
    await misbehave({ reads });
    expect(await find([mark], impatient)).toEqual({ kind: 'unanswered' });
  });

  it('pages through many, and says when there are more than it reads', async () => {
    await send(mark);
    for (let count = 0; count < 120; count += 1) await send('another');
    const found = await find();
    expect(found.kind === 'answered' && found.holding).toHaveLength(1);
    for (let count = 0; count < 85; count += 1) await send('another');
    expect(await find()).toMatchObject({ kind: 'answered', isWhole: false, holding: [] });
  });
});

describe('deleting a message at the sandbox, as at Twilio', () => {
  it('waits until it is out, then deletes, and a second time does no harm', async () => {
    const sent = await send(mark);
    if (sent.kind !== 'accepted') throw new Error('not accepted');
    const remove = () => transport.copies?.remove(sent.providerId);
    expect(await remove()).toBe('kept');
    await expect.poll(remove).toBe('gone');
    expect(await remove()).toBe('gone');
    expect(await find()).toMatchObject({ kind: 'answered', holding: [], textless: [] });
    const phone = await (await fetch(`${sandbox.url}/messages`)).json();
    expect(phone).toMatchObject([{ text: mark }]);
  });

  it.each(['500', 'timeout'])('is not known to be done when the answer is %s', async (reads) => {
    const sent = await send(mark);
    if (sent.kind !== 'accepted') throw new Error('not accepted');
    await misbehave({ reads });
    expect(await impatient.copies?.remove(sent.providerId)).toBe('unanswered');
  });
});
