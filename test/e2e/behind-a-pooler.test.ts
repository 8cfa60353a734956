import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bodyOf, canaryDetails, people } from '../support/canary-people.ts';
import { startTestPostgres, type TestPostgres } from '../support/embedded-postgres.ts';
import { crawlOps } from '../support/ops-crawl.ts';
import { createPageVisitor } from '../support/page-visitor.ts';
import { type PgBouncer, startPgBouncer } from '../support/pgbouncer.ts';
import { type System, startSystem } from '../support/system.ts';
import { waitFor } from '../support/wait-for.ts';

const { wren } = people;
let postgres: TestPostgres;
let pooler: PgBouncer;
let system: System;
beforeAll(async () => {
  postgres = await startTestPostgres();
  // Passwords of roles are made at each start: it asks the server what it checks them with.
  const settings = { auth_user: 'postgres' };
  pooler = await startPgBouncer({ logins: [postgres.adminUrl], settings });
  system = await startSystem({
    DATABASE_URL: pooler.through(postgres.adminUrl).reveal(),
    DATABASE_DIRECT_URL: postgres.adminUrl.reveal(),
  });
}, 90_000);
afterAll(async () => {
  await system?.stop();
  await pooler?.stop();
  await postgres?.stop();
});

const answerOf = async (path: string) => (await system.call('GET', path)).text;

async function isDueNow(): Promise<void> {
  const client = new pg.Client({ connectionString: postgres.adminUrl.reveal() });
  await client.connect();
  await client.query(
    `update reminders r set due_at = now() from appointments a
     where a.id = r.appointment_id and a.reference = $1`,
    [wren.reference],
  );
  await client.end();
}

describe('behind PgBouncer, which gives each transaction whichever connection is free', () => {
  it('an appointment is accepted, told of, delivered, opened and seen by operators', async () => {
    const path = `/v1/appointments/${wren.reference}`;
    expect((await system.call('PUT', path, bodyOf(wren, 'sms'))).status).toBe(201);
    await isDueNow();
    const sent = async () => (await system.messages()).find(({ to }) => to === wren.phone);
    await waitFor(async () => (await sent()) !== undefined, 30_000);

    const [link = ''] = /https?:\S+/.exec((await sent())?.text ?? '') ?? [];
    const visitor = createPageVisitor();
    await visitor.go(link);
    await visitor.press('/prove');
    const details = await visitor.fill({ pin: wren.pin });
    expect(details.step).toBe('details');
    expect(details.html).toContain(canaryDetails.place.name);

    await waitFor(async () => (await answerOf(path)).includes('"delivered"'), 30_000);
    await waitFor(
      async () => (await answerOf('/v1/events')).includes('reminder.delivered'),
      30_000,
    );
    const pages = new Map(await crawlOps(system, { references: [wren.reference] }));
    expect(JSON.parse(pages.get('/readyz')?.trim() ?? '{}')).toMatchObject({ status: 'ok' });
    expect(pages.get('/metrics')).toContain('sotto_');
    expect([...pages.keys()].some((page) => page.startsWith('/appointments/'))).toBe(true);
    expect(logLines()).toContain('behind a pooler');
  });
});

function logLines(): string {
  const folder = join(system.dataDir, 'logs');
  return readdirSync(folder)
    .map((name) => readFileSync(join(folder, name), 'utf8'))
    .join('');
}
