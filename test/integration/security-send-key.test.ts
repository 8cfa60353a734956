import { randomUUID } from 'node:crypto';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ConfigError, loadConfig } from '../../config/env.ts';
import { Secret } from '../../src/domain/secret.ts';
import { openCodeTransports } from '../../src/roles/code-transports.ts';
import { roleEnvironment } from '../../src/supervisor/role-environment.ts';
import { twilioFromConfig } from '../../src/transport/twilio-from-config.ts';

const account = `AC${'0'.repeat(32)}`;
const key = { TWILIO_SEND_KEY_SID: `SK${'1'.repeat(32)}`, TWILIO_SEND_KEY_SECRET: 'key-secret' };

let server: http.Server;
let url: string;
let signedIn: string[];

beforeAll(async () => {
  server = http.createServer((request, response) => {
    const [, basic = ''] = (request.headers.authorization ?? '').split(' ');
    signedIn.push(`${request.url} ${Buffer.from(basic, 'base64').toString()}`);
    response.writeHead(201, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ sid: `SM${'2'.repeat(32)}` }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
beforeEach(() => {
  signedIn = [];
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

const live = (more: Record<string, string> = {}) =>
  loadConfig({
    ...{ SMS_TRANSPORT: 'twilio', TWILIO_BASE_URL: url, TWILIO_FROM: '+33700555100' },
    ...{ TWILIO_ACCOUNT_SID: account, PATIENT_URL: 'https://r.example' },
    ...{ API_URL: 'https://api.example', ...more },
  });
const sms = {
  ...{ channel: 'sms' as const, to: new Secret('+33639980001'), text: new Secret('A code') },
  ...{ attemptToken: 'none', validitySeconds: 600 },
};
const messages = `/2010-04-01/Accounts/${account}/Messages.json`;

const nobody = { keepForCanary: async () => {} };

describe('a key that may only send', () => {
  it('is what codes go out with, by a role that has no token', async () => {
    const codes = openCodeTransports(live(key), nobody);
    expect(
      await codes?.transportFor({ mode: 'live', organisationId: randomUUID() }).send(sms),
    ).toMatchObject({ kind: 'accepted' });
    await codes?.close();
    expect(signedIn).toEqual([`${messages} ${key.TWILIO_SEND_KEY_SID}:key-secret`]);
  });

  it('is not what reminders go out with, since callbacks are checked with the token', async () => {
    const reminders = { purpose: 'reminders', maxSockets: 1 } as const;
    expect(() => twilioFromConfig(live(key), reminders)).toThrow(ConfigError);
    const transport = twilioFromConfig(live({ ...key, TWILIO_AUTH_TOKEN: 'token' }), reminders);
    await transport.send(sms);
    await transport.close();
    expect(signedIn).toEqual([`${messages} ${account}:token`]);
  });

  it('leaves copies with the provider only where that is set', async () => {
    const reminders = { purpose: 'reminders', maxSockets: 1 } as const;
    const whole = { TWILIO_AUTH_TOKEN: 'token' };
    const usual = twilioFromConfig(live(whole), reminders);
    const keeping = twilioFromConfig(live({ ...whole, TWILIO_COPIES: 'keep' }), reminders);
    expect([usual.copies, keeping.copies]).toEqual([expect.anything(), undefined]);
    await Promise.all([usual.close(), keeping.close()]);
  });

  it('keeps the token from the process that patients reach, and goes to no other', () => {
    const env = (role: Parameters<typeof roleEnvironment>[0], more: Record<string, string> = {}) =>
      roleEnvironment(role, { config: live({ TWILIO_AUTH_TOKEN: 'token', ...more }), env: {} });
    expect(env('patient').TWILIO_AUTH_TOKEN).toBe('token');
    expect(env('patient', key)).toMatchObject(key);
    expect(env('patient', key)).not.toHaveProperty('TWILIO_AUTH_TOKEN');
    expect(env('worker', key)).toMatchObject({ TWILIO_AUTH_TOKEN: 'token' });
    for (const role of ['api', 'ops', 'scheduler', 'worker', 'sandbox'] as const) {
      expect(env(role, key)).not.toHaveProperty('TWILIO_SEND_KEY_SECRET');
    }
  });

  it('is refused in half', () => {
    const { TWILIO_SEND_KEY_SID: half } = key;
    expect(() => openCodeTransports(live({ TWILIO_SEND_KEY_SID: half }), nobody)).toThrow(
      ConfigError,
    );
  });
});
