import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { AppError } from '../../src/domain/errors.ts';
import { type Database, openDatabase } from '../../src/store/database.ts';
import { createDeleteAppointment } from '../../src/usecases/delete-appointment.ts';
import { appointmentRequest, createTestAccept, createTestKeys } from '../support/accept.ts';
import { type ApiFixture, createApiFixture } from '../support/api-server.ts';
import { type CuttingProxy, startCuttingProxy } from '../support/cutting-proxy.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createDispatchBench } from '../support/dispatch-bench.ts';
import { type MessagesPeer, startMessagesPeer } from '../support/messages-peer.ts';
import { unsignedErasures } from '../support/unsigned-erasures.ts';
import { waitFor } from '../support/wait-for.ts';

type Accept = Awaited<ReturnType<typeof createTestAccept>>;
const journal = { append: async () => {} };

let db: TestDatabase;
let organisationId: string;
let testKeys: Awaited<ReturnType<typeof createTestKeys>>;
let peer: MessagesPeer;
let bench: ReturnType<typeof createDispatchBench>;
let accept: Accept;

beforeAll(async () => {
  db = await createTestDatabase();
  organisationId = await db.createOrganisation();
  testKeys = await createTestKeys([organisationId]);
  peer = await startMessagesPeer();
  bench = createDispatchBench(db, peer);
  accept = await createTestAccept({
    database: db.open('api'),
    ...testKeys,
    change: { journal },
  });
});
afterAll(async () => {
  await peer.close();
  await db.drop();
  await testKeys.remove();
});
beforeEach(async () => {
  peer.forget();
  await db.admin.query('truncate appointments cascade');
});

let counter = 0;
const key = () => ({ organisationId, mode: 'test', reference: `ref-${++counter}` }) as const;

async function storedOf(reference: string) {
  const { rows } = await db.admin.query(
    `select a.id, a.version, a.paused_at,
       (select count(*)::int from reminders r where r.appointment_id = a.id) as reminders,
       (select count(*)::int from links l where l.appointment_id = a.id) as links
     from appointments a where a.reference = $1`,
    [reference],
  );
  return rows;
}

/** Makes every reminder due and sends what may be sent. */
async function sendAll(): Promise<void> {
  await db.admin.query(`update reminders set due_at = clock_timestamp() where state = 'scheduled'`);
  await bench.drain({ epochPrivateKey: testKeys.keys.epochPrivateKey });
}

it('what no receipt could be signed for is refused before anything is stored', async () => {
  const receipts = { ...accept.receipts, isGivenUp: () => true };
  const forsaken = await createTestAccept({
    database: db.open('api'),
    ...testKeys,
    change: { journal, receipts },
  });
  const where = key();
  const refused = forsaken.put({ ...where, body: appointmentRequest() });
  await expect(refused).rejects.toMatchObject({ code: 'key_missing', retryAfterS: 5 });
  expect(await storedOf(where.reference)).toEqual([]);
});

it('nothing is erased that no receipt could be signed for; a cancellation needs none', async () => {
  const remove = createDeleteAppointment({
    ...{ database: db.open('api', 1), journal, ...unsignedErasures },
    receipts: { isGivenUp: () => true },
  });
  const where = key();
  await accept.put({ ...where, body: appointmentRequest() });
  const refused = remove({ ...where, erase: true });
  await expect(refused).rejects.toMatchObject({ code: 'key_missing', retryAfterS: 5 });
  expect(await storedOf(where.reference)).toMatchObject([{ reminders: 1, links: 1 }]);
  expect(await remove({ ...where, erase: false })).toMatchObject({ state: 'cancelled' });
});

