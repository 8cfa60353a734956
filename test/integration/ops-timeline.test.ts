import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OpsRole } from '../../src/domain/ops-role.ts';
import { openIncident } from '../../src/usecases/open-incident.ts';
import { canaryForms, findCanaries } from '../support/canaries.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createDispatchBench } from '../support/dispatch-bench.ts';
import { type MessagesPeer, startMessagesPeer } from '../support/messages-peer.ts';
import { type OpsClient, type OpsSite, postForm, startOpsSite } from '../support/ops-site.ts';
import type { SeededReminder } from '../support/seed-reminders.ts';

let database: TestDatabase;
let peer: MessagesPeer;
let bench: ReturnType<typeof createDispatchBench>;
let ops: OpsSite;
let viewer: OpsClient;
let organisationId: string;

beforeAll(async () => {
  database = await createTestDatabase();
  peer = await startMessagesPeer();
  bench = createDispatchBench(database, peer);
  ops = await startOpsSite(database);
  viewer = await ops.visit('viewer');
  organisationId = await database.createOrganisation({ name: 'Practice <One> & Sons' });
});
afterAll(async () => {
  await ops.close();
  await peer.close();
  await database.drop();
});

async function seedOne(
  options: Partial<Parameters<typeof bench.seed>[0]> = {},
): Promise<SeededReminder> {
  const [one] = await bench.seed({ organisationId, count: 1, ...options });
  if (!one) throw new Error('not seeded');
  return one;
}

const find = (typed: string) => viewer.get(`/find?${new URLSearchParams({ q: typed })}`);
const pageOf = async ({ appointmentId }: SeededReminder, by = viewer) =>
  (await by.get(`/appointments/${appointmentId}`)).text();

async function lock(one: SeededReminder, helpCode: string): Promise<void> {
  await database.admin.query(
    `insert into factor_failures (organisation_id, appointment_id, factor, failed_count, locked_at, help_code)
     values ($1, $2, 'pin', 10, now(), $3)`,
    [one.organisationId, one.appointmentId, helpCode],
  );
}

describe('finding', () => {
  it('leads from a reference, an id or a help code, however it was typed, to the appointment', async () => {
    const one = await seedOne();
    await lock(one, 'HJ7K3M');
    const typed = [
      `ref-${one.appointmentId}`,
      ` ref-${one.appointmentId} `,
      one.appointmentId,
      one.appointmentId.toUpperCase(),
      one.id,
      'HJ7K3M',
      ' hj7 k3m ',
      'hj7-k3m',
    ];
    for (const text of typed) {
      const answer = await find(text);
      expect(answer.headers.get('location'), text).toBe(`/appointments/${one.appointmentId}`);
    }
  });

  it('takes a reference as it is written, and lists all who use it', async () => {
    const other = await database.createOrganisation({ name: 'Second practice' });
    const all = [
      await seedOne(),
      await seedOne({ mode: 'test' }),
      await seedOne({ organisationId: other }),
      await seedOne(),
    ];
    const ids = all.map(({ appointmentId }) => appointmentId);
    await database.admin.query(
      `update appointments set deleted_at = case when id = $2 then now() end, reference = 'Shared.1'
       where id = any($1)`,
      [ids, ids[3]],
    );
    const page = await (await find('Shared.1')).text();
    for (const id of ids) expect(page).toContain(`href="/appointments/${id}"`);
    expect(page).toContain('Practice &lt;One&gt; &amp; Sons');
    expect(page).toContain('Second practice');
    expect(page).toContain('4 appointments');
    expect(await (await find('shared.1')).text()).toContain('Nothing was found');
  });

  it('says what it looked for, and shows nothing again that may be a name', async () => {
    const nothing = await (await find('HJ7K3X')).text();
    expect(nothing).toContain('a reference, exactly as typed');
    expect(nothing).toContain('a help code');
    expect(nothing).not.toContain('the id of an appointment or');
    expect(await (await find(randomUUID())).text()).toContain('the id of an appointment or');
    for (const typed of [
      'Mme Dupont',
      '+33639980001',
      'a@b.fr',
      '<script>',
      '"><img src=x>',
      "';--",
    ]) {
      const answer = await find(typed);
      expect(answer.status).toBe(200);
      const page = await answer.text();
      expect(page).toContain('Nothing here can be found by that');
      expect(page).toContain('name="q" value=""');
    }
    expect(await (await find('')).text()).not.toContain('Nothing');
    expect((await find('x'.repeat(5_000))).status).toBe(200);
  });
});

