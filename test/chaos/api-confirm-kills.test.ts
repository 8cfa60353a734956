import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import type { PutAnswer } from '../../src/domain/appointment.ts';
import { createApiKey } from '../../src/usecases/create-credential.ts';
import { appointmentRequest, createTestKeys } from '../support/accept.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createDispatchBench } from '../support/dispatch-bench.ts';
import { freePort } from '../support/free-port.ts';
import { type MessagesPeer, startMessagesPeer } from '../support/messages-peer.ts';
import { waitFor } from '../support/wait-for.ts';
import { type RoleProcess, startRoleProcess } from '../support/worker-process.ts';
import { type FaultProxy, startFaultProxy } from './stage/fault-proxy.ts';

// Between the COMMIT of a group and its answers lie the read-back of what was stored, the receipts, and the
// COMMIT of the next group: an API that dies there has stored what nobody was told of.

const readBack = 'read_accepted';
const readBackAnswer = 'is_replaced';

let db: TestDatabase;
let testKeys: Awaited<ReturnType<typeof createTestKeys>>;
let peer: MessagesPeer;
let proxy: FaultProxy;
let directory: string;
let apiKey: string;
let port: number;
let api: RoleProcess;

beforeAll(async () => {
  db = await createTestDatabase();
  const organisationId = await db.createOrganisation();
  testKeys = await createTestKeys([organisationId]);
  const made = await createApiKey({ adminUrl: db.adminUrl }, { organisationId, mode: 'test' });
  apiKey = made.key.reveal();
  peer = await startMessagesPeer();
  proxy = await startFaultProxy(Number(new URL(db.roleUrls.api.reveal()).port));
  directory = mkdtempSync(join(tmpdir(), 'sotto-test-api-'));
  port = await freePort();
});
afterAll(async () => {
  await proxy.close();
  await peer.close();
  await db.drop();
  await testKeys.remove();
  rmSync(directory, { recursive: true });
});
beforeEach(async () => {
  peer.forget();
  await db.admin.query('truncate appointments cascade');
  await startApi();
});
afterEach(() => api.signal('SIGKILL'));

async function startApi(): Promise<void> {
  api = startRoleProcess('api', {
    DATABASE_URL: proxy.through(db.roleUrls.api.reveal()),
    KEYSTORE: `file:${testKeys.directory}`,
    JOURNAL: `file:${join(directory, 'journal')}`,
    API_PORT: String(port),
  });
  await api.ready;
}

const phoneOf = (place: number) => `+336399800${String(place).padStart(2, '0')}`;
const referenceOf = (place: number) => `confirm-${place}`;
/** The same whenever it is asked again. */
const bodies = Array.from({ length: 11 }, (_, place) =>
  JSON.stringify(
    appointmentRequest({ recipient: { phone: phoneOf(place), pin: '482913' } }).reveal(),
  ),
);

/** @returns undefined when it was cut off before an answer */
async function put(place: number): Promise<{ status: number; answer: PutAnswer } | undefined> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/v1/appointments/${referenceOf(place)}`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
      body: bodies[place] ?? '',
    });
    return { status: response.status, answer: (await response.json()) as PutAnswer };
  } catch (error) {
    // What fetch throws for a connection that was cut.
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

const putAll = (places: readonly number[]) => Promise.all(places.map(put));

/** What is stored under each reference, with the ids of its reminders. */
async function stored() {
  const { rows } = await db.admin.query<{
    id: string;
    reference: string;
    version: number;
    reminders: string[];
  }>(
    `select a.id, a.reference, a.version,
       array(select r.id from reminders r where r.appointment_id = a.id) as reminders
     from appointments a`,
  );
  return new Map(rows.map((row) => [row.reference, row]));
}

/** Nobody but the test is connected any more. */
async function isAlone(): Promise<boolean> {
  const { rows } = await db.admin.query(
    `select from pg_stat_activity where datname = current_database() and application_name = 'sotto api'`,
  );
  return rows.length === 0;
}

/** Makes everything due and sends it, then says how many messages each number got. */
async function sendAll(places: readonly number[]): Promise<number[]> {
  await db.admin.query(`update reminders set due_at = clock_timestamp() where state = 'scheduled'`);
  const bench = createDispatchBench(db, peer);
  await bench.drain({ epochPrivateKey: testKeys.keys.epochPrivateKey });
  return places.map((place) => peer.accepted.filter(({ to }) => to === phoneOf(place)).length);
}

const [answered, group, groupOfOne] = [[0, 1, 2], [3, 4, 5, 6, 7, 8, 9], 10];
const die = () => api.signal('SIGKILL');

/** Each kills the API at its point, once the first of these are answered. @returns all that were put then */
const kills: Record<string, () => Promise<number[]>> = {
  async 'committed, and not yet read back'() {
    proxy.trap({ on: 'request', words: readBack, fate: 'lose', spring: die });
    expect(await putAll(group)).toEqual(group.map(() => undefined));
    return group;
  },
  async 'read back, and not yet answered'() {
    proxy.trap({ on: 'answer', words: readBackAnswer, after: readBack, fate: 'lose', spring: die });
    expect(await putAll(group)).toEqual(group.map(() => undefined));
    return group;
  },
  async 'committed while the group before it is still being read back'() {
    const held = proxy.trap({ on: 'request', words: readBack, fate: 'lose' });
    const first = put(groupOfOne);
    await held.sprung;
    const words = { words: 'COMMIT', after: 'insert missing appointments' };
    proxy.trap({ on: 'answer', ...words, fate: 'lose', spring: die });
    expect(await putAll(group)).toEqual(group.map(() => undefined));
    expect(await first).toBeUndefined();
    expect((await stored()).has(referenceOf(groupOfOne))).toBe(true);
    return [groupOfOne, ...group];
  },
};

it.each(Object.keys(kills))(
  'an API that is killed with a group %s has lost and doubled nothing',
  async (point) => {
    const first = await putAll(answered);
    expect(first.map((one) => one?.status)).toEqual([201, 201, 201]);
    const cutOff = (await kills[point]?.()) ?? [];
    await api.gone;
    // The server may still be at what it was told last.
    await waitFor(isAlone);
    const before = await stored();
    const committed = cutOff.filter((place) => before.has(referenceOf(place)));
    expect(committed.length).toBeGreaterThan(0);
    for (const [place, one] of first.entries()) {
      expect(before.get(referenceOf(place))).toMatchObject({ id: one?.answer.id, version: 1 });
    }

    await startApi();
    for (const place of cutOff) {
      const known = before.get(referenceOf(place));
      const { status, answer } = (await put(place)) ?? {};
      expect(status).toBe(known ? 200 : 201);
      if (known) {
        const { id, reminders } = known;
        expect(answer).toMatchObject({
          id,
          version: 2,
          reminders: reminders.map((one) => ({ id: one })),
        });
      }
    }
    const all = [...answered, ...cutOff];
    const after = await stored();
    expect([...after.keys()].sort()).toEqual(all.map(referenceOf).sort());
    expect([...after.values()].map(({ reminders }) => reminders.length)).toEqual(all.map(() => 1));
    expect(await sendAll(all)).toEqual(all.map(() => 1));
  },
);
