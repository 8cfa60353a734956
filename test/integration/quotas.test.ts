import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { keptDaysMax } from '../../config/kept-days.ts';
import type { Mode } from '../../src/domain/channel.ts';
import { AppError } from '../../src/domain/errors.ts';
import { ceilingNames, type Quotas } from '../../src/domain/quota.ts';
import { createDistinctNumbers } from '../../src/keys/distinct-numbers.ts';
import type { Database } from '../../src/store/database.ts';
import { deleteShortLived, shortLived } from '../../src/store/short-lived.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { createApiKey } from '../../src/usecases/create-credential.ts';
import { limitCredential } from '../../src/usecases/limit-credential.ts';
import { createQuotaGate } from '../../src/usecases/quota-gate.ts';
import { watchForIncidents } from '../../src/usecases/watch-incidents.ts';
import { appointmentRequest, createTestAccept, createTestKeys } from '../support/accept.ts';
import { createApiFixture } from '../support/api-server.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { waitFor } from '../support/wait-for.ts';

let database: TestDatabase;
/** Of all processes: each with a pool of its own would be more connections than there are. */
let asApi: Database;
let testKeys: Awaited<ReturnType<typeof createTestKeys>>;
let clock: Temporal.Instant;
const logged: string[] = [];
let reference = 0;

beforeAll(async () => {
  database = await createTestDatabase();
  asApi = database.open('api');
});
beforeEach(() => {
  clock = Temporal.Now.instant();
});
afterAll(async () => {
  await testKeys?.remove();
  await database.drop();
});

/** What SECURITY.md says of each process. */
const overshootMax = 100;
const bounds = {
  appointments_per_hour: null,
  appointments_per_day: null,
  reminders_per_hour: null,
  reminders_per_day: null,
  numbers_per_hour: null,
};

/** An organisation with a key, whose ceilings are those alone that are given. */
async function practice(settings: Record<string, unknown>, mode: Mode = 'test') {
  const organisationId = await database.createOrganisation({ ...bounds, ...settings });
  testKeys ??= await createTestKeys([]);
  await testKeys.keys.ensureViewKeys({
    organisationIds: [organisationId],
    months: testKeys.months,
  });
  const { adminUrl } = database;
  const { id } = await createApiKey({ adminUrl }, { organisationId, mode });
  return { organisationId, mode, credential: { id, quotas: {} as Quotas } };
}
type Practice = Awaited<ReturnType<typeof practice>>;

/** Under this key none of the few numbers here shares its bit with another, as one in thousands may. */
const openSketch = () => createDistinctNumbers(Buffer.alloc(32));

/** An API process of its own: what it counted in memory goes with it. */
async function startProcess() {
  const log = createLog(
    { role: 'api', level: 'info' },
    { write: (line) => void logged.push(line) },
  );
  const now = () => clock;
  const quotas = createQuotaGate({ database: asApi, now, log, openSketch });
  const { put } = await createTestAccept({
    ...{ database: asApi, keys: testKeys.keys, directory: testKeys.directory },
    change: { quotas, now },
  });
  // So far ahead that its reminder is still to come on the second day from now.
  return (whose: Practice, change: Parameters<typeof appointmentRequest>[0] = {}, hours = 96) => {
    reference += 1;
    const body = appointmentRequest(change, hours);
    return put({ ...whose, reference: `quota-${reference}`, body });
  };
}
type Process = Awaited<ReturnType<typeof startProcess>>;

/** What became of a PUT: accepted, or the code that it was refused with. */
async function outcome(put: Promise<unknown>): Promise<string> {
  return put.then(
    () => 'accepted',
    (error: unknown) => (error instanceof AppError ? error.code : String(error)),
  );
}
async function inTurns(processes: readonly Process[], times: number, whose: Practice) {
  const outcomes: string[] = [];
  for (let turn = 0; turn < times; turn += 1) {
    const put = processes[turn % processes.length];
    if (put) outcomes.push(await outcome(put(whose)));
  }
  return outcomes;
}
const accepted = (outcomes: readonly string[]) =>
  outcomes.filter((one) => one === 'accepted').length;