describe('the page of an appointment', () => {
  it('tells a delivery from one channel to the other, in words', async () => {
    const one = await seedOne({ channels: ['sms', 'email'] });
    peer.answer = () => 'bad_number';
    await bench.drain({
      email: {
        transport: {
          name: 'email-smtp',
          idempotency: { kind: 'none' } as const,
          send: async () => ({ kind: 'accepted', providerId: 'queue-4711' }),
          close: async () => {},
        },
      },
    });
    peer.forget();
    await database.admin.query(
      `update attempts set receipt_state = 'undelivered', receipt_code = '5.2.2', receipt_at = now()
       where channel = 'email' and reminder_id = $1`,
      [one.id],
    );
    const page = await pageOf(one);
    for (const words of [
      'Practice &lt;One&gt; &amp; Sons',
      `ref-${one.appointmentId}`,
      'The number or address does not exist',
      'certainly not sent',
      'the provider took it',
      'queue-4711',
      'not delivered',
      'provider’s code <code>5.2.2</code>',
      'The phone or mailbox cannot be reached',
      '<code>queued</code> → <code>sending</code>',
      'By SMS: first handed over',
      'can still be sent from',
    ]) {
      expect(page).toContain(words);
    }
  });

  it('answers what a front desk is asked: not there, locked out, got it twice', async () => {
    const one = await seedOne({ dueInMs: 3_600_000 });
    expect(await pageOf(one)).toContain('Nothing has gone out yet');
    await lock(one, 'RT4X9P');
    await database.admin.query('update reminders set possible_duplicate = true where id = $1', [
      one.id,
    ]);
    const page = await pageOf(one);
    expect(page).toContain('Yes: PIN.');
    expect(page).toContain('help code <code>RT4X9P</code>');
    expect(page).toContain('It can be: 1 of its 1 reminders');
    expect(page).toContain('makes sure who is calling');
  });

  it('never says that nothing went out of one in doubt that no attempt is known of', async () => {
    const [at, later] = [await seedOne(), await seedOne({ dueInMs: 3_600_000 })];
    const afterRestore = async (changes: string, { id } = at) =>
      database.admin.query(`update reminders set ${changes} where id = $1`, [id]);
    await afterRestore(`state = 'uncertain', reason_code = 'restored'`);
    expect(await pageOf(at)).toContain('The last by SMS may have gone out or not: nobody knows');
    await afterRestore(`state = 'failed', reason_code = 'held_uncertain', possibly_sent = true`);
    const held = await pageOf(at);
    expect(held).toContain('The last by SMS may have gone out or not; a person must decide');
    expect(held).not.toContain('did not go out');
    await afterRestore(`possible_duplicate = true`, later);
    expect(await pageOf(later)).toContain('A copy may have gone out before');
    for (const one of [at, later]) expect(await pageOf(one)).not.toContain('Nothing has gone out');
  });

  it('says that the next waits for a resume only where what is paused is its channel', async () => {
    const one = await seedOne({ dueInMs: 3_600_000 });
    const waits = ', once sending is resumed';
    for (const [channel, isHeld] of [
      ['email', false],
      ['sms', true],
      [null, true],
    ]) {
      await database.admin.query(
        `insert into pauses (id, channel, reason) values (gen_random_uuid(), $1, 'a test')`,
        [channel],
      );
      expect((await pageOf(one)).includes(waits), String(channel)).toBe(isHeld);
      await database.admin.query('delete from pauses');
    }
  });

  it('says of no link that it works whose key was revoked', async () => {
    const one = await seedOne();
    await bench.drain();
    const links = () =>
      database.admin.query('select selector from links where reminder_id = $1', [one.id]);
    const [{ selector }] = (await links()).rows as [{ selector: string }];
    expect(await pageOf(one)).toContain('works until');
    // Between the revocation and the end of each link, and after it.
    await database.admin.query('insert into revoked_selectors (selector) values ($1)', [selector]);
    const words = ['opens nothing: the key that it was signed with was revoked', 'works until'];
    for (const set of ['selector = selector', 'selector = null']) {
      await database.admin.query(`update links set ${set} where reminder_id = $1`, [one.id]);
      const page = await pageOf(one);
      expect(
        words.map((text) => page.includes(text)),
        set,
      ).toEqual([true, false]);
    }
    await database.admin.query('delete from revoked_selectors');
    await database.admin.query(
      `insert into events (organisation_id, mode, type, reference, appointment_id, reminder_id, reason_code)
       select organisation_id, mode, 'reminder.needs_reissue', 'x', appointment_id, id, 'link_key_revoked'
       from reminders where id = $1`,
      [one.id],
    );
    const told = await pageOf(one);
    expect(told).toContain('The key that its link was signed with was revoked');
    expect(told).not.toContain('no words for');
  });

  it('says what holds it: a pause, or what was stored wrong', async () => {
    const one = await seedOne();
    await database.admin.query(
      `insert into pauses (id, channel, reason) values (gen_random_uuid(), 'sms', 'a provider <fault>')`,
    );
    await database.admin.query('update appointments set paused_at = now() where id = $1', [
      one.appointmentId,
    ]);
    const page = await pageOf(one);
    expect(page).toContain('Sending is paused for everyone, sms');
    expect(page).toContain('a provider &lt;fault&gt;');
    expect(page).toContain('Held since');
    await database.admin.query('delete from pauses');
  });

  it('offers a redrive to whom it is allowed, and says what else there is where none helps', async () => {
    const one = await seedOne({ state: 'failed' });
    const operator = await ops.visit('operator');
    expect(await pageOf(one, operator)).toContain(`href="/reminders/${one.id}/redrive"`);
    const seen = await pageOf(one);
    expect(seen).not.toContain('/redrive"');
    expect(seen).toContain('An operator can send it again');
    await database.admin.query(
      'update links set parcel = null, parcel_day = null where reminder_id = $1',
      [one.id],
    );
    expect(await pageOf(one, operator)).toContain('&quot;notice&quot;: &quot;now&quot;');
  });

  it('is a 404 for what is not there', async () => {
    for (const id of [randomUUID(), 'nonsense']) {
      expect((await viewer.get(`/appointments/${id}`)).status).toBe(404);
    }
  });
});

