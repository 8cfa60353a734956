import { randomUUID } from 'node:crypto';
import { appRoutes } from '@bull-board/api/dist/routes.js';
import { Queue } from 'bullmq';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createBells } from '../../src/queue/bells.ts';
import { queueBackend } from '../../src/queue/queue-backend.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { silentLog } from '../support/dispatch-bench.ts';
import { type OpsClient, type OpsSite, startOpsSite } from '../support/ops-site.ts';
import { person, plantJobs } from '../support/planted-jobs.ts';
import { createTestedQueue, type TestedQueue } from '../support/tested-queue.ts';
import { waitFor } from '../support/wait-for.ts';

let database: TestDatabase;
let queue: TestedQueue;
let ops: OpsSite;
let viewer: OpsClient;
let operator: OpsClient;

beforeAll(async () => {
  database = await createTestDatabase();
  queue = await createTestedQueue(database);
  ops = await startOpsSite(database, queue.environment);
  viewer = await ops.visit('viewer');
  operator = await ops.visit('operator');
});
afterEach(() => queue.empty());
afterAll(async () => {
  await ops.close();
  await queue.stop();
  await database.drop();
});

interface Listed {
  id: string;
  name: string;
  data: unknown;
  failedReason: string;
  timestamp: number;
}

async function ring(): Promise<string> {
  const batchId = randomUUID();
  const bells = createBells({ url: queue.urlFor('scheduler'), log: silentLog });
  bells.ring(batchId);
  await waitFor(async () => (await queue.jobs()).some(({ id }) => id === batchId));
  await bells.close();
  return batchId;
}

async function list(client: OpsClient, status = 'latest') {
  const answer = await client.get(`/queues/api/queues?activeQueue=bells&status=${status}`);
  expect(answer.status).toBe(200);
  const { queues } = (await answer.json()) as {
    queues: { jobs: Listed[]; counts: Record<string, number>; readOnlyMode: boolean }[];
  };
  if (!queues[0]) throw new Error('no queue');
  return queues[0];
}

function change(client: OpsClient, path: string, method = 'PUT', headers = {}) {
  return fetch(`${ops.url}/queues/api${path}`, {
    method,
    headers: { cookie: client.cookie, 'sec-fetch-site': 'same-origin', ...headers },
  });
}

async function actions() {
  const { rows } = await database.admin.query(
    `select actor, action, subject, reason from audit where action like 'queue.%' order by id`,
  );
  return rows;
}

/** Every address of bull-board's for this method, filled in; for every job that is listed, or any. */
function addresses(method: string, jobIds: readonly string[]): string[] {
  return appRoutes.api
    .filter((route) => [route.method].flat().includes(method as 'get'))
    .flatMap((route) => [route.route].flat())
    .flatMap((route) => jobIds.map((id) => fill(route, id)));
}

const fill = (route: string, jobId: string) =>
  `/queues${route}`
    .replace(':queueName', 'bells')
    .replace(':jobId', encodeURIComponent(jobId))
    .replace(':queueStatus', 'failed')
    .replace(':schedulerId', encodeURIComponent(person.practitioner));

