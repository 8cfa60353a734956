import { randomBytes } from 'node:crypto';
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  it,
  onTestFinished,
} from 'vitest';
import { loadConfig } from '../../config/env.ts';
import { type AuditHead, isKnownLoss } from '../../src/domain/audit-chain.ts';
import { Secret } from '../../src/domain/secret.ts';
import { readAuditHeads } from '../../src/journal/audit-heads.ts';
import { writeHighWaterMark } from '../../src/journal/high-water-mark.ts';
import { auditHeadReader, signAuditHead } from '../../src/keys/audit-head.ts';
import { fileKeyStore } from '../../src/keys/file-key-store.ts';
import { administer, recordAdministration } from '../../src/store/administration.ts';
import { insertAudit } from '../../src/store/audit.ts';
import { readAuditChain, seeOneMoment } from '../../src/store/audit-chain.ts';
import { openIncident } from '../../src/usecases/open-incident.ts';
import { createAuditPublisher, type PublishDeps } from '../../src/usecases/publish-audit-head.ts';
import { verifyAudit } from '../../src/usecases/verify-audit.ts';
import { auditHeadsDuty } from '../../workers/audit-heads.ts';
import { silentLog } from '../support/accept.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { sottoCommand } from '../support/sotto-command.ts';
import { startWebhookPeer } from '../support/webhook-peer.ts';

let database: TestDatabase;
let folder: string;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sotto-audit-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
  await sql(`truncate audit, incidents cascade;
    update audit_chain set base_id = 0, last_id = 0,
      last_hash = decode(repeat('00', 32), 'hex');
    update audit_chain set base_hash = decode(repeat('00', 32), 'hex');
    delete from database_lives where number > 1`);
});

const sql = (text: string) => database.admin.query(text);
const codes = async (heads: readonly AuditHead[] = []) =>
  (await verified(heads)).findings.map(({ code }) => code);
const verified = (heads: readonly AuditHead[] = []) =>
  administer(database.adminUrl, async (connection) => {
    await seeOneMoment(connection);
    return verifyAudit(connection, { heads });
  });
const head = (at = new Date()): Promise<AuditHead> =>
  administer(database.adminUrl, async (connection) => ({
    ...(await readAuditChain(connection)).chain,
    at,
  }));

async function write(count: number): Promise<void> {
  await administer(database.adminUrl, async (connection) => {
    for (let index = 0; index < count; index += 1) {
      await recordAdministration(connection, {
        action: 'test.write',
        subject: `é line ${index}, "quoted": 1:2,`,
        ...(index % 2 === 0 ? { reason: 'because' } : {}),
      });
    }
  });
}

/** What whoever owns the server does when they know how hashes are made. */
const rehash = `do $$ declare line audit; before bytea; begin
  select base_hash into before from audit_chain;
  for line in select * from audit order by id loop
    before := audit_hash(before, line.id, line.at, line.actor, line.action, line.organisation_id,
      line.subject, line.reason);
    update audit set hash = before where id = line.id;
  end loop;
  update audit_chain set last_hash = before, last_id = (select max(id) from audit);
end $$`;