async function stored({ organisationId }: Practice): Promise<number> {
  const { rows } = await database.admin.query(
    'select count(*)::int as count from versions where organisation_id = $1',
    [organisationId],
  );
  return rows[0].count;
}
async function counted({ organisationId }: Practice) {
  const { rows } = await database.admin.query(
    `select sum(appointments)::int as appointments, sum(reminders)::int as reminders,
       sum(numbers)::int as numbers from credential_usage where organisation_id = $1`,
    [organisationId],
  );
  return rows[0];
}
/** Messages that are still to be sent. */
async function owed({ organisationId }: Practice): Promise<number> {
  const { rows } = await database.admin.query(
    `select count(*)::int as count from reminders where organisation_id = $1 and state = 'scheduled'`,
    [organisationId],
  );
  return rows[0].count;
}
const phone = (last: number) => ({
  recipient: { phone: `+3363998${String(last).padStart(4, '0')}`, language: 'fr', pin: '482913' },
});
const nextHour = () => {
  const { epochMilliseconds } = clock;
  clock = clock.add({ milliseconds: 3_600_000 - (epochMilliseconds % 3_600_000) });
};
/** So early in a day that an hour may pass in it. */
const nextDay = () => {
  const { epochMilliseconds } = clock;
  clock = clock.add({ milliseconds: 86_400_000 - (epochMilliseconds % 86_400_000) });
};

