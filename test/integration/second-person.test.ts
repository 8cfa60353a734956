import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { administrator } from '../../src/store/administration.ts';
import { countSentAgainAlone } from '../../src/store/audit-reads.ts';
import { tryDuty } from '../../src/store/duty-lock.ts';
import { decideOpsRequest } from '../../src/store/ops-requests.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createDispatchBench } from '../support/dispatch-bench.ts';
import { type MessagesPeer, startMessagesPeer } from '../support/messages-peer.ts';
import { type OpsClient, type OpsSite, startOpsSite } from '../support/ops-site.ts';
import { type CommandAnswer, sottoCommand } from '../support/sotto-command.ts';

const why = { reason: 'the provider is back' };
const over = 3;
let database: TestDatabase;
let peer: MessagesPeer;
let bench: ReturnType<typeof createDispatchBench>;
let ops: OpsSite;
let [anna, ben, zoe]: OpsClient[] = [];
let organisationId: string;
let sotto: (...words: string[]) => Promise<CommandAnswer>;

beforeAll(async () => {
  database = await createTestDatabase();
  peer = await startMessagesPeer();
  bench = createDispatchBench(database, peer);
  ops = await startOpsSite(database, { SECOND_PERSON_OVER: String(over) });
  sotto = sottoCommand(database, { SECOND_PERSON_OVER: String(over) });
  anna = await ops.visit('operator');
  ben = await ops.visit('admin');
  zoe = await ops.visit('viewer');
});
afterAll(async () => {
  await ops.close();
  await peer.close();
  await database.drop();
});
beforeEach(async () => {
  organisationId = await database.createOrganisation();
});
afterEach(() =>
  database.admin.query(
    'truncate organisations, batches, events, audit, pauses, ops_requests cascade',
  ),
);

const failed = (count: number) => bench.seed({ organisationId, count, state: 'failed' });
const sendAgain = (shown: number, by = anna) =>
  by?.post('/redrive', { code: '', organisation: '', mode: '', shown: String(shown), ...why });
const decide = (id: string, decision: string, by: OpsClient | undefined) =>
  by?.post(`/requests/${id}/decide`, { decision, ...why });
const idIn = (answer: Response | undefined) =>
  /^\/requests\/([0-9a-f-]{36})$/.exec(answer?.headers.get('location') ?? '')?.[1] ?? '';
const audited = async () =>
  (
    await database.admin.query(
      `select actor, action from audit where action <> 'ops.sign_in' order by id`,
    )
  ).rows.map(({ actor, action }) => [actor, action]);
const doneOf = (answer: Response | undefined) =>
  /done=([a-z]+)$/.exec(answer?.headers.get('location') ?? '')?.[1];

async function pausedWith(count: number): Promise<string> {
  await bench.seed({ organisationId, count });
  await anna?.post('/controls/pause', { organisation: '', channel: '', ...why });
  const { rows } = await database.admin.query('select id from pauses where ended_at is null');
  return rows[0].id;
}