describe('the audit', () => {
  it('is one chain without gaps, whoever writes at the same moment and whoever gives up', async () => {
    const ops = database.open('ops', 6);
    const writers = Array.from({ length: 60 }, (_, index) =>
      ops
        .transaction([], async (connection) => {
          const line = { actor: `writer ${index}`, action: 'test.race', subject: 'x' };
          await insertAudit(connection, line);
          if (index % 3 === 0) throw new Error('given up');
          await insertAudit(connection, line);
        })
        .catch((error: Error) => expect(error.message).toBe('given up')),
    );
    await Promise.all([...writers, write(10)]);
    expect(await verified()).toMatchObject({ findings: [], linesChecked: 90 });
    const { rows } = await sql('select max(id)::int as last, count(*)::int as count from audit');
    expect(rows).toEqual([{ last: 90, count: 90 }]);
  });

  it.each(['id', 'at', 'hash'])('lets nobody who writes choose its %s', async (column) => {
    const value = { id: '7', at: 'now()', hash: `decode(repeat('00', 32), 'hex')` }[column];
    const text = `insert into audit (actor, action, ${column}) values ('a', 'b', ${value})`;
    await expect(database.open('ops').query(text)).rejects.toMatchObject({ code: '42501' });
    const asOwner = administer(database.adminUrl, (connection) => connection.query(text));
    await expect(asOwner).rejects.toMatchObject({ code: '42501' });
  });

  it.each([
    `update audit set reason = 'x'`,
    'truncate audit',
    `update audit_chain set last_id = 0`,
  ])('cannot be changed by any role: %s', async (text) => {
    await write(1);
    for (const role of ['api', 'ops', 'scheduler'] as const) {
      await expect(database.open(role).query(text), role).rejects.toMatchObject({ code: '42501' });
    }
  });

  it('cannot be changed by the owner, as whom the command line acts, nor deleted before its time', async () => {
    await write(2);
    for (const text of [`update audit set reason = 'x'`, 'truncate audit']) {
      const done = administer(database.adminUrl, (connection) => connection.query(text));
      await expect(done).rejects.toMatchObject({ code: '42501' });
    }
    const deleted = await administer(database.adminUrl, (connection) =>
      connection.query('delete from audit'),
    );
    expect(deleted.rowCount).toBe(0);
  });
});

describe('whoever owns the database', () => {
  it.each<[what: string, text: string, found: string[], foundLater?: string[]]>([
    ['edits a line', `update audit set reason = 'another' where id = 4`, ['edited']],
    ['edits when', `update audit set at = at + interval '1 microsecond' where id = 4`, ['edited']],
    ['takes one out', 'delete from audit where id = 4', ['removed']],
    [
      'swaps two',
      `update audit set id = 99 where id = 5; update audit set id = 5 where id = 6;
       update audit set id = 6 where id = 99`,
      ['edited', 'edited', 'edited'],
    ],
    ['cuts the tail off', 'delete from audit where id > 8', ['tail_differs', 'cut']],
    [
      'cuts it off and says so',
      `delete from audit where id > 8; ${rehash}`,
      ['cut'],
      ['rewritten'],
    ],
    [
      'edits a line and makes all hashes anew',
      `update audit set actor = 'somebody else' where id = 2; ${rehash}`,
      ['rewritten'],
    ],
    [
      'adds one',
      `alter table audit disable trigger chain_audit;
       insert into audit (id, at, actor, action, hash)
         values (11, now(), 'a', 'b', decode(repeat('00', 32), 'hex'));
       alter table audit enable trigger chain_audit`,
      ['edited', 'tail_differs'],
    ],
    [
      'cuts off what is old, too early',
      `update audit_chain set base_id = 10, base_hash = last_hash; delete from audit`,
      ['deleted_early'],
    ],
    ['cuts off what is old, and forgets to say so', 'delete from audit where id <= 3', ['removed']],
  ])('and %s is found', async (_what, text, found, foundLater = found) => {
    await write(10);
    const told = await head();
    expect(await codes([told])).toEqual([]);
    await sql(text);
    expect(await codes([told])).toEqual(found);
    // Whatever comes after it hides nothing.
    if (!found.includes('tail_differs')) await write(2);
    expect(await codes([told])).toEqual(foundLater);
  });

  it.each([
    [89, ['deleted_early']],
    [91, []],
  ])('and cuts off lines of %d days ago: found if younger than ninety', async (days, found) => {
    await write(10);
    const told = { ...(await head()), lastAt: new Date(Date.now() - days * 86_400_000) };
    await sql('update audit_chain set base_id = 10, base_hash = last_hash; delete from audit');
    expect(await codes([told])).toEqual(found);
  });

  it('and makes it look restored, is found as what it looks like', async () => {
    await write(10);
    const told = await head();
    await sql(`delete from audit where id > 8; ${rehash};
      insert into database_lives (number, ready_at) values (2, now())`);
    await write(4);
    expect(await codes([told])).toEqual(['gone_in_restore']);
  });
});

