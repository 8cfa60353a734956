import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Config, ConfigError, environment, loadConfig } from '../../config/env.ts';
import { checkTransport, sandboxAccountPrefix, settleWindowS } from '../../config/transports.ts';
import { Secret } from '../../src/domain/secret.ts';

const names = Object.keys(environment.shape);

/** The variables that are complained about; empty when there is nothing to complain about. */
function refused(attempt: () => unknown): string[] {
  try {
    attempt();
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.message.split('\n').map((line) => line.split(':')[0] ?? '');
  }
}

describe('the configuration', () => {
  it('is complete without a single variable', () => {
    expect(loadConfig({})).toMatchObject({
      HOST: '127.0.0.1',
      API_URL: 'http://localhost:3000',
      PATIENT_URL: 'http://localhost:3001',
      OPS_URL: 'http://localhost:3002',
      CALLBACK_URL: 'http://localhost:3000',
      KEYSTORE: 'file:.data/keys',
      JOURNAL: 'file:.data/journal',
      SMS_TRANSPORT: 'sandbox',
    });
  });

  it('derives from what is set, not from defaults', () => {
    const config = loadConfig({
      API_PORT: '8000',
      PATIENT_PORT: '8001',
      OPS_PORT: '8002',
      DATA_DIR: '/srv/sotto',
    });
    expect(config.API_URL).toBe('http://localhost:8000');
    expect(config.PATIENT_URL).toBe('http://localhost:8001');
    expect(config.OPS_URL).toBe('http://localhost:8002');
    expect(config.CALLBACK_URL).toBe('http://localhost:8000');
    expect(config.KEYSTORE).toBe('file:/srv/sotto/keys');
    expect(config.JOURNAL).toBe('file:/srv/sotto/journal');
    expect(loadConfig({ API_URL: 'https://api.example' }).CALLBACK_URL).toBe('https://api.example');
  });

  it('keeps what is set over what would be derived', () => {
    const given = {
      API_URL: 'https://api.example',
      CALLBACK_URL: 'https://calls.example',
      PATIENT_URL: 'https://rdv.example',
      OPS_URL: 'https://ops.example',
      KEYSTORE: 'file:/keys',
      JOURNAL: 'file:/journal',
    };
    expect(loadConfig(given)).toMatchObject(given);
  });

  it.each(names)('takes an empty %s for unset, as compose files write it', (name) => {
    expect(loadConfig({ [name]: '' })).toEqual(loadConfig({}));
  });

  it('ignores variables of other programs', () => {
    expect(loadConfig({ PATH: '/bin', DATABASE: 'x', toString: 'x' })).toEqual(loadConfig({}));
  });

  it('cannot be changed once read', () => {
    const config = loadConfig({}) as { HOST: string };
    expect(() => {
      config.HOST = '0.0.0.0';
    }).toThrow(TypeError);
  });

  it('splits the trusted proxies and tolerates spaces', () => {
    const { TRUSTED_PROXIES } = loadConfig({ TRUSTED_PROXIES: '10.0.0.1, 10.0.0.2' });
    expect(TRUSTED_PROXIES).toEqual(['10.0.0.1', '10.0.0.2']);
  });

  it('says everything that is wrong at once, by name', () => {
    const wrong = {
      API_PORT: '0',
      PATIENT_PORT: '65536',
      OPS_PORT: '80.5',
      DATABASE_POOL_MAX: 'four',
      PATIENT_URL: 'https://reminders.example',
      API_URL: 'ftp://api.example',
      OPS_URL: 'https://ops.example/console',
      CALLBACK_URL: 'https://calls.example/',
      TRUSTED_PROXIES: '10.0.0.1,,10.0.0.2',
      SMS_TRANSPORT: 'pigeon',
      TWILIO_ACCOUNT_SID: 'AC1',
      TWILIO_MESSAGING_SERVICE_SID: 'MG1',
      KEYSTORE: '/keys',
      JOURNAL: 'postgres:',
      LOG_LEVEL: 'loud',
    };
    const complaints = refused(() => loadConfig({ ...wrong, OPS_PORT: '80.5' }));
    expect(new Set(complaints.map((name) => name.split('.')[0]))).toEqual(
      new Set(Object.keys(wrong)),
    );
  });

  // A browser's Origin is compared with it, and links and addresses of callbacks begin with it.
  it.each(['https://api.example?a', 'https://u:p@api.example', 'https://API.example', 'nonsense'])(
    'takes %s for no public address',
    (url) => {
      expect(refused(() => loadConfig({ API_URL: url }))).toEqual(['API_URL']);
    },
  );

  it.each([
    'vault:https://vault.example:8200/secret/sotto',
    'vault:https://vault.example/kv/teams/sotto-live',
    'vault:http://127.0.0.1:8100/secret/sotto',
  ])('takes %s for a place of keys, with one token', (KEYSTORE) => {
    const problems = (more: object) => refused(() => loadConfig({ KEYSTORE, ...more }));
    expect(problems({ KEYSTORE_TOKEN: 'hvs.a' })).toEqual([]);
    expect(problems({ KEYSTORE_TOKEN_FILE: '/run/token' })).toEqual([]);
    expect(problems({})).toEqual(['KEYSTORE']);
    expect(problems({ KEYSTORE_TOKEN: 'a', KEYSTORE_TOKEN_FILE: 'b' })).toEqual(['KEYSTORE_TOKEN']);
    expect(problems({ KEYSTORE_TOKEN: 'two words' })).toEqual(['KEYSTORE_TOKEN']);
  });

  it.each([
    'vault:http://vault.example/secret/sotto',
    'vault:https://vault.example/secret',
    'vault:https://user:word@vault.example/secret/sotto',
    'vault:https://vault.example/secret/../sys/sotto',
    'vault:https://vault.example/secret/sotto?list=true',
    'vault:secret/sotto',
  ])('takes %s for no place of keys', (KEYSTORE) => {
    const complaints = refused(() => loadConfig({ KEYSTORE, KEYSTORE_TOKEN: 'hvs.a' }));
    expect(new Set(complaints)).toEqual(new Set(['KEYSTORE']));
  });

  it('holds a link host to 24 characters, because the SMS has room for no more', () => {
    expect(refused(() => loadConfig({ PATIENT_URL: 'https://rdv.example.care' }))).toEqual([]);
    expect(refused(() => loadConfig({ PATIENT_URL: 'https://rdvs.example.care' }))).toEqual([
      'PATIENT_URL',
    ]);
    expect(refused(() => loadConfig({ PATIENT_URL: 'http://some.machine.at.home:3001' }))).toEqual(
      [],
    );
  });
});

