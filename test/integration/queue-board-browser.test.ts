import { randomUUID } from 'node:crypto';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createBells } from '../../src/queue/bells.ts';
import { launchBrowser } from '../support/browser.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { silentLog } from '../support/dispatch-bench.ts';
import { type OpsClient, type OpsSite, startOpsSite } from '../support/ops-site.ts';
import { plantJobs } from '../support/planted-jobs.ts';
import { createTestedQueue, type TestedQueue } from '../support/tested-queue.ts';
import { waitFor } from '../support/wait-for.ts';

let database: TestDatabase;
let queue: TestedQueue;
let ops: OpsSite;
let browser: Browser;
const batchId = randomUUID();

beforeAll(async () => {
  database = await createTestDatabase();
  queue = await createTestedQueue(database);
  ops = await startOpsSite(database, queue.environment);
  browser = await launchBrowser();
  await plantJobs(queue.strangersUrl);
  const bells = createBells({ url: queue.urlFor('scheduler'), log: silentLog });
  bells.ring(batchId);
  await waitFor(async () => (await queue.jobs()).some(({ id }) => id === batchId));
  await bells.close();
});
afterAll(async () => {
  await browser.close();
  await ops.close();
  await queue.stop();
  await database.drop();
});

/** A page of somebody signed in, with every address that it asked for and all that it complained of. */
async function openBoard(client: OpsClient) {
  const context = await browser.newContext({ colorScheme: 'light' });
  const [name = '', value = ''] = client.cookie.split('=');
  await context.addCookies([{ name, value, url: ops.url }]);
  const asked: string[] = [];
  const complaints: string[] = [];
  context.on('request', (request) => asked.push(request.url()));
  const page = await context.newPage();
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  await page.goto(`${ops.url}/queues`);
  return { page, asked, complaints };
}

describe('the queue board in a browser', () => {
  it('loads nothing from anywhere else, and breaks none of its own rules', async () => {
    const { page, asked, complaints } = await openBoard(await ops.visit('operator'));
    await page.getByText('7 Jobs').waitFor();
    await page.getByRole('link', { name: 'Overview' }).waitFor();
    await page.goto(`${ops.url}/queues/queue/bells/${batchId}`);
    await page.getByText('Added at').waitFor();
    await page.goto(`${ops.url}/queues/queue/bells?status=failed`);
    await page.getByRole('button', { name: 'Clean all' }).click();
    await page.getByRole('button', { name: 'Confirm' }).click();
    await waitFor(async () => {
      const { rows } = await database.admin.query(
        `select 1 from audit where action = 'queue.clean'`,
      );
      return rows.length === 1;
    });
    await page.getByRole('heading', { name: 'unreadable' }).waitFor({ state: 'detached' });
    expect(asked.length).toBeGreaterThan(20);
    expect(asked.filter((url) => new URL(url).origin !== ops.url)).toEqual([]);
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it('offers viewers nothing to press', async () => {
    const { page } = await openBoard(await ops.visit('viewer'));
    await page.goto(`${ops.url}/queues/queue/bells?status=completed`);
    await page.getByText('viewer: read only').waitFor();
    await page.getByText('Finished at').waitFor();
    for (const name of ['Retry all', 'Clean all']) {
      expect(await page.getByRole('button', { name }).count()).toBe(0);
    }
    await page.context().close();
  });
});