describe('sending many failed reminders again', () => {
  it('takes one person for few, and two for many, and each is in the audit', async () => {
    await failed(over);
    expect((await sendAgain(over))?.headers.get('location')).toContain(`sent=${over}`);
    await database.admin.query('truncate audit, organisations cascade');
    organisationId = await database.createOrganisation();
    await failed(over + 1);
    const page = await (await anna?.get('/redrive'))?.text();
    expect(page).toContain('another operator or administrator must approve it');
    const id = idIn(await sendAgain(over + 1));
    expect(id).not.toBe('');
    expect(await bench.states()).toEqual({ failed: over + 1 });
    expect(idIn(await sendAgain(over + 1)), 'pressed twice').toBe(id);

    expect(doneOf(await decide(id, 'approve', anna))).toBe('own');
    expect((await decide(id, 'approve', zoe))?.status).toBe(403);
    expect(await bench.states()).toEqual({ failed: over + 1 });
    expect(doneOf(await decide(id, 'approve', ben))).toBe('done');
    expect(await bench.states()).toEqual({ scheduled: over + 1 });
    expect(doneOf(await decide(id, 'approve', ben))).toBe('decided');
    expect(await audited()).toEqual([
      [anna?.name, 'request.ask'],
      [zoe?.name, 'ops.forbidden'],
      [ben?.name, 'request.approve'],
      [anna?.name, 'reminders.redrive'],
    ]);
  });

  it('counts what the same person did within the hour, in however many presses', async () => {
    await failed(2);
    await sendAgain(2);
    await failed(2);
    expect(idIn(await sendAgain(2))).not.toBe('');
    expect(await bench.states()).toEqual({ scheduled: 2, failed: 2 });
    expect((await sendAgain(2, ben))?.headers.get('location')).toContain('sent=2');
  });

  it('counts what the same person did by command, however their name is written there', async () => {
    const [name, line] = [anna?.name ?? '', 'code=any mode=any count=2'];
    const did = (actor: string) =>
      database.admin.query(
        `insert into audit (actor, action, subject) values ($1, 'reminders.redrive', $2)`,
        [actor, line],
      );
    const countedOf = (actor: string) =>
      database
        .open('ops', 1)
        .transaction([], (connection) => countSentAgainAlone(connection, actor));
    await did(`command line: ${name}`);
    await did('Somebody else');
    await failed(2);
    expect(idIn(await sendAgain(2))).not.toBe('');
    expect((await sendAgain(2, ben))?.headers.get('location')).toContain('sent=2');
    await database.admin.query('update ops_users set name = upper(name) where name = $1', [name]);
    await did(name.toUpperCase());
    expect(await countedOf(`command line: ${name}`)).toBe(4);
    await database.admin.query('update ops_users set name = $1 where name = upper($1)', [name]);
  });

  it('counts those sent again one by one', async () => {
    await failed(2);
    const { rows } = await database.admin.query('select id from reminders');
    for (const { id } of rows) await anna?.post(`/reminders/${id}/redrive`, why);
    expect(await bench.states()).toEqual({ scheduled: 2 });
    await failed(2);
    expect(idIn(await sendAgain(2))).not.toBe('');
    expect(await bench.states()).toEqual({ scheduled: 2, failed: 2 });
  });

  it('sends no more of them one by one than one may, also at the same moment', async () => {
    await failed(over + 2);
    const { rows } = await database.admin.query('select id from reminders');
    const press = ({ id }: { id: string }) => anna?.post(`/reminders/${id}/redrive`, why);
    const answers = await Promise.all(rows.map(press));
    const codes = answers.map((answer) => answer?.status ?? 0).sort();
    expect(codes).toEqual([...Array(over).fill(303), 409, 409]);
    expect(await bench.states()).toEqual({ failed: 2, scheduled: over });
    const refused = answers.find((answer) => answer?.status === 409);
    expect(await refused?.text()).toContain(
      'as many again within the hour as one person may alone',
    );
    const left = await database.admin.query(`select id from reminders where state = 'failed'`);
    const byBen = await ben?.post(`/reminders/${left.rows[0].id}/redrive`, why);
    expect(byBen?.status).toBe(303);
  });

  it('sends no more than one may when several are pressed at the same moment', async () => {
    const organisations = [organisationId];
    while (organisations.length < 6) organisations.push(await database.createOrganisation());
    for (const id of organisations) {
      await bench.seed({ organisationId: id, count: 2, state: 'failed' });
    }
    const press = (organisation: string) =>
      anna?.post('/redrive', { code: '', organisation, mode: '', shown: '2', ...why });
    await Promise.all(organisations.map(press));
    const { scheduled = 0 } = await bench.states();
    expect(scheduled).toBeGreaterThan(0);
    expect(scheduled).toBeLessThanOrEqual(over);
  });

  it('is refused, and nobody waits, while somebody else is sending', async () => {
    await failed(2);
    await database.open('ops').transaction([], async (connection) => {
      expect(await tryDuty(connection, 'redrive many')).toBe(true);
      const answer = await sendAgain(2);
      expect(answer?.status).toBe(503);
      expect(answer?.headers.get('retry-after')).toBe('1');
      expect(await answer?.text()).toContain('by your own press if you pressed twice');
    });
    expect(await bench.states()).toEqual({ failed: 2 });
    expect((await sendAgain(2))?.headers.get('location')).toContain('sent=2');
    const second = (await sendAgain(2))?.headers.get('location') ?? '';
    expect(second).toContain('sent=0');
    expect(await (await anna?.get(second))?.text()).toContain('None was left to send again');
  });

  it('is not done after its hour, nor when far more would go out, nor without a reason', async () => {
    await failed(over + 1);
    const id = idIn(await sendAgain(over + 1));
    const unexplained = await ben?.post(`/requests/${id}/decide`, { decision: 'approve' });
    expect(unexplained?.status).toBe(422);
    await failed(30);
    expect(doneOf(await decide(id, 'approve', ben))).toBe('grown');
    // Nobody declined it: whoever pressed approved.
    expect((await audited()).at(-1)).toEqual([ben?.name, 'request.outgrown']);
    const shown = await (await ben?.get(`/requests/${id}`))?.text();
    expect(shown).toContain('declined by nobody: far more was to be touched by then');
    const again = idIn(await sendAgain(over + 31));
    expect(again, 'asked again, with the number of now').not.toBe(id);
    await database.admin.query(`update ops_requests set expires_at = now() - interval '1 s'`);
    expect(doneOf(await decide(again, 'approve', ben))).toBe('expired');
    expect(await bench.states()).toEqual({ failed: over + 31 });
  });

  it('is one request, though pressed many times at once, and a new one after its hour', async () => {
    await failed(over + 1);
    const pressed = await Promise.all(Array.from({ length: 6 }, () => sendAgain(over + 1)));
    // Who comes while another is at it is told to come again.
    const ids = pressed.filter((answer) => answer?.status !== 503).map(idIn);
    expect(new Set(ids).size).toBe(1);
    const open = 'select id from ops_requests where decision is null';
    expect((await database.admin.query(open)).rows).toEqual([{ id: ids[0] }]);
    expect((await audited()).filter(([, action]) => action === 'request.ask')).toHaveLength(1);
    await database.admin.query(`update ops_requests set expires_at = now() - interval '1 s'`);
    const later = idIn(await sendAgain(over + 1));
    expect(later).not.toBe(ids[0]);
    expect((await database.admin.query(open)).rows).toEqual([{ id: later }]);
  });

  it('is taken back by who asked, or declined by another, each with a line and a reason', async () => {
    await failed(over + 1);
    const declined = [];
    for (const by of [anna, ben]) {
      const id = idIn(await sendAgain(over + 1));
      expect(doneOf(await decide(id, 'decline', by))).toBe('declined');
      expect(doneOf(await decide(id, 'approve', ben))).toBe('decided');
      declined.push({ actor: by?.name, subject: `${id} reminders.redrive`, ...why });
    }
    expect(await bench.states()).toEqual({ failed: over + 1 });
    const { rows } = await database.admin.query(
      `select actor, subject, reason from audit where action = 'request.decline' order by id`,
    );
    expect(rows).toEqual(declined);
  });

  it.each([
    ['disabled', 'disabled_at = clock_timestamp()'],
    ['made a viewer', `role = 'viewer'`],
  ])(
    'is not done in the name of somebody who was %s since, and is declined',
    async (_name, set) => {
      const asker = await ops.visit('operator');
      await failed(over + 1);
      const id = idIn(await sendAgain(over + 1, asker));
      await database.admin.query(`update ops_users set ${set} where name = $1`, [asker.name]);
      const page = await (await ben?.get(`/requests/${id}`))?.text();
      expect(page).toContain('Whoever asked may not do this any more.');
      expect(page).not.toContain('value="approve"');
      expect((await decide(id, 'approve', ben))?.headers.get('location')).toContain('=asker_gone');
      // Nor past what the pages look at first.
      const isApproved = await database
        .open('ops')
        .transaction([], (connection) =>
          decideOpsRequest(connection, { id, decision: 'approved', by: 'x', person: 'x' }),
        );
      expect(isApproved).toBe(false);
      expect(await bench.states()).toEqual({ failed: over + 1 });
      expect(doneOf(await decide(id, 'decline', ben))).toBe('declined');
    },
  );

  it('happens once when two approve at the same moment', async () => {
    await failed(over + 1);
    const id = idIn(await sendAgain(over + 1));
    const other = await ops.visit('operator');
    const ends = await Promise.all([decide(id, 'approve', ben), decide(id, 'approve', other)]);
    expect(ends.map(doneOf).toSorted()).toEqual(['decided', 'done']);
    expect((await audited()).filter(([, action]) => action === 'reminders.redrive')).toHaveLength(
      1,
    );
  });

  it('is approved by nobody past the pages either', async () => {
    await failed(over + 1);
    const id = idIn(await sendAgain(over + 1));
    const approval = (person: string) =>
      database.open('ops').query(
        `update ops_requests set decision = 'approved', decided_by = 'x', decided_person = $2,
           decided_at = now() where id = $1 returning id`,
        [id, person],
      );
    await expect(approval(anna?.name ?? '')).rejects.toMatchObject({ code: '23514' });
    expect(await approval('somebody')).toHaveLength(1);
    expect(await approval('somebody else'), 'a second time').toHaveLength(0);
  });
});

