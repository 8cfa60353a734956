import { randomUUID } from 'node:crypto';
import AxeBuilder from '@axe-core/playwright';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { silentMaxS } from '../../src/domain/duty-silence.ts';
import { measureMinutes } from '../../src/usecases/measure-minutes.ts';
import { launchBrowser } from '../support/browser.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { type OpsClient, type OpsSite, startOpsSite } from '../support/ops-site.ts';
import {
  type PlantedHandOver,
  plantHandOver,
  plantReminder,
  plantStep,
} from '../support/plant-steps.ts';

const minuteMs = 60_000;
const duties = Object.keys(silentMaxS).filter((duty) => duty !== 'dispatch');
let database: TestDatabase;
let site: OpsSite;
let visitor: OpsClient;
let organisationId: string;

beforeAll(async () => {
  database = await createTestDatabase();
  site = await startOpsSite(database);
  visitor = await site.visit('viewer');
});
afterAll(async () => {
  await site.close();
  await database.drop();
});
beforeEach(async () => {
  organisationId = await database.createOrganisation({ name: 'Riverside' });
  await database.admin.query(
    `update measuring set measured_until = date_trunc('minute', now()) - interval '25 hours'`,
  );
  await beat(...duties, 'dispatch');
});
afterEach(async () => {
  await database.admin.query(`truncate organisations, heartbeats, events, suppressions,
    minute_transitions, minute_hand_overs, minute_lateness, minute_opt_outs, total_transitions,
    total_hand_overs, total_lateness, total_opt_outs cascade`);
});

/** All of one process, as a worker and a scheduler would say it. */
async function beat(...names: string[]): Promise<void> {
  await database.admin.query(
    `insert into heartbeats (name, instance, version) select n, 'one', '1.2.3' from unnest($1::text[]) n
     on conflict do nothing`,
    [names],
  );
}
const silence = (name: string) =>
  database.admin.query('delete from heartbeats where name = $1', [name]);
const ago = (minutes: number) => new Date(Date.now() - minutes * minuteMs);
const plantDue = (minutes: number, change = {}) =>
  plantReminder(database.admin, {
    ...{ organisationId, state: 'scheduled', sendAt: ago(minutes) },
    ...change,
  });
const handOver = (some: Partial<PlantedHandOver> = {}) =>
  plantHandOver(database.admin, { organisationId, at: ago(10), ...some });
const measure = () => measureMinutes({ database: database.open('scheduler', 1) });

/** The text of the page as it is read, with one space between words. */
async function read(path = '/'): Promise<string> {
  const answer = await visitor.get(path);
  expect(answer.status).toBe(200);
  const page = await answer.text();
  expect(Buffer.byteLength(page)).toBeLessThan(30 * 1024);
  expect(page).not.toMatch(/<script|style=|https?:\/\/(?!localhost)/);
  const text = page.replace(/<head>.*<\/head>/s, '').replaceAll(/<[^>]*>/g, ' ');
  return text.replaceAll('&#39;', "'").replaceAll('&quot;', '"').replaceAll(/\s+/g, ' ');
}
const tasksOf = (text: string) =>
  /What to do (.*?) due and unsent \d/.exec(text)?.[1]?.trim() ?? '';