describe('a connection that is cut after COMMIT was sent', () => {
  let proxy: CuttingProxy;
  let database: Database;
  let cut: Accept;
  beforeAll(async () => {
    proxy = await startCuttingProxy(db.roleUrls.api);
    const options = { connectionsMax: 4, applicationName: 'test api' };
    database = openDatabase({ url: proxy.url, ...options });
    cut = await createTestAccept({ database, ...testKeys, change: { journal } });
  });
  afterAll(async () => {
    await database.close();
    await proxy.close();
  });

  it('PUT: whoever tries again has one appointment and one reminder, which is sent once', async () => {
    const where = key();
    const body = appointmentRequest();
    proxy.cutAfter('commit');
    await expect(cut.put({ ...where, body })).rejects.toMatchObject({ code: 'unavailable' });
    expect(await storedOf(where.reference)).toMatchObject([{ version: 1, reminders: 1 }]);

    const answer = await cut.put({ ...where, body });
    expect(answer).toMatchObject({ created: false, version: 2 });
    expect(await storedOf(where.reference)).toMatchObject([
      { id: answer.id, version: 2, reminders: 1, links: 1 },
    ]);
    await sendAll();
    expect(peer.accepted).toHaveLength(1);
  });

  it('PUT of many at once: all are told, and none is doubled by trying again', async () => {
    const wheres = Array.from({ length: 20 }, key);
    const before = proxy.cuts();
    proxy.cutAfter('commit');
    const body = appointmentRequest();
    const put = (where: (typeof wheres)[number]) => cut.put({ ...where, body });
    const first = await Promise.allSettled(wheres.map(put));
    expect(proxy.cuts()).toBe(before + 1);
    const refused = wheres.filter((_, index) => first[index]?.status === 'rejected');
    expect(refused.length).toBeGreaterThan(0);
    await Promise.all(refused.map(put));
    for (const { reference } of wheres) {
      expect(await storedOf(reference)).toMatchObject([{ reminders: 1, links: 1 }]);
    }
    await sendAll();
    expect(peer.accepted).toHaveLength(wheres.length);
  });

  it('DELETE: whoever tries again is told what the lost answer said, and nothing is sent', async () => {
    const where = key();
    const { id, reminders } = await cut.put({ ...where, body: appointmentRequest() });
    proxy.cutAfter('commit');
    const remove = () => cut.remove({ ...where, erase: false });
    await expect(remove()).rejects.toMatchObject({ code: 'unavailable' });
    expect(await remove()).toMatchObject({
      id,
      state: 'cancelled',
      reminders: [{ id: reminders[0]?.id, state: 'cancelled' }],
    });
    await sendAll();
    expect(peer.accepted).toHaveLength(0);
  });
});

describe('a row that somebody else holds locked', () => {
  let fixture: ApiFixture;
  let apiKey: string;
  beforeAll(async () => {
    fixture = await createApiFixture(() => ({
      putAppointment: (input) => accept.put(input),
      deleteAppointment: (input) => accept.remove(input),
    }));
    await fixture.database.createOrganisation({ id: organisationId });
    apiKey = await fixture.key({ organisationId });
  });
  afterAll(() => fixture.close());

  it('costs its own PUT a 503 with Retry-After, and everybody else’s nothing', async () => {
    const locked = key();
    await accept.put({ ...locked, body: appointmentRequest() });
    const holder = await db.admin.connect();
    await holder.query('begin');
    await holder.query('select from appointments where reference = $1 for update', [
      locked.reference,
    ]);
    const put = (reference: string) =>
      fixture.request({
        method: 'PUT',
        url: `/v1/appointments/${reference}`,
        key: apiKey,
        payload: appointmentRequest().reveal(),
      });
    const others = Array.from({ length: 30 }, key);
    const answers = await Promise.all([
      put(locked.reference),
      ...others.map((one) => put(one.reference)),
    ]);
    const deleted = await fixture.request({
      method: 'DELETE',
      url: `/v1/appointments/${locked.reference}`,
      key: apiKey,
    });
    await holder.query('rollback');
    holder.release();

    const [refused, ...taken] = answers;
    for (const answer of [refused, deleted]) {
      expect(answer?.statusCode).toBe(503);
      expect(answer?.json()).toMatchObject({ code: 'busy' });
      expect(Number(answer?.headers['retry-after'])).toBeGreaterThan(0);
    }
    expect(taken.map(({ statusCode }) => statusCode)).toEqual(taken.map(() => 201));
    expect((await put(locked.reference)).statusCode).toBe(200);
  });
});

