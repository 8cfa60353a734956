import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { limits } from '../../config/limits.ts';
import { refusingSign } from '../../src/domain/duty-silence.ts';
import { administer } from '../../src/store/administration.ts';
import { countLedger } from '../../src/store/ledger.ts';
import { createApiKey } from '../../src/usecases/create-credential.ts';
import { appointmentRequest, createTestKeys } from '../support/accept.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { freePort } from '../support/free-port.ts';
import { percentile } from '../support/percentile.ts';
import { timeOf } from '../support/time-of.ts';
import { waitFor } from '../support/wait-for.ts';
import { type RoleProcess, startRoleProcess } from '../support/worker-process.ts';

/** A group of a hundred takes so long: no more than 167 a second can be stored. */
const commitS = 0.6;
const perSecond = 500;
const forS = 3;
let db: TestDatabase;
let testKeys: Awaited<ReturnType<typeof createTestKeys>>;
let api: RoleProcess;
let url: string;
let authorization: string;
/** By the process itself: on a busy machine it is this test that is slow to hear. */
const tookMs: Record<number, number[]> = { 201: [], 503: [] };

beforeAll(async () => {
  db = await createTestDatabase();
  const organisationId = await db.createOrganisation();
  testKeys = await createTestKeys([organisationId]);
  const { key } = await createApiKey({ adminUrl: db.adminUrl }, { organisationId, mode: 'test' });
  authorization = `Bearer ${key.reveal()}`;
  const port = await freePort();
  url = `http://localhost:${port}/v1/appointments`;
  api = startRoleProcess(
    'api',
    {
      DATABASE_URL: db.roleUrls.api.reveal(),
      KEYSTORE: `file:${testKeys.directory}`,
      JOURNAL: `file:${testKeys.directory}/journal`,
      API_PORT: String(port),
      LOG_LEVEL: 'info',
    },
    {
      onLine(line) {
        const { status, durationMs } = JSON.parse(line);
        tookMs[status]?.push(durationMs);
      },
    },
  );
  await api.ready;
  await db.admin.query(
    `create function slow() returns trigger language plpgsql
       as $$ begin perform pg_sleep(${commitS}); return null; end $$;
     create trigger slow before insert on versions for each statement execute function slow()`,
  );
}, 60_000);
afterAll(async () => {
  api.signal('SIGTERM');
  await api.gone;
  await db.drop();
  await testKeys.remove();
});

interface Answered {
  readonly reference: string;
  readonly isCancellation: boolean;
  readonly status: number;
  readonly retryAfter: string | null;
  readonly body: { code?: string };
}

async function put(reference: string, isCancellation = false): Promise<Answered> {
  const body = appointmentRequest(isCancellation ? { status: 'cancelled' } : {});
  const answer = await fetch(`${url}/${reference}`, {
    method: 'PUT',
    headers: { authorization, 'content-type': 'application/json' },
    body: JSON.stringify(body.reveal()),
  });
  return {
    ...{ reference, isCancellation, status: answer.status },
    ...{
      retryAfter: answer.headers.get('retry-after'),
      body: (await answer.json()) as Answered['body'],
    },
  };
}

async function askTooMuch(): Promise<Answered[]> {
  const asked: Promise<Answered>[] = [];
  const begunAt = performance.now();
  while (asked.length < perSecond * forS) {
    const due = Math.min(
      perSecond * forS,
      Math.floor(((performance.now() - begunAt) / 1_000) * perSecond),
    );
    while (asked.length < due) asked.push(put(`ref-${asked.length}`, asked.length % 50 === 49));
    await wait(5);
  }
  return Promise.all(asked);
}

it('three times as much as can be stored: some is stored soon, the rest refused at once, and nothing in between', async () => {
  let answered: Answered[] = [];
  const { stoodStillMs } = await timeOf(async () => {
    answered = await askTooMuch();
  });
  const accepted = answered.filter(({ status }) => status === 201);
  const refused = answered.filter(({ status }) => status !== 201);
  const { 201: acceptedMs = [], 503: refusedMs = [] } = tookMs;
  await waitFor(async () => acceptedMs.length + refusedMs.length === answered.length);
  // Half of that on a machine with nothing else to do; without a bound they would wait for nine seconds.
  expect(Math.max(...acceptedMs) - stoodStillMs).toBeLessThan(4 * limits.acceptWaitMaxMs);
  expect(percentile(refusedMs, 0.5)).toBeLessThan(limits.acceptWaitMaxMs / 4);
  // How many a group holds depends on how busy the machine is: more than one group, in any case.
  expect(accepted.length).toBeGreaterThan(limits.acceptBatchMax);
  expect(refused.length).toBeGreaterThan(answered.length / 4);
  expect(new Set(refused.map((one) => `${one.status} ${one.body.code} ${one.retryAfter}`))).toEqual(
    new Set(['503 overloaded 2']),
  );
  expect(refused.filter(({ isCancellation }) => isCancellation)).toEqual([]);

  const stored = await db.admin.query('select reference from appointments order by reference');
  expect(stored.rows.map(({ reference }) => reference)).toEqual(
    accepted.map(({ reference }) => reference).sort(),
  );
  const lines = await administer(db.adminUrl, (admin) => countLedger(admin, undefined));
  expect(lines.length).toBeGreaterThan(0);
  for (const line of lines) expect(line.byRows + line.carried).toBe(line.byEvents);
  await waitFor(async () => {
    const signs = await db.admin.query('select from heartbeats where name = $1', [
      refusingSign('full'),
    ]);
    return signs.rowCount === 1;
  });
  expect(await put(refused[0]?.reference ?? 'none')).toMatchObject({ status: 201 });
}, 60_000);