describe('the queue board', () => {
  it('shows a bell as the id of its batch, to viewers too', async () => {
    const batchId = await ring();
    const { jobs, counts, readOnlyMode } = await list(viewer);
    expect(jobs).toMatchObject([{ id: batchId, name: 'bell', data: { v: 1, batch: batchId } }]);
    expect(jobs[0]?.timestamp).toBeGreaterThan(Date.now() - 60_000);
    expect(counts).toMatchObject({ waiting: 1, failed: 0 });
    expect(readOnlyMode).toBe(true);
    expect((await list(operator)).readOnlyMode).toBe(false);
    const one = await viewer.get(`/queues/api/queues/bells/${batchId}`);
    expect(await one.json()).toMatchObject({ job: { id: batchId }, status: 'waiting' });
  });

  it('is kept nowhere, framed nowhere, and runs nothing but its own files', async () => {
    for (const path of ['/queues/', '/queues/api/queues', '/queues/static/images/logo.svg']) {
      const { headers } = await viewer.get(path);
      expect(headers.get('cache-control'), path).toBe('no-store');
      expect(headers.get('referrer-policy'), path).toBe('no-referrer');
      const policy = headers.get('content-security-policy');
      expect(policy, path).toContain("frame-ancestors 'none'");
      expect(policy, path).not.toMatch(/unsafe|https?:|\*|data:/);
    }
    const page = await (await viewer.get('/queues/')).text();
    expect(page).not.toMatch(/(src|href)="(https?:)?\/\//);
    for (const path of ['/queues/static/../index.ejs', '/queues/static/%2e%2e%2findex.ejs']) {
      expect((await viewer.get(path)).status).toBe(404);
    }
  });

  it('lets nobody in who is not signed in', async () => {
    for (const path of [
      '/queues',
      '/queues/',
      '/queues/api/queues',
      '/queues/static/images/logo.svg',
    ]) {
      const answer = await fetch(ops.url + path, { redirect: 'manual' });
      expect(answer.status, path).toBe(303);
      expect(answer.headers.get('location'), path).toMatch(/^\/login/);
    }
    // What the board's script asks would follow to the form, and show what it last knew for ever.
    for (const asked of [{ method: 'PUT' }, { headers: { accept: 'application/json, */*' } }]) {
      const answer = await fetch(`${ops.url}/queues/api/queues`, asked);
      expect(answer.status).toBe(401);
      expect(await answer.json()).toMatchObject({ error: 'You are not signed in' });
    }
  });

  it('shows nothing that a stranger put into a job, at any address', async () => {
    await plantJobs(queue.strangersUrl);
    const batchId = await ring();
    await queue.spoil(batchId, `${person.name} ${person.phone}`);
    for (const status of ['failed', 'completed', 'active', 'waiting', 'delayed']) {
      const { jobs } = await list(viewer, status);
      expect(jobs.length, status).toBeGreaterThan(0);
      for (const job of jobs) expect(job, status).toMatchObject({ data: 'unreadable' });
    }
    const { jobs } = await list(operator);
    expect(jobs.find(({ failedReason }) => failedReason)).toMatchObject({ failedReason: 'failed' });

    const ids = [...jobs.map(({ id }) => id), person.name, `n${person.digits}`];
    const paths = [
      ...addresses('get', ids),
      ...ids.map((id) => `/queues/queue/bells/${encodeURIComponent(id)}`),
      '/queues/api/queues?activeQueue=bells&status=latest&jobsPerPage=300',
      '/queues/',
    ];
    expect(paths.length).toBeGreaterThan(60);
    for (const path of new Set(paths)) {
      const text = await (await operator.get(path)).text();
      for (const value of Object.values(person)) expect(text, path).not.toContain(value);
    }
  });

  it('lets nobody pause, empty or change the queue, and says where to go instead', async () => {
    const batchId = await ring();
    const before = await queue.jobs();
    const admin = await ops.visit('admin');
    const ours = /\/(retry|clean)(\/failed)?$/;
    const tried = ['put', 'post', 'patch'].flatMap((method) =>
      addresses(method, [batchId])
        .filter((path) => !ours.test(path))
        .map((path) => ({ method: method.toUpperCase(), path: path.replace('/queues/api', '') })),
    );
    expect(tried.length).toBeGreaterThan(15);
    tried.push(
      { method: 'DELETE', path: `/queues/bells/${batchId}` },
      { method: 'PUT', path: '/x' },
    );
    for (const { method, path } of tried) {
      const answer = await change(admin, path, method);
      expect(answer.status, `${method} ${path}`).toBe(403);
      expect((await answer.json()) as object).toMatchObject({
        message: expect.stringContaining('go to Controls'),
      });
    }
    expect(await queue.jobs()).toEqual(before);
    expect(await actions()).toEqual([]);
  });

  it('lets viewers change nothing, and nobody from another site', async () => {
    await plantJobs(queue.strangersUrl);
    const [failed] = (await list(operator, 'failed')).jobs;
    const paths = ['/queues/bells/retry/failed', '/queues/bells/clean/failed'].concat(
      ['retry', 'clean'].map((what) => `/queues/bells/${failed?.id}/${what}`),
    );
    for (const path of paths) {
      expect((await change(viewer, path)).status, path).toBe(403);
      const foreign = { 'sec-fetch-site': 'cross-site', origin: ops.url };
      expect((await change(operator, path, 'PUT', foreign)).status, path).toBe(403);
      const sibling = { 'sec-fetch-site': 'same-site' };
      expect((await change(operator, path, 'PUT', sibling)).status, path).toBe(403);
    }
    const silent = await fetch(`${ops.url}/queues/api${paths[0]}`, {
      method: 'PUT',
      headers: { cookie: operator.cookie },
    });
    expect(silent.status).toBe(403);
    expect((await list(operator, 'failed')).jobs).toMatchObject([{ id: failed?.id }]);
    expect(await actions()).toEqual([]);
  });
});

describe('operators at the queue board', () => {
  const cleared = () => database.admin.query(`delete from audit where action like 'queue.%'`);
  afterEach(cleared);

  it('let a failed job wait again and remove one, each written to the log first', async () => {
    await plantJobs(queue.strangersUrl);
    const id = (await list(operator, 'failed')).jobs[0]?.id ?? '';
    expect((await change(operator, `/queues/bells/${id}/retry`)).status).toBe(204);
    expect((await list(operator, 'failed')).jobs).toEqual([]);
    expect((await list(operator, 'waiting')).jobs.map((job) => job.id)).toContain(id);
    expect((await change(operator, `/queues/bells/${id}/clean`)).status).toBe(204);
    expect((await list(operator)).jobs.map((job) => job.id)).not.toContain(id);
    const line = { actor: operator.name, subject: id, reason: 'queue board' };
    expect(await actions()).toEqual([
      { ...line, action: 'queue.retry' },
      { ...line, action: 'queue.remove' },
    ]);
    for (const value of Object.values(person)) expect(id).not.toContain(value);
  });

  it('remove all jobs of a state with a line for each, and none that a worker holds', async () => {
    const batchIds = [await ring(), await ring()];
    expect((await change(operator, '/queues/bells/clean/wait')).status).toBe(200);
    expect(await queue.jobs()).toEqual([]);
    expect((await actions()).map(({ action, subject }) => `${action} ${subject}`).sort()).toEqual(
      batchIds.map((id) => `queue.clean ${id}`).sort(),
    );
    await plantJobs(queue.strangersUrl);
    const active = (await list(operator, 'active')).jobs[0]?.id;
    expect((await change(operator, '/queues/bells/clean/active')).status).toBe(409);
    expect((await change(operator, `/queues/bells/${active}/clean`)).status).toBe(409);
    expect((await list(operator, 'active')).jobs).toHaveLength(1);
    expect((await change(operator, '/queues/bells/retry/failed')).status).toBe(200);
    expect((await list(operator, 'failed')).jobs).toEqual([]);
  });

  it('do nothing that cannot be written to the log', async () => {
    const batchId = await ring();
    await database.admin.query('revoke insert on audit from sotto_ops');
    for (const path of [`/queues/bells/${batchId}/clean`, '/queues/bells/clean/wait']) {
      const answer = await change(operator, path);
      expect(answer.status).toBe(503);
      expect(await answer.json()).toMatchObject({ error: 'Nothing was done' });
    }
    await database.admin.query('grant insert on audit to sotto_ops');
    expect((await queue.jobs()).map(({ id }) => id)).toEqual([batchId]);
  });

  it('cannot ring: their database user adds no job and changes no batch', async () => {
    if (queue.kind === 'redis') return;
    const batchId = await ring();
    const { connection, createBackend } = queueBackend({
      url: queue.urlFor('ops'),
      connectionsMax: 1,
    });
    const own = new Queue('bells', { connection, skipMetasUpdate: true }, createBackend);
    await expect(own.add('bell', {})).rejects.toThrow('permission denied');
    await expect(own.pause()).rejects.toThrow('permission denied');
    await expect(own.getJobLogs(batchId)).rejects.toThrow('permission denied');
    const job = await own.getJob(batchId);
    await expect(job?.updateData({})).rejects.toThrow('permission denied');
    await own.close();
  });
});

describe('a queue that is away', () => {
  it('is said so on the board, while the other pages stay as they are, and found again', async () => {
    await viewer.get('/queues/');
    await queue.goAway();
    const page = await viewer.get('/queues/');
    expect(page.status).toBe(503);
    expect(await page.text()).toContain('The queue does not answer');
    const asked = await viewer.get('/queues/api/queues');
    expect(asked.status).toBe(503);
    expect(await asked.json()).toMatchObject({ error: 'The queue does not answer' });
    expect((await viewer.get('/')).status).toBe(200);
    await queue.comeBack();
    await waitFor(async () => (await viewer.get('/queues/')).status === 200);
    await queue.cut();
    await waitFor(async () => (await viewer.get('/queues/')).status === 200);
  });

  it('costs PostgreSQL one connection while somebody looks', async () => {
    await Promise.all(Array.from({ length: 8 }, () => viewer.get('/queues/api/queues')));
    const { rows } = await database.admin.query(
      `select count(*)::int as count from pg_stat_activity
       where datname = current_database() and usename = 'sotto_ops' and application_name = 'sotto queue'`,
    );
    expect(rows).toEqual([{ count: queue.kind === 'redis' ? 0 : 1 }]);
  });
});
