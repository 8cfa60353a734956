import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { limits } from '../../config/limits.ts';
import { refusingSign } from '../../src/domain/duty-silence.ts';
import { administer } from '../../src/store/administration.ts';
import { countLedger } from '../../src/store/ledger.ts';
import { createApiKey } from '../../src/usecases/create-credential.ts';
import { freePort } from '../bench/free-port.ts';
import { appointmentRequest, createTestKeys } from '../support/accept.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { waitFor } from '../support/wait-for.ts';
import { type RoleProcess, startRoleProcess } from '../support/worker-process.ts';

/** A group of a hundred takes so long: no more than 200 a second can be stored. */
const commitS = 0.5;
const perSecond = 600;
const forS = 5;
let db: TestDatabase;
let testKeys: Awaited<ReturnType<typeof createTestKeys>>;
let api: RoleProcess;
let url: string;
let authorization: string;

beforeAll(async () => {
  db = await createTestDatabase();
  const organisationId = await db.createOrganisation();
  testKeys = await createTestKeys([organisationId]);
  const { key } = await createApiKey({ adminUrl: db.adminUrl }, { organisationId, mode: 'test' });
  authorization = `Bearer ${key.reveal()}`;
  const port = await freePort();
  url = `http://localhost:${port}/v1/appointments`;
  api = startRoleProcess('api', {
    DATABASE_URL: db.roleUrls.api.reveal(),
    KEYSTORE: `file:${testKeys.directory}`,
    JOURNAL: `file:${testKeys.directory}/journal`,
    API_PORT: String(port),
  });
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
  readonly tookMs: number;
}

async function put(reference: string, isCancellation = false): Promise<Answered> {
  const begunAt = performance.now();
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
      body: (await answer.json()) as { code?: string },
    },
    tookMs: performance.now() - begunAt,
  };
}

it('three times as much as can be stored: some is stored soon, the rest refused at once, and nothing in between', async () => {
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
  const answered = await Promise.all(asked);
  const accepted = answered.filter(({ status }) => status === 201);
  const refused = answered.filter(({ status }) => status !== 201);
  const slowest = (some: readonly Answered[], share: number) =>
    some.map(({ tookMs }) => tookMs).sort((one, other) => one - other)[
      Math.floor((some.length - 1) * share)
    ];
  if (process.env.SHOW) {
    console.log({
      ...{ accepted: accepted.length, refused: refused.length },
      acceptedMs: [0.5, 0.99, 1].map((share) => slowest(accepted, share)),
      refusedMs: [0.5, 0.99, 1].map((share) => slowest(refused, share)),
    });
  }
  // What was promised: the wait, and the groups that it was in doubt about.
  expect(slowest(accepted, 1)).toBeLessThan(2 * limits.acceptWaitMaxMs);
  expect(slowest(refused, 0.5)).toBeLessThan(limits.acceptWaitMaxMs / 4);
  expect(accepted.length).toBeGreaterThan((forS / commitS) * limits.acceptBatchMax * 0.7);
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
  expect(await put(refused[0]?.reference ?? '')).toMatchObject({ status: 201 });
}, 60_000);
