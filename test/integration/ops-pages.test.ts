import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openIncident } from '../../src/usecases/open-incident.ts';
import { launchBrowser, tabTo } from '../support/browser.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createDispatchBench } from '../support/dispatch-bench.ts';
import { type MessagesPeer, startMessagesPeer } from '../support/messages-peer.ts';
import { type OpsSite, startOpsSite } from '../support/ops-site.ts';
import { faultsOf, prepareLooks } from '../support/page-faults.ts';
import type { SeededReminder } from '../support/seed-reminders.ts';

let database: TestDatabase;
let peer: MessagesPeer;
let bench: ReturnType<typeof createDispatchBench>;
let ops: OpsSite;
let browser: Browser;
let page: Page;
let organisationId: string;
let failed: SeededReminder;

beforeAll(async () => {
  database = await createTestDatabase();
  peer = await startMessagesPeer();
  bench = createDispatchBench(database, peer);
  ops = await startOpsSite(database);
  organisationId = await database.createOrganisation({ name: 'Example practice' });
  const [one] = await bench.seed({ organisationId, count: 1, channels: ['sms', 'email'] });
  if (!one) throw new Error('not seeded');
  failed = one;
  peer.answer = () => 'bad_number';
  const bounced = { kind: 'refused', permanent: true, reason: 'blocked_by_carrier' } as const;
  const idempotency = { kind: 'none' } as const;
  const email = {
    name: 'email-smtp',
    idempotency,
    send: async () => bounced,
    close: async () => {},
  };
  await bench.drain({ email: { transport: email } });
  await database.admin.query(
    `insert into factor_failures (organisation_id, appointment_id, factor, failed_count, locked_at, help_code)
     values ($1, $2, 'pin', 10, now(), 'HJ7K3M')`,
    [organisationId, failed.appointmentId],
  );
  browser = await launchBrowser();
  const context = await browser.newContext({ javaScriptEnabled: true });
  const operator = await ops.visit('admin');
  const [name = '', value = ''] = operator.cookie.split('=');
  await context.addCookies([{ name, value, url: ops.url }]);
  page = await context.newPage();
  await prepareLooks(page);
});
afterAll(async () => {
  await browser.close();
  await ops.close();
  await peer.close();
  await database.drop();
});

const pressAndWait = (selector: string) =>
  Promise.all([page.waitForEvent('load'), page.keyboard.press('Enter')]).then(() =>
    page.locator(selector).waitFor(),
  );

describe('the pages that operators act on', () => {
  it('have no fault that axe finds, in light and dark, on a phone of 320 pixels and a desktop', async () => {
    await database.admin.query(
      `insert into pauses (id, organisation_id, reason)
       values (gen_random_uuid(), $1, 'a long reason that says why this was paused, and for how long')`,
      [organisationId],
    );
    const [{ id: pauseId = '' } = {}] = await bench.rows('select id from pauses');
    const { id: incidentId } = await openIncident(
      { database: database.open('worker') },
      {
        ...{ code: 'provider_copies_overdue', organisationIds: [organisationId] },
        ...{ since: Temporal.Now.instant(), facts: { count: 12_345 } },
      },
    );
    const [{ id: sessionId = '' } = {}] = await bench.rows('select id from ops_sessions');
    const [{ id: requestId = '' } = {}] = await bench.rows(
      `insert into ops_requests (action, details, shown, asked_by, asked_person, reason)
       values ('reminders.redrive', '{"mode":"live"}', 12345, 'somebody', 'somebody', 'a reason')
       returning id`,
    );
    const paths = [
      '/find',
      '/incidents',
      `/incidents/${incidentId}`,
      '/find?q=none.such',
      `/appointments/${failed.appointmentId}`,
      `/reminders/${failed.id}/redrive`,
      '/redrive?code=blocked_by_carrier',
      '/controls',
      `/controls/resume?pause=${pauseId}`,
      '/log',
      '/people',
      `/people/sessions/${sessionId}`,
      '/requests',
      `/requests/${requestId}`,
    ];
    for (const width of [320, 1280]) {
      await page.setViewportSize({ width, height: 800 });
      for (const path of paths) {
        await page.goto(`${ops.url}${path}`);
        expect(await faultsOf(page), `${path} at ${width}`).toEqual([]);
      }
    }
    await database.admin.query('delete from pauses');
  });

  it('lead from a help code to a reminder sent again with the keyboard alone', async () => {
    await page.goto(`${ops.url}/find`);
    await tabTo(page, '#q');
    await page.keyboard.type('hj7 k3m');
    await pressAndWait('h1:has-text("Appointment")');
    await tabTo(page, `a[href="/reminders/${failed.id}/redrive"]`);
    await pressAndWait('h1:has-text("Send a reminder again")');
    await tabTo(page, '#reason');
    await page.keyboard.type('the number was corrected at the provider');
    await tabTo(page, 'main form button');
    await pressAndWait('[role="status"]');
    expect(await page.locator('[role="status"]').textContent()).toContain('will be sent again');
    expect(await bench.states()).toEqual({ scheduled: 1 });
  });

  it('stop everything, and go on, with the keyboard alone', async () => {
    await page.goto(`${ops.url}/controls`);
    await tabTo(page, '#reason');
    await page.keyboard.type('we send something wrong');
    await tabTo(page, 'button.danger');
    await pressAndWait('[role="status"]');
    await tabTo(page, 'a[href^="/controls/resume"]');
    await pressAndWait('h1:has-text("Resume")');
    await tabTo(page, '#reason');
    await page.keyboard.type('it is put right');
    await tabTo(page, 'main form button');
    await pressAndWait('[role="status"]');
    expect(await page.locator('main').textContent()).toContain('Nothing is paused');
  });
});
