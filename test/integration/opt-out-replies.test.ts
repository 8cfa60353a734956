import { randomBytes, randomUUID } from 'node:crypto';
import twilio from 'twilio';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { AppError } from '../../src/domain/errors.ts';
import { Secret } from '../../src/domain/secret.ts';
import type { JournalEntry } from '../../src/journal/journal.ts';
import { boxPublicKey, newBoxPrivateKey } from '../../src/keys/box-keys.ts';
import { sealCallback } from '../../src/keys/sealing.ts';
import type { CallbackKind } from '../../src/store/callbacks.ts';
import type { Database } from '../../src/store/database.ts';
import type { Log } from '../../src/telemetry/log.ts';
import { acceptInboundMessage } from '../../src/usecases/accept-callback.ts';
import { createSuppressionLookup } from '../../src/usecases/find-suppressed.ts';
import { processCallbacks } from '../../src/usecases/process-callbacks.ts';
import { recordOptOut } from '../../src/usecases/record-opt-out.ts';
import { canaryForms, findCanaries } from '../support/canaries.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

const authToken = new Secret('the account’s token');
const callbackUrl = 'https://callback.example';
const inbound = `/callbacks/twilio/inbound/${'i'.repeat(43)}`;
const day = '2026-11-21';
const epochPrivateKey = newBoxPrivateKey();
const newPepper = (id: string) => ({ id, key: new Secret(randomBytes(32)) });

const anna = '+33639980001';
const bert = '+33639980002';

let database: TestDatabase;
let worker: Database;
let peppers: ReturnType<typeof newPepper>[];
let journal: JournalEntry[];
let logged: string[];

beforeAll(async () => {
  database = await createTestDatabase();
  worker = database.open('worker');
});
afterAll(() => database.drop());
beforeEach(() => {
  peppers = [newPepper('1')];
  journal = [];
  logged = [];
});
afterEach(() => database.admin.query('truncate suppressions, sealed_callbacks'));

interface Inbound {
  from: string;
  body: string;
  signedWith?: string;
  url?: string;
  kind?: CallbackKind;
  params?: Record<string, string>;
}

/** Keeps what somebody texted, as the api does. */
async function text({ from, body, url = inbound, ...rest }: Inbound): Promise<void> {
  const params = { From: from, Body: body, To: '+33700000000', ...rest.params };
  const signature = twilio.getExpectedTwilioSignature(
    rest.signedWith ?? authToken.reveal(),
    callbackUrl + url,
    params,
  );
  await keep(JSON.stringify({ url, signature, params }), rest.kind);
}

async function keep(request: string | Buffer, kind: CallbackKind = 'twilio_inbound') {
  const sealed = sealCallback({
    epochPublicKey: boxPublicKey(epochPrivateKey),
    request: new Secret(Buffer.from(request)),
  });
  await database.admin.query(
    'insert into sealed_callbacks (id, kind, epoch_day, sealed) values ($1, $2, $3, $4)',
    [randomUUID(), kind, day, sealed],
  );
}

const at =
  (level: string) =>
  (phrase: string, facts: object = {}) =>
    void logged.push(JSON.stringify({ level, phrase, ...facts }));
const log: Log = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };

const deps = (change: Partial<Parameters<typeof processCallbacks>[0]> = {}) => ({
  database: worker,
  keys: {
    epochPrivateKey: async (of: string) => (of === day ? new Secret(epochPrivateKey) : undefined),
    symmetricKeys: async () => peppers,
  },
  journal: { append: async (entry: JournalEntry) => void journal.push(entry) },
  authToken,
  callbackUrl,
  log,
  ...change,
});
const process = (change: Parameters<typeof deps>[0] = {}) => processCallbacks(deps(change));

/** Which of these the dispatcher would not write to. */
async function suppressed(...contacts: string[]): Promise<string[]> {
  const find = createSuppressionLookup({
    database: worker,
    keys: { symmetricKeys: async () => peppers },
  });
  const found = await find(contacts.map((to) => ({ reminderId: to, to: new Secret(to) })));
  return contacts.filter((contact) => found.has(contact));
}
const rows = async () => (await database.admin.query('select * from suppressions')).rows;
const kept = async () => (await database.admin.query('select from sealed_callbacks')).rowCount;

