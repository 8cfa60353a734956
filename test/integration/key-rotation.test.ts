import { randomBytes, randomUUID } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compactVerify, createLocalJWKSet } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Secret } from '../../src/domain/secret.ts';
import { openJournal } from '../../src/journal/journal.ts';
import { createErasureReceipts } from '../../src/keys/erasure-receipt.ts';
import { fileKeyStore } from '../../src/keys/file-key-store.ts';
import type { KeyStore } from '../../src/keys/key-store.ts';
import { createLinkTokens } from '../../src/keys/link-token.ts';
import { passkeyBox } from '../../src/keys/passkey-box.ts';
import { createRenewedCookieBoxes } from '../../src/keys/renewed-cookie-boxes.ts';
import { createRenewedReceipts } from '../../src/keys/renewed-receipts.ts';
import { replaceParcels } from '../../src/store/parcels.ts';
import { replayEntries } from '../../src/store/restores.ts';
import { endRestoredLinks } from '../../src/usecases/end-restored-links.ts';
import { createSuppressionLookup } from '../../src/usecases/find-suppressed.ts';
import { daysAfter } from '../../src/usecases/keep-epoch-keys.ts';
import { openLink } from '../../src/usecases/open-link.ts';
import { recordOptOut } from '../../src/usecases/record-opt-out.ts';
import { resealOwedParcels, resealRevokedDays } from '../../src/usecases/reseal-owed-parcels.ts';
import { revokeDay } from '../../src/usecases/revoke-day.ts';
import { revokeSelector } from '../../src/usecases/revoke-selector.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createDispatchBench, parcelDay, silentLog } from '../support/dispatch-bench.ts';
import { type MessagesPeer, startMessagesPeer } from '../support/messages-peer.ts';
import { type SeededAppointment, seedAppointment } from '../support/seed-appointment.ts';
import { waitFor } from '../support/wait-for.ts';

const minute = 60_000;
const audience = 'r.example';
let turnedMs = 0;
const nowMs = () => Date.now() + turnedMs;
let folder: string;
let keys: KeyStore;
let database: TestDatabase;
let peer: MessagesPeer;
let bench: ReturnType<typeof createDispatchBench>;
let organisationId: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sotto-rotation-'));
  keys = fileKeyStore(folder, { nowMs });
  database = await createTestDatabase();
  peer = await startMessagesPeer();
  bench = createDispatchBench(database, peer);
  organisationId = await database.createOrganisation();
});
afterAll(async () => {
  await peer?.close();
  await database?.drop();
  rmSync(folder, { recursive: true });
});

beforeEach(() => {
  turnedMs = 0;
});

const seed = () => seedAppointment({ admin: database.admin, keys, audience }, { organisationId });
const read = ({ link }: SeededAppointment) =>
  openLink({ database: database.open('patient', 2), keys, log: silentLog }, link.secret);

const endedOf = async ({ id }: SeededAppointment) =>
  (
    await database.admin.query(
      'select revoked_at is not null as ended from links where appointment_id = $1',
      [id],
    )
  ).rows;

describe('a new link key', () => {
  it('signs after every process has read it; no link fails before, while or after, and both verify', async () => {
    await keys.ensureLinkKey();
    const tokensOf = async () => createLinkTokens({ keys: await keys.linkKeys(), audience });
    const secrets: { token: string; secret: Buffer }[] = [];
    const mint = async () => {
      const tokens = await tokensOf();
      const secret = randomBytes(18);
      const token = tokens.mint(new Secret(secret), tokens.newestSelector).reveal();
      secrets.push({ token, secret });
      return token.charAt(0);
    };
    /** One that has read the keys long ago, and one that has just read them. */
    const behind = await tokensOf();
    let failed = 0;
    const readAll = async (tokens: Awaited<ReturnType<typeof tokensOf>>) => {
      for (const { token, secret } of secrets) {
        if (!(await tokens.verify(token))?.reveal().equals(secret)) failed += 1;
      }
    };
    expect(await mint()).toBe('a');
    const made = await keys.addKey('link');
    expect(made?.id).toBe('b');
    for (let second = 0; second < 59; second += 20) {
      turnedMs += 20_000;
      expect(await mint()).toBe(turnedMs < minute ? 'a' : 'b');
      if (turnedMs < minute) await readAll(behind);
      await readAll(await tokensOf());
    }
    expect(await mint()).toBe('b');
    await readAll(await tokensOf());
    expect(failed).toBe(0);
    await keys.removeKey('link', 'a');
    const [old, ...others] = secrets;
    const after = await tokensOf();
    expect(await after.verify(old?.token ?? '')).toBeUndefined();
    expect(await after.verify(others.at(-1)?.token ?? '')).toBeDefined();
  });
});