describe('who may do what', () => {
  const pages = ['/find', '/controls', '/log', '/redrive', '/incidents'];
  const anIncident = async () =>
    openIncident(
      { database: database.open('worker') },
      { code: 'leak_guard', since: Temporal.Now.instant() },
    );
  const roles: readonly OpsRole[] = ['viewer', 'operator', 'admin'];

  it.each(roles)('a %s looks at every page, and acts as its role says', async (role) => {
    const client = await ops.visit(role);
    const one = await seedOne({ state: 'failed' });
    const { id: incidentId } = await anIncident();
    const looks = [
      ...pages,
      ...[`/appointments/${one.appointmentId}`, `/reminders/${one.id}/redrive`],
      `/incidents/${incidentId}`,
    ];
    for (const path of looks) expect((await client.get(path)).status, path).toBe(200);
    const reason = 'for the table of roles';
    const acts: [string, Record<string, string>][] = [
      [`/reminders/${one.id}/redrive`, { reason }],
      ['/redrive', { code: 'none', organisation: '', mode: '', shown: '0', reason }],
      ['/controls/pause', { organisation: organisationId, channel: 'email', reason }],
      ['/controls/resume', { pause: randomUUID(), shown: '0', reason }],
      [`/incidents/${incidentId}/close`, { reason }],
    ];
    for (const [path, fields] of acts) {
      expect((await client.post(path, fields)).status, path).toBe(role === 'viewer' ? 403 : 303);
    }
    await database.admin.query('delete from pauses');
    if (role === 'viewer') {
      for (const path of [...pages, `/reminders/${one.id}/redrive`, `/incidents/${incidentId}`]) {
        expect(await (await client.get(path)).text(), path).not.toContain('name="reason"');
      }
    }
  });

  it('nobody sees or does anything without signing in, nor by a form of another session', async () => {
    const one = await seedOne({ state: 'failed' });
    const operator = await ops.visit('operator');
    const { id: incidentId } = await anIncident();
    const acts = [
      `/incidents/${incidentId}/close`,
      `/reminders/${one.id}/redrive`,
      '/redrive',
      '/controls/pause',
      '/controls/resume',
    ];
    const looks = [
      ...pages,
      ...[`/appointments/${one.appointmentId}`, '/controls/resume', `/incidents/${incidentId}`],
    ];
    for (const path of looks) {
      const answer = await fetch(`${ops.url}${path}`, { redirect: 'manual' });
      expect(answer.headers.get('location'), path).toMatch(/^\/login\?next=/);
    }
    for (const path of acts) {
      const fields = { reason: 'a good reason' };
      expect((await postForm(`${ops.url}${path}`, fields)).status).toBe(401);
      const { cookie } = operator;
      expect((await postForm(`${ops.url}${path}`, fields, { cookie })).status).toBe(403);
    }
    const rows = await bench.rows('select state from reminders where id = $1', [one.id]);
    expect(rows).toEqual([{ state: 'failed' }]);
  });
});