describe('STOP', () => {
  it('stops messages to its sender and to nobody else', async () => {
    await text({ from: anna, body: 'Stop' });
    expect(await process()).toBe(1);
    expect(await suppressed(anna, bert)).toEqual([anna]);
    expect(await rows()).toMatchObject([{ channel: 'sms', source: 'reply', pepper: '1' }]);
    expect(await kept()).toBe(0);
  });

  it('said twice, by one worker or several at once, is one', async () => {
    for (let times = 0; times < 60; times += 1) await text({ from: anna, body: 'STOP' });
    while ((await kept()) !== 0) await Promise.all([process(), process(), process()]);
    expect(await rows()).toHaveLength(1);
    expect(journal).toHaveLength(1);
  });

  it('is taken back by START, whoever or whatever had recorded it', async () => {
    for (const source of ['reply', 'patient_page', 'provider', 'one_click'] as const) {
      await recordOptOut(deps(), { channel: 'sms', contact: new Secret(anna), source });
      expect(await suppressed(anna)).toEqual([anna]);
      await text({ from: anna, body: 'START' });
      await process();
      expect(await suppressed(anna)).toEqual([]);
    }
    expect(journal.map(({ kind }) => kind)).toEqual(
      Array.from({ length: 4 }, () => ['suppression', 'suppression_lifted', 'done']).flat(),
    );
  });

  it('of somebody else is not taken back', async () => {
    await text({ from: anna, body: 'STOP' });
    await text({ from: bert, body: 'START' });
    await process();
    expect(await suppressed(anna, bert)).toEqual([anna]);
  });

  it('and START count in the order in which they came, in one round or several', async () => {
    for (const rounds of [true, false]) {
      for (const [words, end] of [
        [['STOP', 'START'], []],
        [['START', 'STOP'], [anna]],
        [['STOP', 'START', 'STOP'], [anna]],
        [['STOP', 'STOP', 'START', 'START'], []],
      ] as const) {
        await database.admin.query('truncate suppressions');
        for (const body of words) {
          await text({ from: anna, body });
          if (rounds) await process();
        }
        await process();
        expect(await suppressed(anna)).toEqual(end);
      }
    }
  });

  it('and START of many people at once are each in order', async () => {
    const people = Array.from({ length: 12 }, (_, place) => `+3363998${1_000 + place}`);
    for (const body of ['STOP', 'START']) {
      for (const from of people) await text({ from, body });
    }
    await process();
    expect(await suppressed(...people)).toEqual([]);
  });

  it('that one worker is at is not overtaken by its START in another', async () => {
    const reached = Promise.withResolvers<void>();
    const mayGoOn = Promise.withResolvers<void>();
    await text({ from: anna, body: 'STOP' });
    const slow = process({
      journal: {
        append: async () => {
          reached.resolve();
          await mayGoOn.promise;
        },
      },
    });
    await reached.promise;
    await text({ from: anna, body: 'START' });
    expect(await process()).toBe(0);
    mayGoOn.resolve();
    await slow;
    await process();
    expect(await kept()).toBe(0);
    expect(await suppressed(anna)).toEqual([]);
  });

  it('is not undone by a START of the same millisecond', async () => {
    await text({ from: anna, body: 'START' });
    await text({ from: anna, body: 'STOP' });
    // In the order they came, a few millionths of a second apart; the START is read last.
    await database.admin.query(
      `update sealed_callbacks c set failed_at = case when o.place = 1 then now() end,
         failed_count = 1, received_at = date_trunc('second', now()) + o.place * interval '3 microseconds'
       from (select id, row_number() over (order by received_at, id) as place from sealed_callbacks) o
       where o.id = c.id`,
    );
    await process();
    expect(await kept()).toBe(1);
    await database.admin.query('update sealed_callbacks set failed_at = null');
    await process();
    expect(await kept()).toBe(0);
    expect(await suppressed(anna)).toEqual([anna]);
  });

  it.each(['reply', 'patient_page', 'one_click'] as const)(
    'said again as %s is not undone by a START that came before it and could only be read after it',
    async (source) => {
      await text({ from: anna, body: 'STOP' });
      await process();
      await text({ from: anna, body: 'START' });
      await database.admin.query('update sealed_callbacks set failed_count = 1, failed_at = now()');
      if (source === 'reply') await text({ from: anna, body: 'STOP' });
      else await recordOptOut(deps(), { channel: 'sms', contact: new Secret(anna), source });
      await process();
      expect(await kept()).toBe(1);
      await database.admin.query('update sealed_callbacks set failed_at = null');
      await process();
      expect(await kept()).toBe(0);
      expect(await suppressed(anna)).toEqual([anna]);
    },
  );
});