describe('a ceiling of an organisation', () => {
  it('holds for all its processes together, and what it refuses leaves nothing behind', async () => {
    const whose = await practice({ appointments_per_hour: 7 });
    const processes = await Promise.all([startProcess(), startProcess()]);
    const outcomes = await inTurns(processes, 10, whose);
    expect(outcomes).toEqual([...Array(7).fill('accepted'), ...Array(3).fill('quota_exceeded')]);
    expect(await stored(whose)).toBe(7);
    expect(await counted(whose)).toEqual({ appointments: 7, reminders: 7, numbers: 2 });
    // Nobody else is touched.
    expect(await inTurns(processes, 2, await practice({ appointments_per_hour: 2 }))).toEqual(
      Array(2).fill('accepted'),
    );
  });

  it('is passed under a storm by less than one group of each other process', async () => {
    const whose = await practice({ appointments_per_hour: 150 });
    const processes = await Promise.all([startProcess(), startProcess()]);
    // Both have group after group to commit, and know of the other's only what it has committed.
    const storm = (put: Process) =>
      Promise.all(Array.from({ length: 200 }, () => inTurns([put], 2, whose)));
    const outcomes = (await Promise.all(processes.map(storm))).flat(2);
    const count = accepted(outcomes);
    // A slow machine is not asked for more than it says that it can do.
    const refused = outcomes.filter((one) => one !== 'accepted' && one !== 'overloaded');
    expect(new Set(refused)).toEqual(new Set(['quota_exceeded']));
    expect(count).toBeGreaterThanOrEqual(150);
    expect(count).toBeLessThanOrEqual(150 + overshootMax * (processes.length - 1));
    // What was answered is what is there, and what is there is what was counted.
    expect(await stored(whose)).toBe(count);
    expect(await counted(whose)).toMatchObject({ appointments: count });
    expect(await inTurns(processes, 2, whose)).toEqual(Array(2).fill('quota_exceeded'));
  });

  it('of reminders is passed by less than a group of messages of each process, and one of each other', async () => {
    const whose = await practice({});
    const processes = await Promise.all([startProcess(), startProcess()]);
    const first = reference;
    const visits = 250;
    const [put] = processes;
    // As few at once as no slow machine says it cannot do.
    while (reference < first + visits) {
      await Promise.all(Array.from({ length: visits / 5 }, () => put(whose)));
    }
    // All were told, so that a move tells each again: a message beside the one that is planned.
    await database.admin.query(`update links set attempted_at = now() where organisation_id = $1`, [
      whose.organisationId,
    ]);
    await database.admin.query(
      `update reminders set state = 'sent', sent_at = now(), batch_id = gen_random_uuid(),
         lease_until = now() where organisation_id = $1`,
      [whose.organisationId],
    );
    const ceiling = 20;
    await database.admin.query('update organisations set reminders_per_hour = $2 where id = $1', [
      ...[whose.organisationId, ceiling],
    ]);
    nextHour();
    reference = first;
    const storms = processes.map((one) =>
      Promise.all(Array.from({ length: visits / 2 }, () => outcome(one(whose, {}, 120)))),
    );
    const outcomes = (await Promise.all(storms)).flat();
    const messages = await owed(whose);
    expect(outcomes).toContain('quota_exceeded');
    expect(messages).toBeGreaterThan(accepted(outcomes));
    expect(messages).toBeLessThanOrEqual(ceiling + overshootMax * (2 * processes.length - 1));
  });

  it('holds over the death of a process, and counts nothing that was not stored', async () => {
    const whose = await practice({ appointments_per_hour: 4, numbers_per_hour: 3 });
    const dead = await startProcess();
    // Its view key is not there: rolled back after it was let through.
    const failed = await outcome(dead(whose, { ...phone(1) }, 24 * 200));
    expect([failed, await stored(whose)]).toEqual(['key_missing', 0]);
    expect(await counted(whose)).toMatchObject({ appointments: null });
    for (const last of [1, 2]) await dead(whose, phone(last));
    const heir = await startProcess();
    expect(await outcome(heir(whose, phone(3)))).toBe('accepted');
    expect(await outcome(heir(whose, phone(4)))).toBe('quota_exceeded');
    const email = { email: 'a@example.org', language: 'fr', pin: '482913' };
    const byEmail = {
      recipient: email,
      reminders: [{ before: 'PT24H', channel: 'email' }],
    } as const;
    expect(await outcome(heir(whose, byEmail))).toBe('accepted');
    expect(await outcome(heir(whose, byEmail))).toBe('quota_exceeded');
  });

  it('is over with the hour, or with the UTC day, and Retry-After says when', async () => {
    nextDay();
    const whose = await practice({ appointments_per_hour: 2, appointments_per_day: 3 });
    const processes = await Promise.all([startProcess(), startProcess()]);
    const [put] = processes;
    expect(accepted(await inTurns(processes, 4, whose))).toBe(2);
    const late = await put(whose).catch((error: AppError) => error.retryAfterS);
    expect(late).toBe(3_600);
    nextHour();
    expect(accepted(await inTurns(processes, 3, whose))).toBe(1);
    expect(await put(whose).catch((error: AppError) => error.retryAfterS)).toBe(23 * 3_600);
    nextDay();
    expect(accepted(await inTurns(processes, 3, whose))).toBe(2);
  });

  it('of reminders counts those that were added and are not skipped, and a PUT each time', async () => {
    const whose = await practice({ reminders_per_hour: 5 });
    const put = await startProcess();
    const three = {
      reminders: [
        { before: 'PT24H', channel: 'sms' },
        { before: 'PT2H', channel: 'sms' },
        // Past already.
        { before: 'P30D', channel: 'sms' },
      ],
    } as const;
    expect(await outcome(put(whose, three))).toBe('accepted');
    reference -= 1;
    expect(await outcome(put(whose, three))).toBe('accepted');
    expect(await counted(whose)).toEqual({ appointments: 2, reminders: 2, numbers: 1 });
    expect(await outcome(put(whose, three))).toBe('accepted');
    expect(await outcome(put(whose, three))).toBe('quota_exceeded');
    expect(await outcome(put(whose))).toBe('accepted');
    expect(await counted(whose)).toMatchObject({ appointments: 4, reminders: 5 });
  });

  it('of reminders in a day goes on over its hours, and is over with the UTC day', async () => {
    nextDay();
    const whose = await practice({ reminders_per_day: 3 });
    const put = await startProcess();
    expect(await inTurns([put], 2, whose)).toEqual(Array(2).fill('accepted'));
    nextHour();
    expect(await inTurns([put], 2, whose)).toEqual(['accepted', 'quota_exceeded']);
    expect(await put(whose).catch((error: AppError) => error.retryAfterS)).toBe(23 * 3_600);
    nextDay();
    expect(await inTurns([put], 4, whose)).toEqual([
      ...Array(3).fill('accepted'),
      'quota_exceeded',
    ]);
  });

  it('of reminders holds for what tells of a change, be it asked for or only owed if told', async () => {
    const whose = await practice({ reminders_per_hour: 2 });
    const put = await startProcess();
    const telling = { reminders: [], notice: 'now' } as const;
    const outcomes = [];
    for (let times = 0; times < 3; times += 1) outcomes.push(await outcome(put(whose, telling)));
    expect(outcomes).toEqual(['accepted', 'accepted', 'quota_exceeded']);
    expect(await counted(whose)).toMatchObject({ appointments: 2, reminders: 2 });
    expect(await outcome(put(whose, { reminders: [] }))).toBe('quota_exceeded');
    expect(await outcome(put(whose, { reminders: [], notice: 'none' }))).toBe('accepted');
  });

  it('holds back no cancellation of what was booked, and lets no message of one past', async () => {
    const whose = await practice({ appointments_per_hour: 1 });
    const put = await startProcess();
    expect(await outcome(put(whose))).toBe('accepted');
    expect(await outcome(put(whose))).toBe('quota_exceeded');
    reference -= 2;
    const elsewhere = { ...phone(5), status: 'cancelled', notice: 'now' } as const;
    const { reminders } = await put(whose, elsewhere);
    expect(reminders.map(({ state, skipped }) => [state, skipped])).toEqual([
      ['skipped', 'quota_exceeded'],
      ['cancelled', undefined],
    ]);
    expect(await owed(whose)).toBe(0);
    // It is called off already.
    reference -= 1;
    expect(await outcome(put(whose, elsewhere))).toBe('quota_exceeded');
    expect(await outcome(put(whose))).toBe('quota_exceeded');
    expect(await stored(whose)).toBe(2);
  });

  it('holds for cancellations of nothing that was booked, and counts what they send', async () => {
    const whose = await practice({ reminders_per_hour: 3 });
    const put = await startProcess();
    const telling = { status: 'cancelled', notice: 'now' } as const;
    const outcomes = [];
    for (let times = 0; times < 2; times += 1) outcomes.push(await outcome(put(whose, telling)));
    reference -= 1;
    outcomes.push(await outcome(put(whose, telling)));
    outcomes.push(await outcome(put(whose, { ...telling, ...phone(6) })));
    outcomes.push(await outcome(put(whose, telling)));
    expect(outcomes).toEqual(['accepted', 'accepted', 'accepted', 'accepted', 'quota_exceeded']);
    expect([await owed(whose), await counted(whose)]).toMatchObject([3, { reminders: 3 }]);
  });

  it('of numbers counts each once, and keeps none of them, nor anything to find one by', async () => {
    const whose = await practice({ numbers_per_hour: 3 });
    const put = await startProcess();
    for (const last of [1, 1, 2, 2]) await put(whose, phone(last));
    expect(await counted(whose)).toMatchObject({ numbers: 2 });
    await put(whose, phone(3));
    expect(await outcome(put(whose, phone(9)))).toBe('quota_exceeded');
    nextHour();
    expect(await outcome(put(whose, phone(9)))).toBe('accepted');
    const { rows } = await database.admin.query(
      `select column_name as name, data_type as type from information_schema.columns
       where table_name = 'credential_usage' order by 1`,
    );
    expect(
      rows.filter(({ type }) => !['uuid', 'integer', 'timestamp with time zone'].includes(type)),
    ).toEqual([
      { name: 'mode', type: 'text' },
      { name: 'refused_by', type: 'text' },
    ]);
  });

  it('is forgotten two days after its hour, and not before', async () => {
    const whose = await practice({ appointments_per_hour: 9 });
    await (await startProcess())(whose);
    const hours = `select hour from credential_usage where credential_id = $1 order by hour`;
    await database.admin.query(
      `insert into credential_usage (organisation_id, credential_id, mode, process_id, hour)
       select $1, $2, 'test', gen_random_uuid(), date_trunc('hour', now()) - n * interval '47 hours'
       from generate_series(1, 2) n`,
      [whose.organisationId, whose.credential.id],
    );
    const over = shortLived(keptDaysMax).find(({ table }) => table === 'credential_usage');
    if (!over) throw new Error('never forgotten');
    await database
      .open('scheduler')
      .transaction([], (connection) => deleteShortLived(connection, over));
    expect((await database.admin.query(hours, [whose.credential.id])).rowCount).toBe(2);
  });

  it('is one for each mode', async () => {
    const whose = await practice({ appointments_per_hour: 1 });
    const put = await startProcess();
    const { id } = await createApiKey(database, {
      organisationId: whose.organisationId,
      mode: 'live',
    });
    const recipient = { phone: '+33612345678', language: 'fr', pin: '482913' };
    const live: Practice = { ...whose, mode: 'live', credential: { id, quotas: {} } };
    expect(await outcome(put(whose))).toBe('accepted');
    expect(await outcome(put(live, { recipient }))).toBe('accepted');
    expect(await outcome(put(live, { recipient }))).toBe('quota_exceeded');
  });
});