describe('no page for operators', () => {
  it('holds anything of a patient: contact, link, or what leads to them', async () => {
    const seeded = await bench.seed({ organisationId, count: 5, channels: ['sms', 'email'] });
    await bench.drain();
    const admin = await ops.visit('admin');
    const [one] = seeded;
    if (!one) throw new Error('not seeded');
    await lock(one, 'WWWWWW');
    const lookups = await bench.rows('select lookup, token from links l join attempts t on true');
    const canaries: Record<string, string | Buffer> = {};
    for (const { phone, email, lookup } of seeded) {
      canaries[`phone ${phone}`] = phone;
      canaries[`email ${email}`] = email;
      canaries[`lookup of ${phone}`] = lookup;
    }
    for (const { token } of lookups) canaries[`token ${String(token)}`] = token as Buffer;
    for (const { text } of peer.accepted) canaries[`link ${text}`] = text.slice(-68);
    const forms = canaryForms(canaries);
    expect(findCanaries(forms, `x ${one.phone} y`)).toEqual([`phone ${one.phone}`]);
    const seen = new Set<string>();
    const queue = ['/', '/find', '/controls', '/log', '/redrive'];
    queue.push(...seeded.map(({ appointmentId }) => `/appointments/${appointmentId}`));
    queue.push(`/find?q=${one.id}`, `/find?q=${encodeURIComponent(one.phone)}`);
    queue.push('/reminders/none/redrive', '/nothing-here');
    for (let path = queue.shift(); path !== undefined; path = queue.shift()) {
      if (seen.has(path) || seen.size > 60) continue;
      seen.add(path);
      const page = await (await admin.get(path)).text();
      expect(findCanaries(forms, page), path).toEqual([]);
      for (const [, href = ''] of page.matchAll(/href="(\/[^"#]*)"/g)) {
        queue.push(href.replaceAll('&amp;', '&'));
      }
    }
    expect(seen.size).toBeGreaterThan(12);
  });
});