describe('a new pepper', () => {
  it('forgets nobody who said stop, and is what new stops are kept under', async () => {
    const [early, late] = ['+33639980001', '+33639980002'].map((phone) => new Secret(phone));
    if (!early || !late) throw new Error('two phones');
    const journal = { append: async () => {} };
    const patient = database.open('patient', 1);
    const stop = (contact: Secret<string>) =>
      recordOptOut(
        { database: patient, journal, keys },
        { channel: 'sms', contact, source: 'patient_page' },
      );
    const find = createSuppressionLookup({ database: bench.worker, keys });
    const found = async () =>
      (await find([early, late].map((to, index) => ({ reminderId: String(index), to })))).size;
    await stop(early);
    expect(await found()).toBe(1);
    await keys.addKey('pepper');
    expect(await found()).toBe(1);
    turnedMs += 2 * minute;
    await stop(late);
    await waitFor(async () => (await found()) === 2);
    const { rows } = await database.admin.query('select pepper from suppressions order by pepper');
    expect(rows).toEqual([{ pepper: '1' }, { pepper: '2' }]);
  });
});

describe('a new receipt key', () => {
  it('is published for as long as anyone keeps copies before it signs, and old receipts verify', async () => {
    const receipts = await createRenewedReceipts(keys);
    const sign = async () => {
      await receipts.renew();
      const { receipt } = await receipts.sign({
        ...{ receiptId: 'r', organisationId, mode: 'test', reference: 'x', appointmentId: 'a' },
        ...{ version: 1, body: new Secret({}), issuer: 'https://x', issuedAt: new Date() },
      });
      const { protectedHeader } = await compactVerify(receipt, createLocalJWKSet(receipts.jwks()));
      return { receipt, kid: protectedHeader.kid };
    };
    const before = await sign();
    await keys.addKey('receipt');
    turnedMs += 5 * minute;
    expect((await sign()).kid).toBe(before.kid);
    const copy = createLocalJWKSet(receipts.jwks());
    turnedMs += 6 * minute;
    const after = await sign();
    expect(after.kid).not.toBe(before.kid);
    await compactVerify(after.receipt, copy);
    await keys.removeKey('receipt', '1');
    await receipts.renew();
    await compactVerify(before.receipt, createLocalJWKSet(receipts.jwks()));
  });
});

describe('a receipt key that somebody else has', () => {
  it('is no key of ours any more: what it signed, before and since, verifies with nothing published', async () => {
    const store = fileKeyStore(join(folder, 'leaked'), { nowMs });
    const receipts = await createRenewedReceipts(store);
    const sign = async () => {
      const { receipt } = await receipts.sign({
        ...{ receiptId: 'r', organisationId, mode: 'test', reference: 'x', appointmentId: 'a' },
        ...{ version: 1, body: new Secret({}), issuer: 'https://x', issuedAt: new Date() },
      });
      return receipt;
    };
    const old = await sign();
    await store.addKey('receipt');
    await store.revokeKey('receipt', '1');
    await receipts.renew();
    const published = createLocalJWKSet(receipts.jwks());
    expect(receipts.jwks().keys).toHaveLength(1);
    await expect(compactVerify(old, published)).rejects.toThrow('no applicable key');
    // Though it is young: nothing else may sign.
    await compactVerify(await sign(), published);
  });
});

