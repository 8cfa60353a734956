import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createDispatchBench } from '../support/dispatch-bench.ts';
import { type MessagesPeer, startMessagesPeer } from '../support/messages-peer.ts';
import { type OpsClient, type OpsSite, startOpsSite } from '../support/ops-site.ts';

const why = { reason: 'we send something wrong' };
let database: TestDatabase;
let peer: MessagesPeer;
let bench: ReturnType<typeof createDispatchBench>;
let ops: OpsSite;
let operator: OpsClient;
let organisationId: string;

beforeAll(async () => {
  database = await createTestDatabase();
  peer = await startMessagesPeer();
  bench = createDispatchBench(database, peer);
  ops = await startOpsSite(database, { SMS_PER_SECOND: '2' });
  operator = await ops.visit('operator');
});
afterAll(async () => {
  await ops.close();
  await peer.close();
  await database.drop();
});
beforeEach(async () => {
  peer.forget();
  organisationId = await database.createOrganisation({ name: 'Paused practice' });
});
afterEach(() =>
  database.admin.query('truncate organisations, batches, events, audit, pauses cascade'),
);

const pause = (fields: { organisation?: string; channel?: string } = {}, by = operator) =>
  by.post('/controls/pause', { organisation: '', channel: '', ...fields, ...why });
const resume = (fields: { pause: string; shown: string }, by = operator) =>
  by.post('/controls/resume', { ...fields, ...why });
const pausesInForce = () => bench.rows('select * from pauses where ended_at is null');
const audits = () =>
  bench.rows(`select action, organisation_id, subject from audit where action like 'sending.%'
    order by id`);

async function pauseId(): Promise<string> {
  const [one] = await pausesInForce();
  return String(one?.id);
}

/** Where an answer leads, but for the moment that it says. */
const toldBy = ({ headers }: Response) => headers.get('location')?.replace(/at=\d+&/, '');

describe('an emergency stop', () => {
  it('stops what is queued already, right before it is handed over, and loses nothing', async () => {
    await bench.seed({ organisationId, count: 3 });
    const batches = await bench.feed();
    expect(await bench.states()).toEqual({ queued: 3 });
    const answer = await pause();
    expect(toldBy(answer)).toBe('/controls?done=paused');
    for (const batchId of batches) await bench.dispatch(batchId);
    expect(peer.requests()).toBe(0);
    expect(await bench.states()).toEqual({ scheduled: 3 });
    expect(await bench.feed()).toEqual([]);
    await resume({ pause: await pauseId(), shown: '3' });
    await bench.drain();
    expect(peer.accepted).toHaveLength(3);
  });

  it('is told as just done for a minute, and not by the same address later', async () => {
    const answer = await pause();
    const told = answer.headers.get('location') ?? '';
    expect(await (await operator.get(told)).text()).toContain('Sending is paused.');
    const later = told.replace(/at=\d+/, `at=${Date.now() - 61_000}`);
    for (const address of [later, '/controls?done=paused', '/controls?at=x&done=paused']) {
      expect(await (await operator.get(address)).text(), address).not.toContain(
        'Sending is paused.',
      );
    }
  });

  it('of one organisation or one channel stops that and nothing else', async () => {
    const other = await database.createOrganisation();
    const [held] = await bench.seed({ organisationId, count: 1 });
    const [goes] = await bench.seed({ organisationId: other, count: 1 });
    await pause({ organisation: organisationId, channel: 'sms' });
    await pause({ channel: 'email' });
    await bench.drain();
    expect(peer.accepted.map(({ to }) => to)).toEqual([goes?.phone]);
    const rows = await bench.rows('select state from reminders where id = $1', [held?.id]);
    expect(rows).toEqual([{ state: 'scheduled' }]);
  });

  it('asked for twice, at once or later, is one', async () => {
    const answers = await Promise.all([pause(), pause(), pause()]);
    const said = answers.map(toldBy).sort();
    expect(said).toEqual([
      '/controls?done=paused',
      '/controls?done=was-paused',
      '/controls?done=was-paused',
    ]);
    expect(await pausesInForce()).toHaveLength(1);
    expect(await audits()).toHaveLength(1);
  });

  it('says how many are in the air, which it does not call back', async () => {
    await bench.seed({ organisationId, count: 2 });
    const [batchId = ''] = await bench.feed();
    let letGo = () => {};
    const hold = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    peer.answer = async () => {
      await hold;
      return 'accept' as const;
    };
    const sending = bench.dispatch(batchId);
    await expect.poll(() => bench.states()).toEqual({ sending: 2 });
    await pause();
    const page = await (await operator.get('/controls')).text();
    expect(page).toContain('2 messages are being handed to a provider');
    letGo();
    await sending;
    expect(await bench.states()).toEqual({ sent: 2 });
  });

  it.each([
    ['an organisation that is not there', { organisation: randomUUID() }],
    ['an organisation that is none', { organisation: 'nonsense' }],
    ['a channel that is none', { channel: 'pigeon' }],
  ])('of %s is refused, and stops nothing', async (_, fields) => {
    expect((await pause(fields)).status).toBe(404);
    expect(await pausesInForce()).toEqual([]);
  });

  it('without a reason is refused, and keeps what was chosen', async () => {
    const answer = await operator.post('/controls/pause', {
      organisation: organisationId,
      channel: 'sms',
      reason: '<b>',
    });
    expect(answer.status).toBe(422);
    const page = await answer.text();
    expect(page).toContain(`<option value="${organisationId}" selected>`);
    expect(page).toContain('<option value="sms" selected>');
    expect(page).toContain('&lt;b&gt;</textarea>');
    expect(await pausesInForce()).toEqual([]);
  });
});

