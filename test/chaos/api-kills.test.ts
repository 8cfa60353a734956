import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { AppointmentRequest, PutAnswer } from '../../src/domain/appointment.ts';
import { openDetails } from '../../src/keys/open-details.ts';
import { openParcel } from '../../src/keys/open-parcel.ts';
import { createApiKey } from '../../src/usecases/create-credential.ts';
import { appointmentRequest, createTestKeys } from '../support/accept.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { freePort } from '../support/free-port.ts';
import { waitFor } from '../support/wait-for.ts';
import { type RoleProcess, startRoleProcess } from '../support/worker-process.ts';

const seed = Number(process.env.SOTTO_TEST_SEED ?? 20_261_121);
const count = Number(process.env.SOTTO_TEST_APPOINTMENTS ?? 400);
const killsMax = 6;
const clients = 25;

let db: TestDatabase;
let testKeys: Awaited<ReturnType<typeof createTestKeys>>;
let organisationId: string;
let apiKey: string;
let port: number;
let directory: string;
let api: RoleProcess;

beforeAll(async () => {
  db = await createTestDatabase();
  organisationId = await db.createOrganisation();
  testKeys = await createTestKeys([organisationId]);
  const made = await createApiKey({ adminUrl: db.adminUrl }, { organisationId, mode: 'test' });
  apiKey = made.key.reveal();
  directory = mkdtempSync(join(tmpdir(), 'sotto-test-api-'));
  port = await freePort();
});
afterAll(async () => {
  api?.signal('SIGKILL');
  await db.drop();
  await testKeys.remove();
  rmSync(directory, { recursive: true });
});

async function startApi(): Promise<void> {
  api = startRoleProcess('api', {
    DATABASE_URL: db.roleUrls.api.reveal(),
    KEYSTORE: `file:${testKeys.directory}`,
    JOURNAL: `file:${join(directory, 'journal')}`,
    API_PORT: String(port),
  });
  await api.ready;
}

function randomFrom(start: number): () => number {
  let state = start;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Asks until it is answered, as a booking system does; says how often it had to. */
async function put(reference: string, body: AppointmentRequest) {
  for (let tries = 1; ; tries += 1) {
    try {
      const response = await fetch(`http://127.0.0.1:${port}/v1/appointments/${reference}`, {
        method: 'PUT',
        headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      const answer = await response.json();
      if (response.ok) return { answer: answer as PutAnswer, status: response.status, tries };
      if (response.status !== 503) throw new Error(`refused: ${JSON.stringify(answer)}`);
    } catch (error) {
      // What fetch throws for a connection that was cut or refused.
      if (!(error instanceof TypeError || error instanceof SyntaxError)) throw error;
    }
    await wait(20);
  }
}

/** Opens what is stored with the keys of worker and patient, past everything that guards it. */
async function openStored(appointmentId: string, version: number) {
  const { rows } = await db.admin.query(
    `select l.id, l.reminder_id, l.parcel, l.parcel_day::text as parcel_day, k.sealed_key, v.content,
       v.view_month
     from links l join content_keys k on k.link_id = l.id
       join versions v on (v.appointment_id, v.version) = (k.appointment_id, k.version)
     where l.appointment_id = $1 and v.version = $2 and l.current`,
    [appointmentId, version],
  );
  const [row] = rows;
  const epochPrivateKey = await testKeys.keys.epochPrivateKey(row.parcel_day);
  const viewPrivateKey = await testKeys.keys.viewPrivateKey(organisationId, row.view_month);
  if (!epochPrivateKey || !viewPrivateKey) throw new Error('no key');
  const binding = { organisationId, appointmentId };
  const { linkSecret } = openParcel({
    epochPrivateKey,
    binding: { ...binding, reminderId: row.reminder_id },
    sealed: row.parcel,
  });
  return openDetails({
    linkSecret,
    viewPrivateKey,
    binding: { ...binding, version },
    linkId: row.id,
    sealedContentKey: row.sealed_key,
    sealedContent: row.content,
  }).body.reveal();
}

it(`an API that is killed while ${count} appointments come in loses and doubles none it has answered`, async () => {
  const random = randomFrom(seed);
  await startApi();
  const bodies = Array.from({ length: count }, (_, index) => {
    const details = { practitioner: `Dr ${index}` };
    return appointmentRequest({ details, revision: index }).reveal();
  });
  const answered = new Map<number, Awaited<ReturnType<typeof put>>>();
  const next = bodies.entries();
  const booking = Promise.all(
    Array.from({ length: clients }, async () => {
      for (const [index, body] of next) answered.set(index, await put(`kill-${index}`, body));
    }),
  );
  let kills = 0;
  const killing = (async () => {
    for (; kills < killsMax && answered.size < count; kills += 1) {
      const goal = Math.min(count, answered.size + Math.floor(random() * (count / killsMax)));
      await waitFor(() => answered.size >= goal, 30_000, 1);
      await wait(random() * 15);
      api.signal('SIGKILL');
      await api.gone;
      await startApi();
    }
  })();
  await Promise.all([booking, killing]);
  expect(kills).toBeGreaterThan(2);

  const tries = Array.from(answered.values(), ({ tries: times }) => times);
  expect(Math.max(...tries), 'somebody was cut off').toBeGreaterThan(1);
  const { rows } = await db.admin.query(
    `select a.id, a.reference, a.version,
       (select count(*)::int from reminders r where r.appointment_id = a.id) as reminders,
       (select count(*)::int from links l where l.appointment_id = a.id) as links,
       (select count(*)::int from events e where e.appointment_id = a.id and e.to_state = 'scheduled')
         as scheduled
     from appointments a`,
  );
  expect(rows).toHaveLength(count);
  for (const row of rows) {
    const index = Number(row.reference.slice('kill-'.length));
    const { answer, status } = answered.get(index) ?? {};
    const where = `seed ${seed}, ${row.reference}`;
    expect(row, where).toMatchObject({ reminders: 1, links: 1, scheduled: 1, id: answer?.id });
    expect(row.version, where).toBe(answer?.version);
    expect(status, where).toBe(answer?.version === 1 ? 201 : 200);
    expect(await openStored(row.id, row.version), where).toEqual(bodies[index]);
  }
}, 120_000);