describe('what is set', () => {
  /** Nothing that a message of ours could hold by chance. */
  const canary = fc.stringMatching(/^[a-z0-9:/.@_-]{0,20}Qz7J[0-9a-f]{16}[a-z0-9:/.@_-]{0,20}$/);

  it('is never echoed by a complaint', () => {
    fc.assert(
      fc.property(canary, fc.subarray(names, { minLength: 1 }), (value, chosen) => {
        try {
          loadConfig(Object.fromEntries(chosen.map((name) => [name, value])));
        } catch (error) {
          expect(error).toBeInstanceOf(ConfigError);
          expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('Qz7J');
        }
      }),
    );
  });

  it.each(['DATABASE_URL', 'DATABASE_DIRECT_URL', 'TWILIO_AUTH_TOKEN', 'METRICS_TOKEN'])(
    'does not show when the configuration is printed: %s',
    (name) => {
      const config = loadConfig({ [name]: 'Qz7J-canary' });
      const value = config[name as keyof Config];
      expect(value).toBeInstanceOf(Secret);
      expect((value as Secret<string>).reveal()).toBe('Qz7J-canary');
      expect(`${inspect(config, { depth: 9 })}${JSON.stringify(config)}`).not.toContain('Qz7J');
    },
  );
});

describe('the window in which sends in doubt are looked for', () => {
  it('is a minute, a quarter of an hour beside a live transport, or what is set', () => {
    const windowOf = (env: Record<string, string>) => settleWindowS(loadConfig(env));
    expect(windowOf({})).toBe(60);
    expect(windowOf({ SMS_TRANSPORT: 'twilio' })).toBe(900);
    expect(windowOf({ EMAIL_TRANSPORT: 'smtp' })).toBe(900);
    expect(windowOf({ EMAIL_TRANSPORT: 'smtp', SETTLE_WINDOW_S: '1200' })).toBe(1_200);
  });
});

describe('a live transport', () => {
  const account = `AC${'0123456789abcdef'.repeat(2)}`;
  const live = {
    SMS_TRANSPORT: 'twilio',
    TWILIO_ACCOUNT_SID: account,
    TWILIO_AUTH_TOKEN: 'token',
    TWILIO_FROM: '+15005550006',
    PATIENT_URL: 'https://rdv.example',
  };
  const check = (env: Record<string, string>) => refused(() => checkTransport(loadConfig(env)));

  it('starts with all that it needs', () => {
    expect(check(live)).toEqual([]);
    const { TWILIO_FROM: _, ...others } = live;
    expect(check({ ...others, TWILIO_MESSAGING_SERVICE_SID: `MG${account.slice(2)}` })).toEqual([]);
  });

  it('is refused with everything missing named at once', () => {
    expect(check({ SMS_TRANSPORT: 'twilio' })).toEqual([
      'TWILIO_ACCOUNT_SID',
      'TWILIO_AUTH_TOKEN',
      'TWILIO_FROM',
      'PATIENT_URL',
    ]);
  });

  it('is refused with two senders, since either could be meant', () => {
    expect(check({ ...live, TWILIO_MESSAGING_SERVICE_SID: `MG${account.slice(2)}` })).toEqual([
      'TWILIO_FROM',
    ]);
  });

  it('is refused with links that anyone on the way can read', () => {
    expect(check({ ...live, PATIENT_URL: 'http://rdv.example' })).toEqual(['PATIENT_URL']);
  });

  it.each([
    ['TWILIO_BASE_URL', 'TWILIO_BASE_URL'],
    ['CALLBACK_URL', 'CALLBACK_URL'],
    ['API_URL', 'CALLBACK_URL'],
  ])('is refused with a %s that shows numbers to anyone on the way', (name, complaint) => {
    expect(check({ ...live, [name]: 'http://api.example' })).toEqual([complaint]);
    expect(check({ ...live, [name]: 'https://api.example' })).toEqual([]);
    expect(check({ ...live, [name]: 'http://127.0.0.1:8080' })).toEqual([]);
  });

  it('is refused with the account that the sandbox made up', () => {
    const made = `${sandboxAccountPrefix}${account}`.slice(0, 34);
    expect(check({ ...live, TWILIO_ACCOUNT_SID: made })).toEqual(['TWILIO_ACCOUNT_SID']);
  });

  it('is asked for nothing while the sandbox sends', () => {
    expect(check({ SMS_TRANSPORT: 'sandbox' })).toEqual([]);
  });
});