describe('the overview', () => {
  it('of a system that is well says so, and that there is nothing to do', async () => {
    await handOver();
    await measure();
    const text = await read();
    expect(text).toContain('fine Reminders go out on time. Nothing is due and unsent.');
    expect(tasksOf(text)).toBe('Nothing that needs a person.');
    expect(text).toContain('Worker 1 1.2.3');
    expect(text).toContain('Live reminders are shown');
  });

  it('of an empty one says what to expect, and shows test until something is live', async () => {
    const text = await read();
    expect(text).toContain('Nothing has been accepted yet.');
    expect(text).toContain('Test reminders are shown: there is nothing live yet.');
    await plantDue(-30);
    expect(await read()).toContain('Live reminders are shown');
    expect(await read('/?mode=test')).not.toContain('are shown');
  });

  it('names what is late, whose it is, since when and how soon it matters', async () => {
    const oldest = ago(12);
    await plantDue(12, { sendAt: oldest, startsAt: ago(-600) });
    await plantDue(5, { startsAt: ago(-3_000) });
    await plantDue(30, { mode: 'test' });
    const text = await read();
    expect(text).toContain('late Reminders go out late, the oldest by 12 min.');
    const since = oldest.toISOString().slice(11, 16);
    expect(text).toContain(
      `2 reminders of 1 organisation are due and unsent, the oldest since ${since}`,
    );
    expect(text).toContain('1 appointment of those that are late begins within 24 h');
    expect(text).toContain('No provider is down and no channel is paused');
    expect(tasksOf(text)).toContain('Tell the practices: 1 appointment within 24 h');
    expect(text).toMatch(/Organisation Reminders Oldest due Riverside 2 12 min ago/);
  });

  it('says that a provider is down, whose messages still go out, and since when', async () => {
    await beat('held-up sms live');
    await handOver({ at: ago(180) });
    for (let count = 0; count < 6; count += 1) {
      await handOver({ at: ago(20), outcome: 'refused', reason: 'provider_credentials' });
    }
    await handOver({ channel: 'email' });
    await plantDue(25);
    await measure();
    const text = await read();
    expect(text).toContain('stopped No SMS goes out: the provider is down, or refuses us.');
    expect(text).toContain('It is the provider, or our account there.');
    expect(tasksOf(text)).toContain('The provider of SMS is down');
    expect(tasksOf(text)).toContain('The provider of SMS answers provider_credentials: 6 times');
    expect(text).toMatch(/SMS breaker open Last taken by the provider: .*?3 h ago/);
    expect(text).toContain('Email breaker closed');
  });

  it('is not well while workers take what is due and get nothing done', async () => {
    await plantReminder(database.admin, { organisationId, state: 'queued', sendAt: ago(9) });
    const text = await read('/?mode=live');
    expect(text).toContain('late Reminders go out late, the oldest by 9 min.');
    expect(text).toContain('What is late was taken by workers, who do not get it done.');
    expect(await read('/?mode=test')).toContain('fine Reminders go out on time.');
  });

  it('says that workers give back what they take, and why, until some of it goes out', async () => {
    const reminderId = await plantReminder(database.admin, {
      ...{ organisationId, state: 'scheduled', channel: 'email', sendAt: ago(40) },
    });
    // As always, it is due again in half a minute.
    await database.admin.query(`update reminders set due_at = now() + interval '20 seconds'`);
    const back = { ...{ organisationId, reminderId, from: 'queued', to: 'scheduled' } };
    for (const minutes of [6, 5, 4]) {
      await plantStep(database.admin, { ...back, at: ago(minutes), reason: 'no_opt_out_url' });
    }
    await measure();
    let text = await read();
    expect(text).toContain('stopped No email goes out: workers take it and give it back.');
    expect(tasksOf(text)).toContain(
      'Workers give back email unsent, no_opt_out_url: 3 times in the last 15 min It is tried again by itself until its deadline. If it lasts, look at the worker',
    );
    await database.admin.query(
      `update measuring set measured_until = date_trunc('minute', now()) - interval '9 minutes'`,
    );
    await database.admin.query('truncate minute_transitions');
    await handOver({ channel: 'email', at: ago(4) });
    await measure();
    text = await read();
    expect(text).toContain('fine Reminders go out on time.');
  });

  it('says that no worker runs, or that nobody feeds', async () => {
    await silence('dispatch');
    expect(await read()).toContain('stopped No reminder goes out: no worker is running.');
    await beat('dispatch');
    await silence('feed');
    const text = await read();
    expect(text).toContain('stopped No reminder goes out: nobody feeds what is due.');
    expect(tasksOf(text)).toContain('Look why a duty is silent: feed');
    expect(text).toContain('feed never heard of');
  });

  it('says what is paused, since when and why, and judges nothing that a pause holds', async () => {
    const pause = (organisation: string | null, channel: string | null) =>
      database.admin.query(
        `insert into pauses (id, organisation_id, channel, reason, created_at)
         values ($1, $2, $3, 'wrong texts of a practice', now() - interval '2 hours')`,
        [randomUUID(), organisation, channel],
      );
    await handOver();
    await measure();
    await plantDue(60);
    await pause(organisationId, null);
    // Many that began and ended since hide none that is in force.
    await database.admin.query(
      `insert into pauses (id, channel, reason, created_at, ended_at)
       select gen_random_uuid(), 'email', 'a try', now() - interval '1 hour', now() - interval '30 minutes'
       from generate_series(1, 60)`,
    );
    let text = await read();
    expect(text).toContain('fine Reminders go out on time. 1 reminder of 1 organisation is due');
    expect(text).toContain('Riverside paused');
    expect(tasksOf(text)).toContain(
      'Resume everything of Riverside, or leave it paused Paused 2 h ago',
    );
    const other = await database.createOrganisation({ name: 'Hilltop' });
    await plantDue(4, { organisationId: other });
    expect(await read()).toContain('late Reminders go out late, the oldest by 4 min.');
    await pause(null, 'sms');
    text = await read();
    expect(text).toContain('stopped No SMS goes out: a person has paused it.');
    expect(text).toMatch(/Pauses in force .*SMS , 2 h ago: wrong texts of a practice/);
    const page = await (await visitor.get('/')).text();
    expect(page).toMatch(/<rect [^>]*fill-opacity/);
    await database.admin.query('delete from pauses');
  });

  it('leads to dead letters by code, and tells what is in doubt or may be a second copy', async () => {
    const failed = {
      organisationId,
      state: 'failed',
      sendAt: ago(60),
      reason: 'invalid_recipient',
    };
    await plantReminder(database.admin, { ...failed, notAfter: ago(-120) });
    await plantReminder(database.admin, { ...failed, notAfter: ago(-600) });
    await plantReminder(database.admin, { organisationId, state: 'uncertain', sendAt: ago(60) });
    await database.admin.query(`update reminders set updated_at = now() - interval '40 minutes'`);
    await handOver({ flagged: true });
    await measure();
    const text = await read();
    expect(tasksOf(text)).toContain('Decide on 2 dead letters: invalid_recipient');
    expect(tasksOf(text)).toContain('Find out why 1 send cannot be looked up at the provider');
    expect(tasksOf(text)).toContain('1 hand-over in 24 h may have been a second copy');
    expect(text).toMatch(/invalid_recipient The number or address does not exist .* Riverside 2/);
    const page = await (await visitor.get('/')).text();
    expect(page).toContain('href="/redrive?code=invalid_recipient&amp;mode=live"');
    expect(page).toContain(`&amp;organisation=${organisationId}&amp;mode=live"`);
  });

  it('draws lateness with gaps, and tells it in words and in a table', async () => {
    for (const minutes of [300, 290, 100]) await handOver({ at: ago(minutes), lateS: minutes });
    await measure();
    const page = await (await visitor.get('/')).text();
    const [median = ''] = /d="M[^"]*L[^"]*"/.exec(page) ?? [];
    expect(median.match(/M/g)).toHaveLength(2);
    const text = await read();
    expect(text).toContain('Lateness of 3 reminders over 24 hours. Latest: 5 min');
    expect(text).toMatch(/95th percentile Latest .* 5 min 5 min 5 min .* 1 2 min 2 min 2 min/);
  });

  it('counts opt-outs by day and lock-outs of what is to come', async () => {
    await database.admin.query(
      `insert into suppressions (contact_index, pepper, channel, source, created_at)
       values (sha256('x'), 'p', 'sms', 'reply', now() - interval '10 minutes')`,
    );
    const id = await plantDue(-30);
    await database.admin.query(
      `insert into factor_failures (organisation_id, appointment_id, factor, failed_count, locked_at,
         help_code)
       select organisation_id, appointment_id, 'pin', 10, now(), 'ABC234' from reminders where id = $1`,
      [id],
    );
    await measure();
    const text = await read();
    expect(text).toMatch(/Opt-outs and lock-outs .* 1 0 /);
    expect(text).toContain('Locked after wrong answers, of appointments to come: 1 .');
  });

  it('refreshes itself, until it is told to stop', async () => {
    const page = await (await visitor.get('/?mode=live')).text();
    expect(page).toContain(
      '<meta http-equiv="refresh" content="15; url=/?mode=live&amp;by=itself">',
    );
    expect(page).toContain('href="/?mode=live&amp;refresh=off"');
    const still = await (await visitor.get('/?mode=live&refresh=off')).text();
    expect(still).not.toContain('http-equiv="refresh"');
    expect(still).toContain('href="/?mode=live"');
  });

  it('is usable by everyone, on a small phone too', async () => {
    await beat('held-up sms live');
    await handOver();
    await measure();
    await plantDue(25);
    await plantReminder(database.admin, {
      ...{ organisationId, state: 'failed', sendAt: ago(60), reason: 'invalid_recipient' },
    });
    const browser = await launchBrowser();
    try {
      const context = await browser.newContext({ viewport: { width: 320, height: 640 } });
      const [name = '', value = ''] = visitor.cookie.split('=');
      await context.addCookies([{ name, value, url: site.url }]);
      const page = await context.newPage();
      await page.goto(`${site.url}/?refresh=off`);
      const wide = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
      expect(wide).toBeLessThanOrEqual(0);
      const { violations } = await new AxeBuilder({ page })
        .withTags(['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa', 'best-practice'])
        .analyze();
      expect(violations.map(({ id, nodes }) => [id, nodes[0]?.html])).toEqual([]);
    } finally {
      await browser.close();
    }
  });

  it('names several versions while they run at once', async () => {
    await database.admin.query(
      `insert into heartbeats (name, instance, version) values ('dispatch', 'two', '1.3.0')`,
    );
    expect(tasksOf(await read())).toContain('versions 1.2.3 and 1.3.0 run at once');
  });
});
