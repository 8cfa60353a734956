import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../config/env.ts';
import { runOps } from '../../src/roles/ops.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { freePort } from '../support/free-port.ts';

const canary = 'canary-reference';
let database: TestDatabase;
let ops: { close(): Promise<void> };
let url: string;

beforeAll(async () => {
  database = await createTestDatabase();
  const port = await freePort();
  url = `http://127.0.0.1:${port}`;
  ops = await runOps(
    loadConfig({
      OPS_PORT: String(port),
      DATABASE_URL: database.roleUrls.ops.reveal(),
      METRICS_TOKEN: 'a-token-of-operators',
      LOG_LEVEL: 'silent',
    }),
  );
});
afterAll(async () => {
  await ops.close();
  await database.drop();
});

async function beat(name: string, ageS: number): Promise<void> {
  await database.admin.query(
    `insert into heartbeats (name, instance, version, beat_at)
     values ($1, $2, '0', clock_timestamp() - $3 * interval '1 second')
     on conflict (name, instance) do update set beat_at = excluded.beat_at`,
    [name, name, ageS],
  );
}

/** Two organisations, each with a reminder that was due a minute ago and one that is not due. */
async function addReminders(): Promise<void> {
  for (let index = 0; index < 2; index += 1) {
    const organisationId = await database.createOrganisation();
    const appointmentId = randomUUID();
    await database.admin.query(
      `insert into appointments (id, organisation_id, mode, reference, state, version, starts_at,
         ends_at, erase_at)
       values ($1, $2, 'test', $3, 'booked', 1, now() + '1 day', now() + '1 day', now() + '9 days')`,
      [appointmentId, organisationId, canary],
    );
    for (const due of ['-60 seconds', '1 hour']) {
      await database.admin.query(
        `insert into reminders (id, organisation_id, mode, appointment_id, kind, requested_channel,
           channel, before, resolved_at, send_at, due_at, not_after, state)
         values ($1, $2, 'test', $3, 'planned', 'sms', 'sms', 'P1D', now(), now(),
           clock_timestamp() + $4::interval, now() + '1 day', 'scheduled')`,
        [randomUUID(), organisationId, appointmentId, due],
      );
    }
  }
}

describe('readiness for operators', () => {
  it('is 503 with a line for each duty that nobody does', async () => {
    const answer = await fetch(`${url}/readyz`);
    expect(answer.status).toBe(503);
    const text = await answer.text();
    expect(JSON.parse(text)).toMatchObject({
      status: 'unavailable',
      checks: {
        postgres: { status: 'ok' },
        feed: { status: 'unavailable' },
        sweep: { status: 'unavailable' },
        dispatch: { status: 'unavailable' },
      },
    });
    expect(text.split('\n').filter((line) => line.includes('"dispatch"'))).toHaveLength(1);
  });

  it('is 200 once each has been heard of lately, and 503 when one falls silent', async () => {
    for (const duty of ['feed', 'sweep', 'dispatch']) await beat(duty, 1);
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    await beat('feed', 120);
    const answer = await fetch(`${url}/readyz`);
    expect(answer.status).toBe(503);
    expect(await answer.json()).toMatchObject({
      checks: { feed: { status: 'unavailable', ageS: 120 }, sweep: { status: 'ok' } },
    });
  });
});

describe('metrics', () => {
  it('count over all organisations and name none of them', async () => {
    await addReminders();
    await beat('dispatch', 0);
    const answer = await fetch(`${url}/metrics`);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toContain('text/plain');
    const text = await answer.text();
    expect(text).toContain('sotto_reminders_scheduled_estimate 4');
    expect(text).toContain('sotto_reminders_due{channel="sms",mode="test"} 2');
    expect(text).toContain('sotto_reminders_due{channel="email",mode="live"} 0');
    expect(text).toContain('sotto_workers_connected 1');
    const age = /oldest_due_age_seconds\{channel="sms",mode="test"\} ([\d.]+)/.exec(text)?.[1];
    expect(Number(age)).toBeGreaterThanOrEqual(60);
    expect(Number(age)).toBeLessThan(120);
    expect(text).not.toContain(canary);
    expect(text).not.toMatch(/[0-9a-f]{8}-[0-9a-f]{4}-/);
  });

  it('are refused to what a proxy hands on without the token, and given with it', async () => {
    const proxied = { 'x-forwarded-for': '203.0.113.9' };
    const refused = await fetch(`${url}/metrics`, { headers: proxied });
    expect(refused.status).toBe(401);
    expect(await refused.json()).toMatchObject({ code: 'unauthenticated' });
    for (const token of ['wrong', '']) {
      const headers = { ...proxied, authorization: `Bearer ${token}` };
      expect((await fetch(`${url}/metrics`, { headers })).status).toBe(401);
    }
    const headers = { ...proxied, authorization: 'Bearer a-token-of-operators' };
    expect((await fetch(`${url}/metrics`, { headers })).status).toBe(200);
  });
});