describe('the api that dies while it keeps a STOP', () => {
  it.each(['before', 'after'] as const)(
    '%s the commit: it comes again, and counts once',
    async (when) => {
      const api = database.open('api', 1);
      let failures = 1;
      const dying: Database = {
        ...api,
        async query(statement, values) {
          if (failures > 0 && when === 'before') {
            failures -= 1;
            throw new AppError('unavailable');
          }
          const answer = await api.query(statement, values);
          if (failures > 0) {
            failures -= 1;
            throw new AppError('unavailable');
          }
          return answer as never;
        },
      };
      const params = { From: anna, Body: 'STOP' };
      const signature = twilio.getExpectedTwilioSignature(
        authToken.reveal(),
        callbackUrl + inbound,
        params,
      );
      const request = new Secret({ url: inbound, signature, params });
      const keep = () =>
        acceptInboundMessage(
          {
            database: dying,
            keys: { epochPublicKey: async () => boxPublicKey(epochPrivateKey) },
            now: () => Temporal.Instant.from(`${day}T12:00:00Z`),
          },
          { request },
        );
      await expect(keep()).rejects.toMatchObject({ code: 'unavailable' });
      await keep();
      expect(await kept()).toBe(when === 'before' ? 1 : 2);
      await process();
      expect(await suppressed(anna)).toEqual([anna]);
      expect(journal).toHaveLength(1);
      expect(await kept()).toBe(0);
    },
  );
});

describe('a new pepper', () => {
  it('forgets nobody, and a START finds what was stopped under the old one', async () => {
    await text({ from: anna, body: 'STOP' });
    await process();
    peppers.push(newPepper('2'));
    expect(await suppressed(anna, bert)).toEqual([anna]);

    await text({ from: anna, body: 'STOP' });
    await process();
    expect((await rows()).map(({ pepper }) => pepper).sort()).toEqual(['1', '2']);
    await text({ from: anna, body: 'START' });
    await process();
    expect(await rows()).toEqual([]);
  });
});

describe('what is no word of the person', () => {
  it.each<[string, Partial<Inbound>]>([
    ['forged', { signedWith: 'a guess' }],
    ['signed for the address of receipts', { url: `/callbacks/twilio/status/${'t'.repeat(22)}` }],
    ['anything else that people write', { body: 'I will be late' }],
    ['a picture', { body: '' }],
  ])('changes nothing: %s', async (_name, change) => {
    await recordOptOut(deps(), { channel: 'sms', contact: new Secret(bert), source: 'reply' });
    await text({ from: anna, body: 'STOP', ...change });
    await text({ from: bert, body: 'START', ...change });
    expect(await process()).toBe(2);
    expect(await suppressed(anna, bert)).toEqual([bert]);
    expect(await kept()).toBe(0);
  });

  it('that cannot be read keeps back no other, of its kind or another', async () => {
    await keep('not JSON');
    await keep('{"url":1}');
    await keep(randomBytes(5_000), 'email_bounce');
    await keep('not JSON', 'twilio_status');
    await text({ from: anna, body: 'STOP' });
    await process();
    expect(await suppressed(anna)).toEqual([anna]);
    expect(await kept()).toBe(3);
  });

  it('without an account nothing is the provider’s', async () => {
    await text({ from: anna, body: 'STOP' });
    await process({ authToken: undefined });
    expect(await suppressed(anna)).toEqual([]);
  });
});

describe('a provider that refuses, because somebody said stop to it', () => {
  it('is believed: they get nothing more', async () => {
    const url = `/callbacks/twilio/status/${randomBytes(16).toString('base64url')}`;
    const params = {
      ...{ To: anna, MessageSid: `SM${'1'.repeat(32)}` },
      ...{ MessageStatus: 'undelivered', ErrorCode: '21610' },
    };
    await text({ from: bert, body: '', url, kind: 'twilio_status', params });
    await process();
    expect(await suppressed(anna, bert)).toEqual([anna]);
    expect(await rows()).toMatchObject([{ source: 'provider' }]);
  });
});