describe('a new key for receipts of erasures', () => {
  it('is published for as long as anyone keeps copies before it signs, and old ones verify', async () => {
    const sign = createErasureReceipts(keys.ensureErasureKey);
    const claims = { iss: 'x', iat: 0, organisation: organisationId, reference: 'r' };
    const signed = () => sign({ ...claims, mode: 'test', appointment: 'a', by: 'recipient' });
    const published = async () =>
      createLocalJWKSet({ keys: [...(await keys.publishedErasureKeys())] });
    const kidOf = async (receipt: string) =>
      (await compactVerify(receipt, await published())).protectedHeader.kid;
    const old = await signed();
    await keys.addKey('erasure');
    turnedMs += 9 * minute;
    expect(await kidOf(await signed())).toBe(await kidOf(old));
    const copy = await published();
    turnedMs += 2 * minute;
    const fresh = await signed();
    await compactVerify(fresh, copy);
    expect(await kidOf(fresh)).not.toBe(await kidOf(old));
    await keys.removeKey('erasure', '1');
    await compactVerify(old, await published());
  });
});

describe('a new passkey key', () => {
  it('seals new passkeys, and opens those made before for as long as the old one is there', async () => {
    const owner = { organisationId, mode: 'test', issuer: '', subject: new Secret('s-1') } as const;
    const boxes = async () =>
      (await keys.symmetricKeys('passkey')).map((key) => passkeyBox(key, owner));
    const passkey = { credentialId: 'c', publicKey: Buffer.alloc(9), userHandle: 'u', tag: 'abcd' };
    const id = randomUUID();
    const [before] = await boxes();
    const sealed = before?.seal(id, passkey) ?? Buffer.alloc(0);
    await keys.addKey('passkey');
    expect((await boxes()).at(-1)?.index).toEqual(before?.index);
    turnedMs += 2 * minute;
    const both = await boxes();
    expect(both.at(-1)?.index).not.toEqual(before?.index);
    expect(
      both.find(({ index }) => before && index.equals(before.index))?.open(id, sealed),
    ).toEqual(passkey);
    await keys.removeKey('passkey', '1');
    expect((await boxes()).some(({ index }) => before && index.equals(before.index))).toBe(false);
  });
});

describe('a new portal key', () => {
  it('is shown to portals at once, and signs once they have read it', async () => {
    const shown = async () => (await keys.symmetricKeys('portal')).map(({ id }) => id);
    const signing = async () => (await shown()).at(-1);
    expect(await signing()).toBe('1');
    await keys.addKey('portal');
    turnedMs += 9 * minute;
    expect([(await shown()).sort(), await signing()]).toEqual([['1', '2'], '1']);
    turnedMs += 2 * minute;
    expect(await signing()).toBe('2');
  });
});

describe('a new cookie key', () => {
  it('ends no session, at a process that has read it or has yet to', async () => {
    const [one, other] = [
      await createRenewedCookieBoxes(keys),
      await createRenewedCookieBoxes(keys),
    ];
    const expiresAt = new Date(Date.now() + minute);
    const old = await one.session.seal({ s: 1 }, { expiresAt });
    await keys.addKey('cookie');
    await one.renew();
    // Not used yet: the other has not read it.
    expect(await other.session.open(await one.session.seal({ s: 2 }, { expiresAt }))).toEqual({
      s: 2,
    });
    await other.renew();
    turnedMs += 2 * minute;
    await one.renew();
    const fresh = await one.session.seal({ s: 3 }, { expiresAt });
    expect(await other.session.open(fresh)).toEqual({ s: 3 });
    expect(await one.session.open(old)).toEqual({ s: 1 });
  });
});

