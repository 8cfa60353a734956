import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Mode } from '../../src/domain/channel.ts';
import type { EventAnswer } from '../../src/usecases/describe-event.ts';
import type { LedgerAnswer } from '../../src/usecases/read-ledger.ts';
import { retireExpired } from '../../src/usecases/retire-expired.ts';
import { appointmentRequest, createTestAccept, createTestKeys } from '../support/accept.ts';
import { type ApiFixture, createApiFixture } from '../support/api-server.ts';
import { silentLog } from '../support/dispatch-bench.ts';
import { waitFor } from '../support/wait-for.ts';

let fixture: ApiFixture;
let testKeys: Awaited<ReturnType<typeof createTestKeys>>;
let own: string;
let foreign: string;
let key: string;
/** What the booking system keeps of its PUTs, by hour. */
const kept = new Map<number, string[]>();
const thisHour = Temporal.Now.instant().round({ smallestUnit: 'hour', roundingMode: 'floor' });
const at = (hours: number) => thisHour.add({ hours }).toString();

beforeAll(async () => {
  fixture = await createApiFixture();
  own = await fixture.database.createOrganisation();
  foreign = await fixture.database.createOrganisation();
  testKeys = await createTestKeys([own, foreign]);
  key = await fixture.key({ organisationId: own, mode: 'test', scopes: ['ledger', 'status'] });
  for (const hours of [-1, 0]) {
    for (const place of [1, 2, 3]) {
      kept.set(hours, [...(kept.get(hours) ?? []), await put({ hours, place })]);
    }
  }
  await put({ hours: 0, place: 4, organisationId: foreign });
  await put({ hours: 0, place: 5, mode: 'live' });
});
afterAll(async () => {
  await fixture.close();
  await testKeys.remove();
});

/** @param input.hours how far from this one the hour is in which it is accepted */
async function put(input: { hours: number; place: number; organisationId?: string; mode?: Mode }) {
  const { hours, place, organisationId = own, mode = 'test' } = input;
  const now = () => Temporal.Instant.from(at(hours)).add({ milliseconds: 1_999 });
  const database = fixture.database.open('api', 1);
  const accept = await createTestAccept({ database, ...testKeys, change: { now } });
  const recipient = { phone: '+33612345678', language: 'fr', pin: '482913' };
  const { receipt } = await accept.put({
    ...{ organisationId, mode, reference: `visit-${place}` },
    body: appointmentRequest({ recipient }, 100),
  });
  return receipt;
}

function claimsOf(receipt: string): { jti: string; iat: number } {
  return JSON.parse(Buffer.from(receipt.split('.')[1] ?? '', 'base64url').toString());
}

/** As the guide for booking systems says. */
function digestOf(receipts: readonly string[]): { count: number; digest: string } {
  const ids = receipts.map((receipt) => claimsOf(receipt).jti).sort();
  const digest = createHash('sha256').update(ids.join('')).digest('hex');
  return { count: ids.length, digest };
}

function ask(from: string, to: string, as = key) {
  const query = new URLSearchParams({ from, to });
  return fixture.request({ method: 'GET', url: `/v1/ledger?${query}`, key: as });
}

async function ledger(from: string, to: string): Promise<LedgerAnswer> {
  const answer = await ask(from, to);
  expect(answer.statusCode).toBe(200);
  return answer.json();
}