describe('what is deleted when its time is over', () => {
  it('is carried past, and what was told outside before still holds', async () => {
    await write(6);
    await sql(`alter table audit disable trigger chain_audit;
      update audit set at = at - interval '100 days' where id <= 4;
      alter table audit enable trigger chain_audit; ${rehash}`);
    const old = { ...(await head()), last: { id: 2, hash: '00' }, lastAt: new Date(0) };
    const told = await head();
    await sql('update kept_floors set audit_days = 90');
    await database.open('scheduler').query('select delete_old_records(90, 3)');
    expect(await verified([told, old])).toMatchObject({ findings: [], linesChecked: 3 });
    await database.open('scheduler').query('select delete_old_records(90, 3)');
    await database.open('scheduler').query('select delete_old_records(90, 3)');
    await write(1);
    const { findings, chain, linesChecked } = await verified([told, old]);
    expect([findings, chain.base.id, linesChecked]).toEqual([[], 4, 3]);
  });
});

describe('how far it goes', () => {
  const keys = () => fileKeyStore(join(folder, 'keys'));
  const file = () => `file:${join(folder, 'deep', 'heads.txt')}`;
  const journal = () => `file:${join(folder, 'journal')}`;
  const markLife = (life: number) =>
    writeHighWaterMark(journal(), {
      ...{ life, beat: 1, at: new Date().toISOString(), identity: '1', timeline: '1' },
      ...{ transaction: '1', event: '1', accepted: {} },
    });
  const publisher = (change: Partial<PublishDeps> = {}, nowMs = () => 0) => {
    const scheduler = database.open('scheduler');
    return createAuditPublisher(
      {
        database: scheduler,
        keys: keys(),
        file: file(),
        journal: journal(),
        openIncident: (incident) => openIncident({ database: scheduler }, incident),
        log: silentLog,
        ...change,
      },
      nowMs,
    );
  };
  const told = async () => {
    const read = auditHeadReader(await keys().publishedAuditKeys());
    const lines = await readAuditHeads(join(folder, 'deep', 'heads.txt'));
    return Promise.all(lines.map((line) => read(line)));
  };

  const lines = () => readAuditHeads(join(folder, 'deep', 'heads.txt'));
  /** Rounds of the duty, as the scheduler does them. */
  const rounds = (given: { url?: string; isMarked: () => boolean; nowMs: () => number }) => {
    const { url, ...rest } = given;
    const places = { AUDIT_HEADS: file(), JOURNAL: journal() };
    const duty = auditHeadsDuty({
      config: loadConfig(url ? { ...places, AUDIT_HEADS_URL: url } : places),
      ...{ database: database.open('scheduler'), keys: keys(), log: silentLog },
      ...rest,
    });
    expect(duty.everyMs).toBeLessThanOrEqual(60_000);
    return async () => duty.run(new AbortController().signal);
  };

  it('is told outside, signed, in a file and to another place', async () => {
    const posted: string[] = [];
    await write(3);
    const publish = publisher({ post: async (signed) => posted.push(signed) > 0 });
    await publish();
    await write(2);
    await publish();
    const heads = await told();
    expect(heads.map((one) => one?.last.id)).toEqual([3, 5]);
    expect(await codes(heads as AuditHead[])).toEqual([]);
    expect(posted).toEqual(await readAuditHeads(join(folder, 'deep', 'heads.txt')));
  });

  it('is told at least each hour by the scheduler, to the other place until it is taken there', async () => {
    const peer = await startWebhookPeer();
    onTestFinished(() => peer.close());
    let nowMs = 0;
    const run = rounds({ url: `${peer.url}/heads`, isMarked: () => true, nowMs: () => nowMs });
    const posted = () => peer.at('/heads').map(({ body }) => body);
    await write(2);
    const { answer } = peer;
    peer.answer = (_, response) => response.writeHead(500).end();
    await expect(run()).rejects.toThrow('not taken');
    peer.answer = answer;
    await run();
    expect((await told()).map((one) => one?.last.id)).toEqual([2]);
    const [line] = await lines();
    expect(posted()).toEqual([line, line]);
    expect(peer.ledger[1]?.headers['content-type']).toBe('application/jose');
    nowMs += 3_599_999;
    await run();
    expect(await lines()).toHaveLength(1);
    nowMs += 1;
    await run();
    expect(posted(), 'nothing was owed any more').toEqual([line, ...(await lines())]);
    expect(await lines()).toHaveLength(2);
  });

  it('is judged neither before a restore is dealt with nor before the mark here knows of it', async () => {
    let [isMarked, nowMs] = [true, 0];
    const run = rounds({ isMarked: () => isMarked, nowMs: () => nowMs });
    await markLife(1);
    await write(6);
    await run();
    await sql(`delete from audit where id > 4; ${rehash};
      insert into database_lives (number, run) values (2, '')`);
    nowMs += 3_600_000;
    await run();
    await sql(`update database_lives set ready_at = now(), run = current_run() where number = 2`);
    isMarked = false;
    await run();
    expect((await sql('select code from incidents')).rows).toEqual([]);
    expect(await lines()).toHaveLength(1);
    await markLife(2);
    isMarked = true;
    await run();
    expect((await sql('select code from incidents')).rows).toEqual([]);
    expect((await told()).map((one) => one?.last.id)).toEqual([6, 4]);
  });

  it('is owed to the other place until it is taken, and the file has it once', async () => {
    let taken = false;
    const publish = publisher({ post: async () => taken });
    await expect(publish()).rejects.toThrow();
    await expect(publish()).rejects.toThrow();
    expect(await told()).toHaveLength(1);
    taken = true;
    await publish();
    await publish();
    expect(await told()).toHaveLength(2);
  });

  it('is checked, signed and written down each hour while the other place does not answer', async () => {
    let nowMs = 0;
    let taken = false;
    const posted: string[] = [];
    const post = async (signed: string) => taken && posted.push(signed) > 0;
    await write(3);
    const publish = publisher({ post }, () => nowMs);
    await expect(publish()).rejects.toThrow();
    await write(1);
    await sql(`update audit set reason = 'another' where id = 2; ${rehash}`);
    nowMs = 3_599_999;
    await expect(publish()).rejects.toThrow();
    expect((await told()).map((one) => one?.last.id)).toEqual([3]);
    nowMs = 3_600_000;
    await expect(publish()).rejects.toThrow();
    expect((await told()).map((one) => one?.last.id)).toEqual([3, 4]);
    expect((await sql('select code from incidents')).rows).toEqual([{ code: 'audit_broken' }]);
    taken = true;
    await publish();
    const lines = await readAuditHeads(join(folder, 'deep', 'heads.txt'));
    expect(posted, 'the newest covers those before').toEqual(lines.slice(-1));
  });

  it('is checked whole again until what was found has been told', async () => {
    await write(3);
    await publisher()();
    await sql(`alter table audit disable trigger chain_audit;
      update audit set actor = 'x' where id = 1; alter table audit enable trigger chain_audit`);
    let isAway = true;
    const found: unknown[] = [];
    const publish = publisher({
      openIncident: async ({ facts }) => {
        if (isAway) throw new Error('away');
        found.push(facts);
      },
    });
    await expect(publish()).rejects.toThrow('away');
    isAway = false;
    await publish();
    expect(found).toEqual([{ edited: 1 }]);
  });

  it('is not taken for changed where a restore lost what was checked', async () => {
    const found: unknown[] = [];
    await write(6);
    const publish = publisher({ openIncident: async ({ facts }) => found.push(facts) });
    await publish();
    await sql(`delete from audit where id > 4; ${rehash};
      insert into database_lives (number, ready_at) values (2, now())`);
    await markLife(2);
    await write(4);
    await publish();
    expect(found).toEqual([]);
  });

  it.each([
    ['knows of no restore', () => markLife(1)],
    ['is missing', async () => {}],
  ])('is taken for changed where the mark outside %s', async (_, mark) => {
    await mark();
    await write(3);
    const publish = publisher();
    await publish();
    await sql(`update audit set reason = 'another' where id = 2; ${rehash};
      insert into database_lives (number, ready_at) values (2, now())`);
    await publish();
    expect((await sql('select code from incidents')).rows).toEqual([{ code: 'audit_broken' }]);
  });

  it('fails where it cannot be told, so that the duty falls silent', async () => {
    await writeFile(join(folder, 'deep'), 'no folder');
    await expect(publisher()()).rejects.toThrow();
  });

  it('opens an incident when what it finds is not what was told', async () => {
    let nowMs = 0;
    await write(3);
    const publish = publisher({}, () => nowMs);
    await publish();
    await write(1);
    await sql(`update audit set reason = 'another' where id = 2; ${rehash}`);
    await publish();
    const open = () => sql('select code from incidents');
    expect((await open()).rows).toEqual([{ code: 'audit_broken' }]);
    await sql('truncate incidents cascade');
    // An old line that nobody has told of is looked at once a day.
    await sql(`alter table audit disable trigger chain_audit`);
    await sql(`update audit set actor = 'x' where id = 1`);
    await sql(`alter table audit enable trigger chain_audit`);
    await publish();
    expect((await open()).rows).toEqual([]);
    nowMs = 86_400_000;
    await publish();
    expect((await open()).rows).toEqual([{ code: 'audit_broken' }]);
  });

  it('is believed of nobody else’s key', async () => {
    await keys().ensureAuditKey();
    const strange = { id: '1', key: new Secret(randomBytes(32)) };
    const signed = await signAuditHead(await head(), strange);
    const read = auditHeadReader(await keys().publishedAuditKeys());
    expect(await read(signed)).toBeUndefined();
    expect(await read('nothing')).toBeUndefined();
  });

  it('is what sotto audit verify compares with', async () => {
    const sotto = sottoCommand(database, {
      KEYSTORE: `file:${join(folder, 'keys')}`,
      AUDIT_HEADS: file(),
    });
    const untold = await sotto('audit', 'verify', '--json');
    expect(untold.code).toBe(1);
    expect(JSON.parse(untold.out).findings).toEqual([{ code: 'no_heads' }]);
    await write(5);
    await publisher()();
    const whole = await sotto('audit', 'verify');
    expect(whole).toMatchObject({ code: 0, errors: '' });
    expect(whole.out).toContain('All of it is as it was written.');
    const listed = await sotto('audit', 'list', '--limit', '1', '--json');
    expect(JSON.parse(listed.out)).toMatchObject([{ action: 'test.write' }]);
    const exported = await sotto('audit', 'export');
    const lines = exported.out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.map(({ action }) => action)).toEqual([
      ...Array.from({ length: 5 }, () => 'test.write'),
      'audit.export',
    ]);
    expect(lines[5]?.actor).toMatch(/^command line: \S+$/);

    const copy = join(folder, 'copy.txt');
    const heads = await readFile(join(folder, 'deep', 'heads.txt'), 'utf8');
    await writeFile(copy, heads);
    await sql(`delete from audit where id > 3; ${rehash}`);
    const key = join(folder, 'keys', 'public', 'audit', '1.jwk');
    const cut = await sotto('audit', 'verify', '--heads', copy, '--keys', key);
    expect(cut.code).toBe(1);
    expect(cut.out).toContain('cut, line 5');
    await appendFile(copy, `${heads.trim().slice(0, -4)}AAAA\n`);
    const forged = await sotto('audit', 'verify', '--heads', copy, '--json');
    expect(JSON.parse(forged.out).findings).toEqual([
      { code: 'cut', id: 5 },
      { code: 'forged_head' },
    ]);
  });

  it('excuses what restores lost for those that somebody names, and for none made up after', async () => {
    const sotto = sottoCommand(database, {
      KEYSTORE: `file:${join(folder, 'keys')}`,
      AUDIT_HEADS: file(),
    });
    const accepting = async (lives: string) =>
      (await sotto('audit', 'verify', '--accept-restores', lives)).code;
    const restore = (life: number) =>
      sql(`delete from audit where id > 3; ${rehash};
        insert into database_lives (number, ready_at) values (${life}, now())`);
    await write(5);
    await publisher()();
    await restore(2);
    const lost = await sotto('audit', 'verify');
    expect(lost).toMatchObject({ code: 1, out: expect.stringContaining('it began life 2') });
    expect(await accepting('2')).toBe(0);
    await write(1);
    await publisher()();
    await restore(3);
    expect([await accepting('2'), await accepting('2,3'), await accepting('all')]).toEqual([
      1, 0, 2,
    ]);
    const { findings, chain } = await verified((await told()) as AuditHead[]);
    const lives = new Set([3]);
    const isKnown = findings.map((finding) => isKnownLoss(finding, { chain, lives }));
    expect(isKnown, 'each loss since it was told').toEqual([false, true]);
  });
});