describe('a quota of a key', () => {
  it('holds below the ceiling of its organisation, over all that it acts for, and others go on', async () => {
    const one = await practice({ appointments_per_hour: 10 });
    const other = await practice({});
    const { adminUrl } = database;
    const changes = { appointmentsPerHour: 3, remindersPerDay: null };
    const { quotas } = await limitCredential(
      { adminUrl, journal: { append: async () => {} } },
      { credentialId: one.credential.id, changes },
    );
    expect(quotas).toEqual({ appointmentsPerHour: 3 });
    const limited = { id: one.credential.id, quotas };
    const processes = await Promise.all([startProcess(), startProcess()]);
    const asPlatform = [
      { ...one, credential: limited },
      { ...other, credential: limited },
    ];
    const outcomes: string[] = [];
    for (const whose of [...asPlatform, ...asPlatform]) {
      outcomes.push(...(await inTurns(processes, 1, whose)));
    }
    expect(outcomes).toEqual([...Array(3).fill('accepted'), 'quota_exceeded']);
    expect(accepted(await inTurns(processes, 2, one))).toBe(2);
  });

  it.each(ceilingNames)('of %s holds until its hour or its day is over', async (name) => {
    nextDay();
    const one = await practice({});
    const whose = { ...one, credential: { ...one.credential, quotas: { [name]: 2 } } };
    const processes = await Promise.all([startProcess(), startProcess()]);
    // Each process knows of the other's by what is summed.
    const full = ['accepted', 'accepted', 'quota_exceeded'];
    expect(await inTurns(processes, 3, whose)).toEqual(full);
    nextHour();
    const isOfDay = name.endsWith('PerDay');
    expect(await inTurns(processes, 3, whose)).toEqual(
      isOfDay ? Array(3).fill('quota_exceeded') : full,
    );
    nextDay();
    expect(await inTurns(processes, 3, whose)).toEqual(full);
  });
});