describe('the digest of the ledger', () => {
  it('is what the booking system computes from its receipts, for each hour and the whole', async () => {
    const answer = await ledger(at(-1), at(1));
    const [before = [], now = []] = [kept.get(-1), kept.get(0)];
    expect(answer).toMatchObject({ from: at(-1), to: at(1), complete: false });
    expect(answer.receipts).toEqual(digestOf([...before, ...now]));
    expect(answer.hours.map(({ receipts }) => receipts)).toEqual([digestOf(before), digestOf(now)]);
    for (const receipt of before) {
      expect(claimsOf(receipt).iat).toBe(Date.parse(at(-1)) / 1_000 + 1);
    }
    expect(await ledger(at(-1), at(0))).toMatchObject({ receipts: digestOf(before) });
    expect(await ledger(at(-3), at(-1))).toMatchObject({
      ...{ complete: true, hours: [], receipts: digestOf([]) },
    });
  });

  it('differs when a receipt is missing, ours or theirs, and outlives what it was for', async () => {
    const now = kept.get(0) ?? [];
    const { admin } = fixture.database;
    await admin.query('update links set expires_at = now()');
    await retireExpired({ database: fixture.database.open('scheduler'), log: silentLog });
    expect((await admin.query('select from versions')).rowCount).toBe(0);
    expect((await ledger(at(0), at(1))).receipts).toEqual(digestOf(now));
    expect((await ledger(at(0), at(1))).receipts).not.toEqual(digestOf(now.slice(1)));
    const { jti } = claimsOf(now[0] ?? '');
    await admin.query('delete from receipts where receipt_id = $1', [jti]);
    expect((await ledger(at(0), at(1))).receipts).toEqual(digestOf(now.slice(1)));
  });
});

describe('the hours of the ledger', () => {
  it('count what the events tell, of the own organisation and mode alone', async () => {
    await fixture.database.admin.query(
      `insert into events (organisation_id, mode, type, reference, appointment_id, reminder_id,
         from_state, to_state)
       select e.organisation_id, e.mode, 'reminder.' || s.later, e.reference, e.appointment_id,
         e.reminder_id, s.before, s.later
       from events e, (values ('scheduled', 'queued'), ('queued', 'sending'), ('sending', 'sent'),
         ('sent', 'sent'), ('sending', 'scheduled')) s (before, later)
       where e.reference = 'visit-1' and e.to_state = 'scheduled' and e.from_state is null`,
    );
    const listEvents = async () => {
      const listed = await fixture.request({ method: 'GET', url: '/v1/events?limit=200', key });
      const { events } = listed.json<{ events: EventAnswer[] }>();
      return events.filter(({ reminderId, state }) => reminderId && state);
    };
    // Events are shown when no earlier transaction of the server can add any before them.
    await waitFor(async () => (await listEvents()).some(({ state }) => state === 'sent'));
    const events = await listEvents();
    const { hours } = await ledger(at(-1), at(2));
    expect(events.filter(({ state }) => state === 'sent')).toHaveLength(2);
    // What tells of a flag has the state that the reminder had already, and is no step.
    const had = new Map<string | undefined, string | undefined>();
    const told = events.flatMap(({ reminderId, state }) => {
      const isStep = had.get(reminderId) !== state;
      had.set(reminderId, state);
      return isStep && state ? [state] : [];
    });
    const sum = (state: string) => hours.reduce((all, { states }) => all + (states[state] ?? 0), 0);
    expect(hours.flatMap(({ states }) => Object.keys(states)).sort()).toEqual([
      'scheduled',
      'sent',
    ]);
    expect({ scheduled: sum('scheduled'), sent: sum('sent') }).toEqual({ scheduled: 3, sent: 1 });
    for (const state of ['scheduled', 'sent']) {
      expect(told.filter((each) => each === state)).toHaveLength(sum(state));
    }
  });

  it('are whole hours, at most 168 of the last 90 days, for who may read states', async () => {
    const half = thisHour.add({ minutes: 30 }).toString();
    for (const [from, to, pointer] of [
      [half, at(1), '/from'],
      [at(-1), half, '/to'],
      [at(0), at(0), '/to'],
      [at(1), at(0), '/to'],
      [at(-169), at(0), '/to'],
      [at(-91 * 24), at(-90 * 24), '/from'],
      ['yesterday', at(0), '/from'],
      // More digits than there are nanoseconds.
      [at(-1).replace('Z', '.0000000000Z'), at(0), '/from'],
      [at(-1), at(0).replace('Z', '.0000000000Z'), '/to'],
    ] as const) {
      const answer = await ask(from, to);
      expect(answer.statusCode).toBe(422);
      expect(answer.json().errors[0]).toMatchObject({ pointer });
    }
    expect((await ask(at(-168), at(0))).statusCode).toBe(200);
    const writer = await fixture.key({ organisationId: own, mode: 'test', scopes: ['write'] });
    expect((await ask(at(-1), at(0), writer)).statusCode).toBe(403);
  });
});