describe('what was committed and is not read back yet', () => {
  const readBack = 'read_accepted';

  /** A database whose reading back waits for what the test says. */
  function heldDatabase(readingBack: () => Promise<void>): Database {
    const database = db.open('api');
    return {
      ...database,
      async readAs(organisations, statement) {
        if (statement.name === readBack) await readingBack();
        return database.readAs(organisations, statement);
      },
    };
  }

  it('is not answered; others are written meanwhile, and of one reference none before', async () => {
    const asked = Promise.withResolvers<void>();
    const go = Promise.withResolvers<void>();
    const held = await createTestAccept({
      database: heldDatabase(() => {
        asked.resolve();
        return go.promise;
      }),
      ...testKeys,
      change: { journal },
    });
    const [one, other] = [key(), key()];
    const answered: string[] = [];
    const put = async (where: typeof one) => {
      const { version } = await held.put({ ...where, body: appointmentRequest() });
      answered.push(`${where.reference} ${version}`);
    };
    const puts = [put(one)];
    await asked.promise;
    puts.push(put(one), put(other));
    await waitFor(async () => (await storedOf(other.reference)).length === 1);
    expect(answered).toEqual([]);
    expect(await storedOf(one.reference)).toMatchObject([{ version: 1 }]);
    go.resolve();
    await Promise.all(puts);
    expect(answered[0]).toBe(`${one.reference} 1`);
    expect(answered.toSorted()).toEqual(
      [`${one.reference} 1`, `${one.reference} 2`, `${other.reference} 1`].toSorted(),
    );
  });

  it('is told to nobody when it cannot be read: whoever tries again has it once', async () => {
    const held = await createTestAccept({
      database: heldDatabase(async () => {
        throw new AppError('unavailable', { retryAfterS: 2 });
      }),
      ...testKeys,
      change: { journal },
    });
    const where = key();
    const body = appointmentRequest();
    await expect(held.put({ ...where, body })).rejects.toMatchObject({ code: 'unavailable' });
    expect(await accept.put({ ...where, body })).toMatchObject({ created: false, version: 2 });
    await sendAll();
    expect(peer.accepted).toHaveLength(1);
  });
});

describe('what is stored is not what was accepted', () => {
  const tampered: [string, string, string][] = [
    ['the sealed record', 'versions', `new.content = new.content || '\\x00'`],
    ['the month of its key', 'versions', `new.view_month = '2020-01'`],
    ['a sealed content key', 'content_keys', `new.sealed_key = new.sealed_key || '\\x00'`],
    ['a link’s note', 'links', `new.note = new.note || '\\x00'`],
    ['a link’s parcel', 'links', `new.parcel = new.parcel || '\\x00'`],
    ['a link’s secret', 'links', `new.lookup = substr(sha256(new.lookup), 1, 16)`],
    ['nothing of a content key', 'content_keys', 'return null'],
    ['the name of another receipt', 'versions', 'new.receipt_id = gen_random_uuid()'],
  ];

  it.each(tampered)(
    '%s: 500 for that one alone, nothing of it is sent until a faithful PUT takes its place',
    async (_, table, change) => {
      const [good, bad] = [key(), key()];
      await db.admin.query(`create function tamper() returns trigger language plpgsql as $$
        begin
          if exists (select from appointments a
            where a.id = new.appointment_id and a.reference = '${bad.reference}') then
            ${change};
          end if;
          return new;
        end $$`);
      await db.admin.query(
        `create trigger tamper before insert on ${table} for each row execute function tamper()`,
      );
      const results = await Promise.allSettled(
        [good, bad].map((where) => accept.put({ ...where, body: appointmentRequest() })),
      );
      await db.admin.query('drop function tamper cascade');
      expect(results).toMatchObject([
        { status: 'fulfilled' },
        { status: 'rejected', reason: { code: 'not_stored' } },
      ]);
      expect((await storedOf(bad.reference))[0]?.paused_at).toBeInstanceOf(Date);
      await sendAll();
      expect(peer.accepted).toHaveLength(1);

      await accept.put({ ...bad, body: appointmentRequest() });
      await sendAll();
      expect(peer.accepted).toHaveLength(2);
    },
  );
});
