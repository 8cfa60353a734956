import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { loadConfig } from '../../config/env.ts';
import { createBookingSystem } from '../../src/canary/booking-system.ts';
import { canaryBranches, canaryOrganisationId } from '../../src/domain/canary-branch.ts';
import { Secret } from '../../src/domain/secret.ts';
import { apiKeyOf } from '../../src/keys/api-key.ts';
import { boxPublicKey, newBoxPrivateKey } from '../../src/keys/box-keys.ts';
import { readCanaryState } from '../../src/store/canary-reads.ts';
import { claimRuns, ensureCanary, startSlotRun } from '../../src/store/canary-runs.ts';
import type { Database } from '../../src/store/database.ts';
import {
  listOrganisationIds,
  listSealedOrganisationIds,
} from '../../src/store/organisation-ids.ts';
import { type AdvanceCanaryDeps, advanceCanary } from '../../src/usecases/advance-canary.ts';
import { clearUpAfterCanary } from '../../src/usecases/clear-up-after-canary.ts';
import { keepCanaryMessage } from '../../src/usecases/keep-canary-message.ts';
import { readCanaryMessages } from '../../src/usecases/read-canary-messages.ts';
import { canaryDuties } from '../../workers/canary.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { silentLog } from '../support/dispatch-bench.ts';
import { seedReminders } from '../support/seed-reminders.ts';
import { waitFor } from '../support/wait-for.ts';

let database: TestDatabase;
let scheduler: Database;
let api: Server;
let answer: { status: number; body: object };
let asked: string[];
const incidents: Parameters<AdvanceCanaryDeps['openIncident']>[0][] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  scheduler = database.open('scheduler');
  api = createServer((request, response) => {
    asked.push(`${request.method} ${request.url?.split('/').at(-1)}`);
    response.writeHead(answer.status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(answer.body));
  });
  await new Promise<void>((done) => api.listen(0, '127.0.0.1', done));
});
afterAll(async () => {
  api.close();
  await database.drop();
});
beforeEach(async () => {
  incidents.length = 0;
  asked = [];
  answer = { status: 503, body: { code: 'unavailable' } };
  await database.admin.query('truncate canary_runs, canary_messages, pauses');
});

