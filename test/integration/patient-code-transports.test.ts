import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ConfigError, loadConfig } from '../../config/env.ts';
import { canaryOrganisationId } from '../../src/domain/canary-branch.ts';
import type { Mode } from '../../src/domain/channel.ts';
import { Secret } from '../../src/domain/secret.ts';
import { openCodeTransports } from '../../src/roles/code-transports.ts';
import type { OutgoingSms } from '../../src/transport/transport.ts';
import { type MessagesPeer, startMessagesPeer } from '../support/messages-peer.ts';

let peer: MessagesPeer;
beforeAll(async () => {
  peer = await startMessagesPeer();
});
beforeEach(() => {
  peer.forget();
  kept.length = 0;
});
afterAll(() => peer.close());

const sandbox = () => ({
  TWILIO_ACCOUNT_SID: `ACsandbox${'0'.repeat(25)}`,
  TWILIO_AUTH_TOKEN: 'token',
  TWILIO_FROM: '+33700555100',
  TWILIO_BASE_URL: peer.url,
});
const live = () => ({
  ...sandbox(),
  SMS_TRANSPORT: 'twilio',
  PATIENT_URL: 'https://r.example',
  API_URL: 'https://api.example',
  TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`,
});

const sms: OutgoingSms = {
  channel: 'sms',
  to: new Secret('+33639980001'),
  text: new Secret('Your code: 482913. Do not give it to anyone.\n\n@r.example #482913'),
  attemptToken: 'belongs-to-no-attempt',
  validitySeconds: 600,
};

const kept: unknown[] = [];
const deps = { keepForCanary: async (message: unknown) => void kept.push(message) };
const organisationId = randomUUID();

async function send(env: Record<string, string>, mode: Mode, whose = organisationId) {
  const transports = openCodeTransports(loadConfig(env), deps);
  try {
    return await transports?.transportFor({ mode, organisationId: whose }).send(sms);
  } finally {
    await transports?.close();
  }
}

describe('the way that codes go out by', () => {
  it('is the account that reminders go out by, without a receipt for anyone to wait for', async () => {
    expect(await send(sandbox(), 'test')).toMatchObject({ kind: 'accepted' });
    expect(await send(live(), 'live')).toMatchObject({ kind: 'accepted' });
    expect(peer.accepted).toHaveLength(2);
    for (const { to, text, attemptToken } of peer.accepted) {
      expect([to, text]).toEqual([sms.to.reveal(), sms.text.reveal()]);
      expect(attemptToken).toBe('');
    }
  });

  it('reaches nobody for a test appointment beside a live provider', async () => {
    expect(await send(live(), 'test')).toMatchObject({ kind: 'accepted' });
    expect(peer.requests()).toBe(0);
    expect(kept).toEqual([]);
  });

  it('goes back to the canary for its own, and nobody else’s code is kept for it', async () => {
    for (const env of [sandbox(), live()]) await send(env, 'test', canaryOrganisationId);
    expect(peer.requests()).toBe(0);
    expect(kept).toEqual([sms, sms]);
    for (const mode of ['test', 'live'] as const) await send(live(), mode);
    await send(sandbox(), 'test');
    expect(kept).toHaveLength(2);
  });

  it('does not exist where only emails are sent', () => {
    const emails = { EMAIL_TRANSPORT: 'smtp', PATIENT_URL: 'https://r.example' };
    expect(openCodeTransports(loadConfig(emails), deps)).toBeUndefined();
    const plain = loadConfig({ ...emails, PATIENT_URL: 'http://r.example' });
    expect(() => openCodeTransports(plain, deps)).toThrow('PATIENT_URL: must be https');
  });

  it('is no account of the sandbox beside live transports, and never half an account', () => {
    const wrong = [
      { ...live(), TWILIO_ACCOUNT_SID: sandbox().TWILIO_ACCOUNT_SID },
      { ...live(), TWILIO_AUTH_TOKEN: '' },
      { ...live(), PATIENT_URL: 'http://r.example' },
      { ...sandbox(), TWILIO_ACCOUNT_SID: '' },
    ];
    for (const env of wrong) {
      expect(() => openCodeTransports(loadConfig(env), deps)).toThrow(ConfigError);
    }
  });
});