describe('the preview of a resume', () => {
  it('says what would go out, how long it takes, what has expired and what would', async () => {
    await bench.seed({ organisationId, count: 7 });
    await bench.seed({ organisationId, count: 2, mode: 'test', notAfterInMs: 30 * 60_000 });
    await bench.seed({ organisationId, count: 4, dueInMs: 3_600_000, notAfterInMs: 5_400_000 });
    await pause({ organisation: organisationId });
    await bench.seed({ organisationId, count: 3, state: 'expired', notAfterInMs: 0 });
    await bench.seed({ organisationId, count: 1, state: 'expired', notAfterInMs: -3_600_000 });
    const page = await (await operator.get(`/controls/resume?pause=${await pauseId()}`)).text();
    expect(page).toContain('<strong>7</strong> live by SMS go out at up to 2 a second: about 4 s.');
    expect(page).toContain('<strong>2</strong> test by SMS');
    expect(page).toContain('3 of what it covers have expired');
    expect(page).toMatch(/<li>2 by <time/);
    expect(page).toContain(why.reason);
    expect(page).toContain(operator.name);
  });

  it('counts nothing that another pause holds too', async () => {
    const other = await database.createOrganisation();
    await bench.seed({ organisationId, count: 3 });
    await bench.seed({ organisationId: other, count: 2 });
    await pause();
    const first = await pauseId();
    await pause({ organisation: organisationId, channel: 'sms' });
    const page = await (await operator.get(`/controls/resume?pause=${first}`)).text();
    expect(page).toContain('<strong>2</strong> live by SMS');
    await resume({ pause: first, shown: '2' });
    await bench.drain();
    expect(peer.accepted).toHaveLength(2);
  });
});

describe('a resume', () => {
  it('pressed twice ends the pause once, and never one that was begun in its place', async () => {
    await pause();
    const id = await pauseId();
    const answers = await Promise.all([0, 1].map(() => resume({ pause: id, shown: '0' })));
    const said = answers.map(toldBy).sort();
    expect(said).toEqual(['/controls?done=over', '/controls?done=resumed']);
    await pause();
    const late = await resume({ pause: id, shown: '0' });
    expect(toldBy(late)).toBe('/controls?done=over');
    expect(await pausesInForce()).toHaveLength(1);
    expect((await audits()).map(({ action }) => action)).toEqual([
      'sending.pause',
      'sending.resume',
      'sending.pause',
    ]);
  });

  it('is refused where far more would go out than was shown', async () => {
    await bench.seed({ organisationId, count: 40 });
    await pause();
    const answer = await resume({ pause: await pauseId(), shown: '3' });
    expect(answer.status).toBe(409);
    expect(await answer.text()).toContain('<strong>40</strong>');
    expect(await pausesInForce()).toHaveLength(1);
  });

  it('without a reason is refused, and ends nothing', async () => {
    await pause();
    const answer = await operator.post('/controls/resume', {
      ...{ pause: await pauseId(), shown: '0', reason: '' },
    });
    expect(answer.status).toBe(422);
    expect(await pausesInForce()).toHaveLength(1);
    expect((await audits()).map(({ action }) => action)).toEqual(['sending.pause']);
  });

  it('does not happen when the audit cannot be written, nor does a pause', async () => {
    await pause();
    await database.admin.query('revoke insert on audit from sotto_ops');
    const answer = await resume({ pause: await pauseId(), shown: '0' });
    const more = await pause({ channel: 'sms' });
    await database.admin.query('grant insert on audit to sotto_ops');
    expect([answer.status, more.status]).toEqual([500, 500]);
    expect(await pausesInForce()).toHaveLength(1);
  });
});

describe('the log', () => {
  it('shows who did what and why, newest first, escaped, by page and by filter', async () => {
    const other = await ops.visit('admin');
    await other.post('/controls/pause', {
      organisation: organisationId,
      channel: '',
      reason: 'a <script>alert(1)</script> & "quotes"',
    });
    await database.admin.query(
      `insert into audit (actor, action, subject, reason)
       select 'command line', 'key.create', 'subject ' || n, 'reason ' || n from generate_series(1, 60) n`,
    );
    const first = await (await operator.get('/log')).text();
    expect(first.indexOf('reason 60')).toBeLessThan(first.indexOf('reason 59'));
    expect(first).not.toContain('reason 10<');
    const older = /href="(\/log\?before=\d+)"/.exec(first)?.[1] ?? '';
    const second = await (await operator.get(older)).text();
    expect(second).toContain('reason 10<');
    expect(second).toContain('a &lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;quotes&quot;');
    expect(second).not.toContain('<script');
    expect(second).toContain('Paused practice');
    const filters = [
      `actor=${other.name}`,
      'action=sending.pause',
      `organisation=${organisationId}`,
    ];
    for (const filter of filters) {
      const page = await (await operator.get(`/log?${filter}`)).text();
      expect(page).toContain('a &lt;script&gt;');
      expect(page).not.toContain('reason 60');
    }
    expect(await (await operator.get('/log?actor=nobody')).text()).toContain('Nothing was done');
  });

  it.each([
    'before=x',
    'before=99999999999999999999',
    'organisation=x',
    'actor=%27%20or%20true',
    'actor=a&actor=b',
  ])('is not upset by %s', async (query) => {
    expect((await operator.get(`/log?${query}`)).status).toBe(200);
  });
});