const addressOf = (server: Server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

function deps(changes: Partial<AdvanceCanaryDeps> = {}): AdvanceCanaryDeps {
  return {
    database: scheduler,
    api: createBookingSystem({ apiUrl: addressOf(api), apiKey: async () => new Secret('x') }),
    patientUrl: 'http://127.0.0.1:1',
    readMessages: async () => [],
    channelsAvailable: ['sms', 'email'],
    settleWindowS: 60,
    openIncident: async (incident) => void incidents.push(incident),
    log: silentLog,
    ...changes,
  };
}

/** A run that stands at a step and has waited there, and that somebody looked at a moment ago. */
async function plantRun(run: {
  branch?: string;
  step?: number;
  waitedS?: number;
  unseenS?: number;
}) {
  const { branch = 'sms_pin_move', step = 0, waitedS = 0, unseenS = 1 } = run;
  const { rows } = await database.admin.query(
    `insert into canary_runs (slot, branch, step, step_at, touched_at, started_at)
     values (date_trunc('minute', now()), $1, $2, now() - $3 * interval '1 second',
       now() - $4 * interval '1 second', now() - $3 * interval '1 second') returning id`,
    [branch, step, waitedS, unseenS],
  );
  return rows[0].id as string;
}
const passedAt = (at: string, branch: string) =>
  database.admin.query(
    `insert into canary_runs (branch, started_at, ended_at, outcome) values ($1, $2, $2, 'passed')`,
    [branch, at],
  );
const runsNow = async () =>
  (
    await database.admin.query(
      'select branch, outcome, findings from canary_runs order by ended_at, started_at',
    )
  ).rows;
const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();

describe('the canary of a minute', () => {
  it('is put once, however many schedulers there are', async () => {
    // All of them in one minute: the next one has a canary of its own.
    await waitFor(async () => {
      const { rows } = await database.admin.query(
        'select extract(second from clock_timestamp()) < 55 as ok',
      );
      return rows[0].ok;
    });
    const all = Array.from({ length: 12 }, () => startSlotRun(scheduler, () => 'sms_pin_move'));
    await Promise.all(all);
    expect(await runsNow()).toHaveLength(1);
  });

  it('is in the hands of one of them at a time', async () => {
    await plantRun({});
    const claims = await Promise.all(
      ['1', '2', '3', '4'].map((digit) =>
        claimRuns(scheduler, {
          leaseId: `${digit.repeat(8)}-0000-4000-8000-000000000000`,
          countMax: 5,
        }),
      ),
    );
    expect(claims.flat()).toHaveLength(1);
  });

  it('waits out an API that is away for a while', async () => {
    await plantRun({});
    await advanceCanary(deps());
    expect(incidents).toEqual([]);
    expect((await runsNow()).every(({ outcome }) => outcome === null)).toBe(true);
    expect(asked.some((one) => one.startsWith('PUT canary-'))).toBe(true);
  });
});

describe('a canary that does not come through', () => {
  it('opens an incident when it was not stored, from the last time that it passed on this way', async () => {
    const last = minutesAgo(90);
    await passedAt(last, 'sms_pin_move');
    await passedAt(minutesAgo(5), 'email_pin_cancel');
    answer = { status: 500, body: { code: 'not_stored' } };
    await plantRun({});
    await advanceCanary(deps());
    expect(incidents).toEqual([
      {
        code: 'canary_missing',
        since: Temporal.Instant.from(last),
        facts: { 'branch.sms_pin_move': 1, 'missing.not_stored': 1 },
      },
    ]);
  });

  it('opens an incident when it is refused, by the codes and fields of the refusal alone', async () => {
    const body = { code: 'invalid_request', errors: [{ pointer: '/details/for', code: 'x' }] };
    answer = { status: 422, body };
    await plantRun({});
    await advanceCanary(deps());
    expect(incidents.map(({ code, facts }) => [code, facts])).toEqual([
      [
        'canary_different',
        {
          'branch.sms_pin_move': 1,
          'different.refused_invalid_request': 1,
          'different.details.for': 1,
        },
      ],
    ]);
  });

  it('opens an incident when its message does not come within its time', async () => {
    answer = { status: 200, body: { reminders: [{ state: 'sending' }] } };
    await plantRun({ step: 1, waitedS: 90 });
    await advanceCanary(deps());
    expect(incidents).toEqual([]);
    await database.admin.query(
      `update canary_runs set step_at = now() - interval '101 seconds', next_at = now()`,
    );
    await advanceCanary(deps());
    expect(incidents.map(({ code, facts }) => [code, facts['missing.message']])).toEqual([
      ['canary_missing', 1],
    ]);
  });

  it('is waited for while its send is in doubt, which is being settled', async () => {
    answer = { status: 200, body: { reminders: [{ state: 'uncertain' }] } };
    await plantRun({ step: 1, waitedS: 200 });
    await advanceCanary(deps());
    expect((await runsNow())[0]).toMatchObject({ outcome: null });
    expect(incidents).toEqual([]);
  });

  it('is nobody’s fault while a person has stopped sending', async () => {
    await database.admin.query(
      `insert into pauses (id, reason, ended_at) values (gen_random_uuid(), 'x', now())`,
    );
    answer = { status: 200, body: { reminders: [{ state: 'scheduled' }] } };
    await plantRun({ step: 1, waitedS: 130 });
    await advanceCanary(deps());
    expect(await runsNow()).toEqual([
      { branch: 'sms_pin_move', outcome: 'held', findings: ['paused'] },
    ]);
    expect(incidents).toEqual([]);
  });

  it('is told of again, and ended once, when the process dies after it told', async () => {
    answer = { status: 500, body: { code: 'not_stored' } };
    await plantRun({});
    const dying = deps({
      openIncident: async (incident) => {
        incidents.push(incident);
        throw new Error('died');
      },
    });
    await advanceCanary(dying);
    expect((await runsNow())[0]).toMatchObject({ outcome: null });
    await database.admin.query('update canary_runs set lease_until = now()');
    await advanceCanary(deps());
    expect(incidents.map(({ code }) => code)).toEqual(['canary_missing', 'canary_missing']);
    expect((await runsNow())[0]).toMatchObject({ outcome: 'missing' });
  });
});

describe('an address that nobody answers at', () => {
  const nowhere = () =>
    deps({
      api: createBookingSystem({
        apiUrl: 'http://127.0.0.1:1',
        apiKey: async () => new Secret('x'),
      }),
    });

  it('is a set-up to mend where it never answered', async () => {
    await plantRun({ waitedS: 130 });
    await advanceCanary(nowhere());
    expect(await runsNow()).toEqual([
      { branch: 'sms_pin_move', outcome: 'unreachable', findings: ['api'] },
    ]);
    expect(incidents).toEqual([]);
  });

  it('is an incident where it did', async () => {
    await passedAt(minutesAgo(10), 'only_required');
    await plantRun({ waitedS: 130 });
    await advanceCanary(nowhere());
    expect(incidents.map(({ code, facts }) => [code, facts['unreachable.api']])).toEqual([
      ['canary_missing', 1],
    ]);
  });
});

describe('what alarms of the canary', () => {
  const seen = () => database.open('ops', 1).transaction([], readCanaryState);
  const endedAs = (branch: string, outcome: string, findings: string[]) =>
    database.admin.query(
      `insert into canary_runs (branch, ended_at, outcome, findings) values ($1, now(), $2, $3)`,
      [branch, outcome, findings],
    );

  it('is an address that was reached, and is not any more', async () => {
    await endedAs('sms_pin_move', 'unreachable', ['api']);
    expect(await seen()).toMatchObject({ failingCount: 0, unreachable: ['api'] });
    await passedAt(minutesAgo(10), 'only_required');
    expect(await seen()).toMatchObject({ failingCount: 1, unreachable: ['api'] });
  });

  it('is over a minute after it was switched off', async () => {
    await passedAt(minutesAgo(20), 'only_required');
    await endedAs('sms_pin_move', 'missing', ['message']);
    await endedAs('email_pin_cancel', 'unreachable', ['api']);
    expect(await seen()).toMatchObject({ failingCount: 2, lastPassedAt: expect.any(Date) });
    const none = () => Promise.reject(new Error('the canary itself is not run'));
    const duties = canaryDuties({
      ...{ config: loadConfig({ CANARY: 'off' }), database: scheduler, log: silentLog },
      keys: { symmetricKey: none, canaryKeys: none },
    });
    const { signal } = new AbortController();
    for (const duty of duties) await duty.run(signal);
    expect(duties.every(({ everyMs }) => everyMs <= 60_000)).toBe(true);
    expect(await seen()).toMatchObject({ failingCount: 0, unreachable: [], lastPassedAt: null });
  });
});

describe('a canary that nobody watched for a while', () => {
  it('tells nothing, and another of its branch makes up for it', async () => {
    answer = { status: 200, body: { reminders: [] } };
    await plantRun({ step: 2, waitedS: 400, unseenS: 400 });
    await advanceCanary(deps());
    expect(await runsNow()).toEqual([
      { branch: 'sms_pin_move', outcome: 'interrupted', findings: ['unwatched'] },
      { branch: 'sms_pin_move', outcome: null, findings: [] },
    ]);
    expect(incidents).toEqual([]);
  });

  it('is missed when what was accepted of it is gone', async () => {
    answer = { status: 404, body: { code: 'not_found' } };
    await plantRun({ step: 2, waitedS: 400, unseenS: 400 });
    await advanceCanary(deps());
    expect(incidents.map(({ facts }) => facts['missing.appointment'])).toEqual([1]);
  });
});

describe('what the canary is sent', () => {
  const privateKey = new Secret(newBoxPrivateKey());
  const worker = {
    canaryPublicKey: async () => ({ number: '1', key: boxPublicKey(privateKey.reveal()) }),
  };
  const message = {
    ...({ channel: 'sms', attemptToken: 'x', validitySeconds: 60 } as const),
    to: new Secret('+12025550100'),
    text: new Secret('A reminder: https://r.example/x'),
  };
  const keptBy = (role: 'worker' | 'patient') =>
    keepCanaryMessage({ database: database.open(role, 1), keys: worker }, message);

  it('is read by whoever has the scheduler’s key, and by nobody else', async () => {
    await keptBy('worker');
    await keptBy('patient');
    const read = (key: Secret<Buffer>) =>
      readCanaryMessages({
        database: scheduler,
        keys: { canaryKeys: async () => [{ id: '1', key }] },
      });
    const texts = (await read(privateKey)).map((one) => one.message.reveal().text);
    expect(texts).toEqual([message.text.reveal(), message.text.reveal()]);
    expect(await read(new Secret(newBoxPrivateKey()))).toEqual([]);
    const { rows } = await database.admin.query('select sealed from canary_messages');
    for (const { sealed } of rows) expect(sealed.includes('r.example')).toBe(false);
  });

  it.each(['on', 'off'])('is looked for each minute, with CANARY=%s', async (CANARY) => {
    await keptBy('worker');
    await database.admin.query(
      `update canary_messages set taken_at = now() - interval '301 seconds'`,
    );
    const none = () => Promise.reject(new Error('the canary itself is not run'));
    const duties = canaryDuties({
      ...{ config: loadConfig({ CANARY }), database: scheduler, log: silentLog },
      keys: { symmetricKey: none, canaryKeys: none },
    });
    const { signal } = new AbortController();
    const eachMinute = duties.filter(({ everyMs }) => everyMs <= 60_000);
    await Promise.allSettled(eachMinute.map(({ run }) => run(signal)));
    expect((await database.admin.query('select from canary_messages')).rowCount).toBe(0);
  });

  it('is gone after five minutes', async () => {
    await keptBy('worker');
    await keptBy('worker');
    await database.admin.query(
      `update canary_messages set taken_at = now() - interval '301 seconds'
       where id = (select id from canary_messages limit 1)`,
    );
    await clearUpAfterCanary({ database: scheduler });
    expect((await database.admin.query('select from canary_messages')).rowCount).toBe(1);
  });
});

describe('the organisation of the canary', () => {
  const { hash } = apiKeyOf('test', new Secret(Buffer.alloc(32, 7)));

  it('is made with its key by the scheduler, once, and is in test mode alone', async () => {
    await ensureCanary(scheduler, hash);
    await ensureCanary(scheduler, hash);
    const { rows } = await database.admin.query(
      'select organisation_id, mode, platform, scopes from credentials where key_hash = $1',
      [hash],
    );
    expect(rows).toEqual([
      {
        ...{ organisation_id: canaryOrganisationId, mode: 'test', platform: false },
        scopes: ['write', 'status', 'erase'],
      },
    ]);
    const lines = await database.admin.query(`select action from audit where actor = 'scheduler'`);
    expect(lines.rows).toEqual([{ action: 'credential.create' }]);
    await expect(
      scheduler.query(
        `insert into credentials (id, organisation_id, mode, kind, key_hash)
         values (gen_random_uuid(), $1, 'live', 'api_key', $2)`,
        [canaryOrganisationId, Buffer.alloc(32)],
      ),
    ).rejects.toMatchObject({ code: '42501' });
  });

  it('is none of those that operators see, and one that keys are made for', async () => {
    await ensureCanary(scheduler, hash);
    expect(await listOrganisationIds(database.open('ops', 1))).not.toContain(canaryOrganisationId);
    expect(await listSealedOrganisationIds(database.open('patient', 1))).toContain(
      canaryOrganisationId,
    );
  });

  it('loses what is a day old, and nobody else anything: the ledger adds up before and after', async () => {
    await ensureCanary(scheduler, hash);
    const other = await database.createOrganisation();
    for (const organisationId of [canaryOrganisationId, other]) {
      await seedReminders(database.admin, {
        ...{ organisationId, count: 3, mode: 'test' as const },
        ...{ epochPublicKey: boxPublicKey(newBoxPrivateKey()), parcelDay: '2026-11-26' },
      });
    }
    await database.admin.query(
      `insert into events (organisation_id, mode, type, reference, appointment_id, reminder_id, to_state)
       select organisation_id, mode, 'reminder.scheduled', 'x', appointment_id, id, state from reminders`,
    );
    const breaks = async () =>
      (
        await database.admin.query(
          'select * from count_ledger(null) where by_rows + carried <> by_events',
        )
      ).rows;
    const countOf = async (table: string) =>
      (
        await database.admin.query(
          `select organisation_id = $1 as canary, count(*)::int from ${table} group by 1 order by 1`,
          [canaryOrganisationId],
        )
      ).rows.map(({ canary, count }) => `${canary ? 'canary' : 'other'} ${count}`);
    expect(await breaks()).toEqual([]);
    await clearUpAfterCanary({ database: scheduler });
    expect(await countOf('reminders')).toEqual(['other 3', 'canary 3']);
    await database.admin.query(`update appointments set created_at = now() - interval '25 hours'`);
    await Promise.all([1, 2].map(() => clearUpAfterCanary({ database: scheduler })));
    for (const table of ['appointments', 'reminders', 'events']) {
      expect(await countOf(table), table).toEqual(['other 3']);
    }
    expect(await breaks()).toEqual([]);
  });

  it('has a branch for every minute', () => {
    expect(canaryBranches.length).toBeLessThanOrEqual(30);
  });
});