describe('going on after a pause that holds many', () => {
  const resume = (pause: string, shown: number, by = anna) =>
    by?.post('/controls/resume', { pause, shown: String(shown), ...why });

  it('takes one person for few', async () => {
    const pause = await pausedWith(over);
    expect(doneOf(await resume(pause, over))).toBe('resumed');
  });

  it('counts what the same person let go within the hour, in however many pauses', async () => {
    expect(doneOf(await resume(await pausedWith(2), 2))).toBe('resumed');
    await database.admin.query('truncate batches, organisations cascade');
    organisationId = await database.createOrganisation();
    const pause = await pausedWith(2);
    expect(idIn(await resume(pause, 2))).not.toBe('');
    expect(doneOf(await resume(pause, 2, ben))).toBe('resumed');
  });

  it('takes two for many; stopping takes one', async () => {
    const pause = await pausedWith(over + 1);
    const id = idIn(await resume(pause, over + 1));
    expect(id).not.toBe('');
    expect(await bench.feed()).toEqual([]);
    const shown = await (await ben?.get(`/requests/${id}`))?.text();
    expect(shown).toContain(`Resume a pause that holds ${over + 1} reminders`);
    expect(doneOf(await decide(id, 'approve', ben))).toBe('done');
    expect(await bench.feed()).toHaveLength(1);
    expect((await audited()).slice(1)).toEqual([
      [anna?.name, 'request.ask'],
      [anna?.name, 'sending.resume'],
      [ben?.name, 'request.approve'],
    ]);
  });

  it('is decided once when one approves and another declines at the same moment', async () => {
    const pause = await pausedWith(over + 1);
    for (let round = 0; round < 5; round += 1) {
      const id = idIn(await resume(pause, over + 1));
      const ends = await Promise.all([decide(id, 'approve', ben), decide(id, 'decline', anna)]);
      const [lost, won] = ends.map(doneOf).toSorted();
      expect([lost, won]).toEqual(['decided', expect.stringMatching(/^(done|declined)$/)]);
      if (won === 'done') break;
    }
  });

  it('takes two on the command line too, where it and what was let go before in the hour are many', async () => {
    await pausedWith(2);
    const alone = await sotto('resume', '--yes', '--reason', 'over', '--json');
    expect(JSON.parse(alone.out)).toMatchObject({ resumed: true });
    await database.admin.query('truncate batches, organisations cascade');
    organisationId = await database.createOrganisation();
    await pausedWith(2);
    const asked = await sotto('resume', '--yes', '--reason', 'over', '--json');
    expect(asked.code).toBe(1);
    expect(JSON.parse(asked.out)).toMatchObject({ resumed: false, request: expect.any(String) });
    expect(await bench.feed()).toEqual([]);
  });

  it('is asked for and approved on the command line too, by another than who asked', async () => {
    const pause = await pausedWith(over + 1);
    const asked = await sotto('resume', '--yes', '--reason', 'over', '--json');
    expect(asked.code).toBe(1);
    const { request } = JSON.parse(asked.out);
    const own = await sotto('request', 'approve', request, '--reason', 'mine');
    expect(own).toMatchObject({ code: 1, out: '' });
    expect(own.errors).toContain('somebody else must approve it');
    const declined = await sotto('request', 'decline', request, '--reason', 'not yet');
    expect(declined).toMatchObject({ code: 0, out: 'Declined. Nothing was done.\n' });

    const id = idIn(await resume(pause, over + 1));
    const listed = await sotto('request', 'list', '--json');
    expect(JSON.parse(listed.out)).toMatchObject([
      { id, askedBy: anna?.name, decision: null },
      { id: request, askedBy: administrator, decision: 'declined' },
    ]);
    const approved = await sotto('request', 'approve', id, '--reason', 'seen');
    expect(approved).toMatchObject({ code: 0, out: 'Approved, and done.\n' });
    expect(await bench.feed()).toHaveLength(1);
  });
});