describe('what must outlive a restored database', () => {
  it('stands in the journal before it is committed, without the number', async () => {
    let seen: unknown;
    await text({ from: anna, body: 'STOP' });
    await process({
      journal: {
        append: async (entry) => {
          seen = (await rows()).length;
          journal.push(entry);
        },
      },
    });
    expect(seen).toBe(0);
    const [row] = await rows();
    const index = row.contact_index.toString('hex');
    const entry = { kind: 'suppression', index, pepper: '1', channel: 'sms', source: 'reply' };
    expect(journal).toEqual([entry]);
    expect(JSON.stringify(journal)).not.toContain('39980001');
  });

  it('is not committed when the journal cannot take it, and is tried again', async () => {
    await text({ from: anna, body: 'STOP' });
    await process({
      journal: { append: () => Promise.reject(new AppError('unavailable')) },
    }).catch(() => {});
    expect(await suppressed(anna)).toEqual([]);
    expect(await kept()).toBe(1);
    await process();
    expect(await suppressed(anna)).toEqual([anna]);
  });

  it('is not lost though the disk of the journal is full for hours', async () => {
    await text({ from: anna, body: 'STOP' });
    const full = { append: () => Promise.reject(new Error('ENOSPC')) };
    // And though the worker had been away for long before.
    await database.admin.query(
      `update sealed_callbacks set received_at = received_at - interval '1 day'`,
    );
    for (let tries = 0; tries < 20; tries += 1) {
      expect(await process({ journal: full })).toBe(1);
      expect(await process()).toBe(0);
      await database.admin.query(
        `update sealed_callbacks set failed_at = failed_at - interval '90 minutes'`,
      );
    }
    expect(await process()).toBe(1);
    expect(await suppressed(anna)).toEqual([anna]);
  });

  it('taken back by a START that dies between journal and commit is not told to be done', async () => {
    await text({ from: anna, body: 'STOP' });
    await process();
    await text({ from: anna, body: 'START' });
    const dying: Database['transaction'] = (ids, work) =>
      worker.transaction(ids, async (connection) => {
        await work(connection);
        throw new AppError('unavailable');
      });
    await process({ database: { transaction: dying } }).catch(() => {});
    expect(journal.map(({ kind }) => kind)).toEqual(['suppression', 'suppression_lifted']);
    await process();
    const [, dead, lifted, done] = journal;
    expect(done).toMatchObject({ kind: 'done', change: (lifted as { change: string }).change });
    expect(dead).not.toEqual(lifted);
  });

  it('survives a death between journal and commit: the callback is there and is done again', async () => {
    await text({ from: anna, body: 'STOP' });
    await process({
      database: {
        transaction: (ids, work) =>
          worker.transaction(ids, async (connection) => {
            await work(connection);
            throw new AppError('unavailable');
          }),
      },
    }).catch(() => {});
    expect(journal).toHaveLength(1);
    expect(await suppressed(anna)).toEqual([]);
    await process();
    expect(await suppressed(anna)).toEqual([anna]);
    expect(await kept()).toBe(0);
  });
});

it('what somebody wrote and from where stands in no table and no log, before or after', async () => {
  const canaries = canaryForms({ number: '39981234', text: 'Canari cannot come', stop: 'STOPALL' });
  const everything = async () => {
    const { rows: tables } = await database.admin.query(
      `select table_name from information_schema.tables
       where table_schema = 'public' and table_type = 'BASE TABLE'`,
    );
    const found: string[] = [];
    for (const { table_name: name } of tables) {
      const { rows: all } = await database.admin.query(
        `select to_jsonb(t)::text as row from ${name} t`,
      );
      for (const { row } of all) {
        // Bytes come as hex behind \x; looked at as they are too.
        const bytes = [...row.matchAll(/\\\\x([0-9a-f]+)/g)].map(([, hex]) =>
          Buffer.from(hex, 'hex'),
        );
        for (const one of [row, ...bytes]) found.push(...findCanaries(canaries, one));
      }
    }
    return found;
  };
  await text({ from: '+33639981234', body: 'Canari cannot come' });
  await text({ from: '+33639981234', body: 'STOPALL' });
  expect(await everything()).toEqual([]);
  await process();
  expect(await everything()).toEqual([]);
  expect(await kept()).toBe(0);
  expect(findCanaries(canaries, logged.join('\n') + JSON.stringify(journal))).toEqual([]);
});