describe('the countries of an organisation', () => {
  it('are those that its recipients may have phones in', async () => {
    const whose = await practice({ countries: ['BE', 'FR'] });
    const put = await startProcess();
    expect(await outcome(put(whose))).toBe('accepted');
    for (const foreign of ['+447700900123', '+41791234567', '+881612345678']) {
      const error = await put(whose, {
        recipient: { phone: foreign, language: 'fr', pin: '482913' },
      }).catch((error: AppError) => error);
      expect(error).toMatchObject({ code: 'invalid_request' });
      const { fields } = error as AppError;
      expect(fields.every(({ pointer }) => pointer === '/recipient/phone')).toBe(true);
      if (!foreign.startsWith('+88')) expect(fields[0]?.code).toBe('country_not_allowed');
    }
  });
});

describe('a key that came to a ceiling', () => {
  it('is an incident for live keys, that names the organisation, and a line with ids alone', async () => {
    const whose = await practice({ appointments_per_hour: 1 }, 'live');
    const put = await startProcess();
    const recipient = { phone: '+33612345678', language: 'fr', pin: '482913' };
    expect(await outcome(put(whose, { recipient }))).toBe('accepted');
    logged.length = 0;
    for (let tries = 0; tries < 5; tries += 1) {
      expect(await outcome(put(whose, { recipient }))).toBe('quota_exceeded');
    }
    const scheduler = database.open('scheduler');
    const opened = async () => {
      await watchForIncidents({ database: scheduler });
      const { rows } = await database.admin.query(
        `select i.code, o.organisation_id from incidents i
         join incident_organisations o on o.incident_id = i.id and o.organisation_id = $1`,
        [whose.organisationId],
      );
      return rows;
    };
    await waitFor(async () => (await opened()).length > 0);
    expect((await opened())[0]).toMatchObject({ code: 'quota_exceeded' });
    const lines = logged.filter((line) => line.includes('a ceiling was reached'));
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      ...{ credentialId: whose.credential.id, organisationId: whose.organisationId },
      reason: 'appointmentsPerHour',
    });
    expect(logged.join('')).not.toContain('612345678');
  });

  it('answers 429 with Retry-After over HTTP, echoes nothing, and may still delete', async () => {
    const whose = await practice({ appointments_per_hour: 1 });
    const put = await startProcess();
    const fixture = await createApiFixture(
      () => ({
        putAppointment: ({ organisationId, mode, credential, body }) =>
          put({ organisationId, mode, credential }, body.reveal()),
        deleteAppointment: async () => ({
          ...{ id: '', reference: 'visit-1', version: 1, state: 'cancelled', reminders: [] },
        }),
      }),
      database,
    );
    const key = await fixture.key({ organisationId: whose.organisationId });
    const payload = appointmentRequest().reveal();
    const send = (method: 'PUT' | 'DELETE') =>
      fixture.request({
        method,
        url: '/v1/appointments/visit-1',
        key,
        ...(method === 'PUT' && { payload }),
      });
    expect((await send('PUT')).statusCode).toBe(201);
    const refused = await send('PUT');
    expect(refused.statusCode).toBe(429);
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    expect(refused.json()).toMatchObject({ code: 'quota_exceeded', errors: [] });
    expect((await send('DELETE')).statusCode).toBe(200);
    await fixture.close();
  });
});