describe('a link key that somebody else has', () => {
  it('opens nothing any more, at once and after a restore; what is owed is signed anew', async () => {
    const [selector = ''] = (await keys.linkKeys()).slice(-1).map((key) => key.selector);
    const [out, again] = [await seed(), await seed()];
    await database.admin.query(
      `update links set parcel = '\\x00', parcel_day = current_date where appointment_id = $1`,
      [again.id],
    );
    await database.admin.query(
      `update reminders set state = 'scheduled', sent_at = null where appointment_id = $1`,
      [again.id],
    );
    expect(await read(out)).toBeDefined();
    const journal = await openJournal(`file:${folder}/journal`, 'command-line');
    let whileWaiting: unknown = 'not asked';
    const done = await revokeSelector(
      {
        adminUrl: database.adminUrl,
        journal,
        stores: [keys],
        untilForgotten: async () => {
          whileWaiting = await read(out);
        },
      },
      { selector, reason: 'lost laptop' },
    );
    await journal.close();
    expect(whileWaiting).toBeUndefined();
    expect(done).toEqual({ ended: 1, owed: 1, isJournaled: true });
    for (const one of [out, again]) expect(await read(one)).toBeUndefined();
    const known = (await keys.linkKeys()).map((key) => key.selector);
    expect(known).not.toContain(selector);
    expect(known).toHaveLength(1);
    const { rows: told } = await database.admin.query(
      `select reference, reason_code from events where type = 'reminder.needs_reissue'`,
    );
    expect(told).toEqual([{ reference: out.reference, reason_code: 'link_key_revoked' }]);
    const { rows: audit } = await database.admin.query(
      `select subject, reason from audit where action = 'link_key.revoke'`,
    );
    expect(audit).toEqual([{ subject: selector, reason: 'lost laptop' }]);

    // Its next send signs it with another key: it opens again, under that.
    await database.admin.query('update links set selector = $2 where appointment_id = $1', [
      again.id,
      known[0],
    ]);
    expect(await read(again)).toBeDefined();

    // A database from before, brought back.
    const entries = readFileSync(join(folder, 'journal', 'command-line.ndjson'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    await database.admin.query('delete from revoked_selectors');
    await database.admin.query(
      `update links set revoked_at = null, selector = $1 where appointment_id = $2`,
      [selector, out.id],
    );
    expect(await read(out)).toBeDefined();
    await database.admin.query("update database_lives set run = 'another'");
    const scheduler = database.open('scheduler', 1);
    await scheduler.transaction([], (connection) => replayEntries(connection, entries));
    expect(await read(out)).toBeUndefined();
    expect(await endedOf(out)).toEqual([{ ended: false }]);
    await endRestoredLinks({ database: scheduler });
    expect(await endedOf(out)).toEqual([{ ended: true }]);
    expect(await endedOf(again)).toEqual([{ ended: false }]);
    expect(await read(again)).toBeDefined();
  });

  it('ends its links after a restore page by page, one that dies on the way leaves no harm', async () => {
    const [selector = ''] = (await keys.linkKeys()).slice(-1).map((key) => key.selector);
    // It has been compared since the restore before this one.
    await database.admin.query('update database_lives set run = null');
    const out = [await seed(), await seed(), await seed()];
    await database.admin.query("update database_lives set run = 'yet another'");
    const scheduler = database.open('scheduler', 1);
    await scheduler.transaction([], (connection) =>
      replayEntries(connection, [{ kind: 'selector_revocation', selector }]),
    );
    const ended = async () => (await Promise.all(out.map(endedOf))).flat().filter((l) => l.ended);
    let pages = 0;
    const dying: Pick<typeof scheduler, 'transaction'> = {
      transaction: async (...call: Parameters<typeof scheduler.transaction>) => {
        if ((await ended()).length === 2) throw new Error('died');
        pages += 1;
        return scheduler.transaction(...call);
      },
    } as never;
    await expect(endRestoredLinks({ database: dying }, { countMax: 1 })).rejects.toThrow('died');
    expect(pages).toBeGreaterThan(1);
    for (let times = 0; times < 2; times += 1) {
      await endRestoredLinks({ database: scheduler }, { countMax: 1 });
      expect(await ended()).toHaveLength(3);
    }
    const { rows: told } = await database.admin.query(
      `select reference from events where type = 'reminder.needs_reissue'
         and reference = any($1::text[])`,
      [out.map(({ reference }) => reference)],
    );
    expect(told).toHaveLength(3);
  });
});

describe('a revoked selector', () => {
  const folderOf = (name: string) => fileKeyStore(join(folder, name));
  const idsOf = async (store: KeyStore) => (await store.keptKeys('link')).map(({ id }) => id);
  const revoke = (selector: string, stores: readonly [KeyStore, ...KeyStore[]]) =>
    revokeSelector(
      {
        adminUrl: database.adminUrl,
        journal: { append: async () => {} },
        stores,
        untilForgotten: async () => {},
      },
      { selector, reason: 'lost laptop' },
    );
  const isRevoked = async (selector: string) => {
    const { rows } = await database.admin.query(
      'select from revoked_selectors where selector = $1',
      [selector],
    );
    return rows.length > 0;
  };

  it('goes from both folders, which get the same successor under a selector that nobody had', async () => {
    const [patient, worker] = [folderOf('patient-both'), folderOf('worker-both')];
    const key = await patient.addKey('link', { after: ['o'] });
    if (!key) throw new Error('no key');
    await worker.addKey('link', { given: key });
    expect(key.id).toBe('p');
    for (let again = 0; again < 2; again += 1) {
      expect(await revoke('p', [patient, worker])).toMatchObject({ isJournaled: true });
      expect([await idsOf(patient), await idsOf(worker)]).toEqual([['q'], ['q']]);
    }
    const [one, other] = [await patient.keptKey('link', 'q'), await worker.keptKey('link', 'q')];
    expect(one?.key.reveal()).toEqual(other?.key.reveal());
    // A store without the mark is told by the database.
    const bare = folderOf('bare');
    const last = await bare.addKey('link', { after: ['n'] });
    expect(last?.id).toBe('o');
    expect(await revoke('o', [bare])).toMatchObject({ isJournaled: true });
    expect(await idsOf(bare)).toEqual(['q']);
  });

  it('is revoked of no folder where one lacks its key or cannot be written, nor when nobody knows it', async () => {
    const [patient, worker] = [folderOf('patient-half'), folderOf('worker-half')];
    const key = await patient.addKey('link', { after: ['t'] });
    if (!key) throw new Error('no key');
    expect(await revoke('u', [patient, worker])).toEqual({ problem: 'not_in_every_store' });
    await worker.addKey('link', { given: key });
    const full: KeyStore = {
      ...worker,
      checkWritable: () => Promise.reject(new Error('no space')),
    };
    await expect(revoke('u', [patient, full])).rejects.toThrow('no space');
    expect(await revoke('z', [patient, worker])).toEqual({ problem: 'unknown' });
    for (const selector of ['u', 'z']) expect(await isRevoked(selector)).toBe(false);
    expect([await idsOf(patient), await idsOf(worker)]).toEqual([['u'], ['u']]);
  });
});

describe('a day’s key that somebody else has', () => {
  it('has nothing sealed to it any more a minute later, and what was sealed to it still opens', async () => {
    const today = Temporal.Now.plainDateISO('UTC').toString();
    const day = daysAfter(today, 3);
    await keys.ensureEpochKeys({ from: today, days: 6 });
    const epochPublicKey = await keys.epochPublicKey(day);
    if (!epochPublicKey) throw new Error('no key');
    await bench.seed({ organisationId, count: 3, epochPublicKey, parcelDay: day } as never);
    const journal = { append: async () => {} };
    await revokeDay({ adminUrl: database.adminUrl, journal }, { day, reason: 'disk stolen' });
    const reseal = () =>
      resealRevokedDays({
        ...{ database: bench.worker, keys, log: silentLog },
        now: () => Temporal.Now.instant(),
      });
    expect(await reseal()).toBe(3);
    expect(await reseal()).toBe(0);
    const { rows } = await database.admin.query(
      `select distinct parcel_day::text as day from links where parcel_day > current_date`,
    );
    expect(rows).toEqual([{ day: daysAfter(day, -1) }]);
    expect(await keys.epochPrivateKey(day)).toBeDefined();
  });

  it('of many is passed over for the nearest that nobody has; with none left nothing is done', async () => {
    const today = Temporal.Now.plainDateISO('UTC').toString();
    await keys.ensureEpochKeys({ from: today, days: 10 });
    await database.admin.query('update links set parcel = null, parcel_day = null');
    const epochPublicKey = await keys.epochPublicKey(today);
    if (!epochPublicKey) throw new Error('no key');
    const seeded = await bench.seed({
      ...{ organisationId, count: 1, epochPublicKey, parcelDay: today },
    } as never);
    const revoke = (from: number, to: number) =>
      database.admin.query(
        `insert into revoked_days (day) select $1::date + step from generate_series($2::int, $3::int) step
         on conflict do nothing`,
        [today, from, to],
      );
    const said: unknown[] = [];
    const log = { ...silentLog, error: (...line: unknown[]) => void said.push(line) };
    const reseal = () =>
      resealRevokedDays({
        ...{ database: bench.worker, keys, log },
        now: () => Temporal.Now.instant(),
      });
    const dayOfParcel = async () =>
      (
        await database.admin.query('select parcel_day::text as day from links where id = $1', [
          seeded[0]?.linkId,
        ])
      ).rows[0]?.day;
    await revoke(0, 7);
    expect(await reseal()).toBeGreaterThan(0);
    expect(await dayOfParcel()).toBe(daysAfter(today, 8));
    expect(await reseal()).toBe(0);
    expect(said).toEqual([]);
    await revoke(8, 500);
    expect(await reseal()).toBe(0);
    expect(await dayOfParcel()).toBe(daysAfter(today, 8));
    expect(said).toEqual([['no day is left to seal to', { code: 'every_day_revoked' }]]);
  });

  it('is not chosen for what is owed from days ago either', async () => {
    const today = Temporal.Now.plainDateISO('UTC').toString();
    const old = daysAfter(today, -2);
    await keys.ensureEpochKeys({ from: old, days: 10 });
    await database.admin.query('update links set parcel = null, parcel_day = null');
    await database.admin.query('delete from revoked_days');
    const epochPublicKey = await keys.epochPublicKey(old);
    if (!epochPublicKey) throw new Error('no key');
    const [one] = await bench.seed({
      ...{ organisationId, count: 1, epochPublicKey, parcelDay: old },
    } as never);
    await database.admin.query('insert into revoked_days (day) values ($1), ($2)', [
      today,
      daysAfter(today, 1),
    ]);
    const now = () => Temporal.Now.instant();
    expect(await resealOwedParcels({ database: bench.worker, keys, log: silentLog, now })).toBe(1);
    const { rows } = await database.admin.query(
      'select parcel_day::text as day from links where id = $1',
      [one?.linkId],
    );
    expect(rows).toEqual([{ day: daysAfter(today, 2) }]);
  });

  it('is left by parcels in the order in which whoever revokes locks their links', async () => {
    const seeded = await bench.seed({ organisationId, count: 2 });
    const [low = '', high = ''] = seeded.map(({ linkId }) => linkId).toSorted();
    const { rows } = await database.admin.query(
      'select id as "linkId", parcel from links where id = any($1) order by id desc',
      [[low, high]],
    );
    const revoking = await database.admin.connect();
    try {
      await revoking.query('begin');
      await revoking.query('select from links where id = $1 for no key update', [low]);
      const replaced = bench.worker.transaction([], (connection) =>
        replaceParcels(
          connection,
          rows.map((row) => ({ ...row, replacement: Buffer.from('anew') })),
          parcelDay,
        ),
      );
      await waitFor(async () => {
        const waiting = await database.admin.query(
          `select from pg_locks where not granted and pid in
             (select pid from pg_stat_activity where datname = current_database())`,
        );
        return (waiting.rowCount ?? 0) > 0;
      });
      // What waits for the one has not locked the other.
      await revoking.query('select from links where id = $1 for no key update nowait', [high]);
      await revoking.query('commit');
      await replaced;
    } finally {
      revoking.release();
    }
    const after = await database.admin.query(
      `select count(*)::int as anew from links where parcel = 'anew'`,
    );
    expect(after.rows).toEqual([{ anew: 2 }]);
  });
});
