import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { limits } from '../../config/limits.ts';
import { Secret } from '../../src/domain/secret.ts';
import { KeyStoreError } from '../../src/keys/key-store-error.ts';
import { createSmtpTransport } from '../../src/transport/email-smtp.ts';
import type { SendOutcome } from '../../src/transport/transport.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createDispatchBench } from '../support/dispatch-bench.ts';
import { acceptedOutcome, fakeTransport } from '../support/fake-transport.ts';
import { type MessagesPeer, startMessagesPeer } from '../support/messages-peer.ts';
import { type SmtpMoment, type SmtpPeer, startSmtpPeer } from '../support/smtp-peer.ts';

let database: TestDatabase;
let peer: MessagesPeer;
let bench: ReturnType<typeof createDispatchBench>;
let organisationId: string;

beforeAll(async () => {
  database = await createTestDatabase();
  peer = await startMessagesPeer();
  bench = createDispatchBench(database, peer);
});
afterAll(async () => {
  await peer.close();
  await database.drop();
});
beforeEach(async () => {
  peer.forget();
  organisationId = await database.createOrganisation();
});
afterEach(async () => {
  await database.admin.query('truncate organisations, batches, suppressions, events cascade');
});

const seedEmails = (count: number) => bench.seed({ organisationId, count, channels: ['email'] });
const link = 'http://localhost:3001/a[\\w-]{67}';

describe('a reminder by email', () => {
  it('is handed to the mail server once, as the neutral message and nothing else', async () => {
    const seeded = await seedEmails(120);
    const transport = fakeTransport(acceptedOutcome);
    await bench.drain({ email: { transport } });
    expect(await bench.states()).toEqual({ sent: 120 });
    expect(peer.requests()).toBe(0);
    expect(transport.sends.map(({ to }) => to).sort()).toEqual(
      seeded.map(({ email }) => email).sort(),
    );
    for (const { channel, subject, text, html } of transport.sends) {
      expect(channel).toBe('email');
      expect(subject).toBe(transport.sends[0]?.subject);
      const { 0: found } = new RegExp(link).exec(text) ?? [];
      expect(html).toContain(`href="${found}"`);
    }
    expect(await bench.rows('select distinct channel, transport from attempts')).toEqual([
      { channel: 'email', transport: 'fake' },
    ]);
  });

  it('bears the same key at each attempt, an address to stop at, and no id of ours', async () => {
    const [one] = await seedEmails(1);
    const transport = fakeTransport((_message, place) =>
      place === 0
        ? { kind: 'refused', permanent: false, reason: 'rate_limited' }
        : acceptedOutcome(),
    );
    const stopped: string[] = [];
    const optOutUrlOf = async (contact: Secret<string>) => {
      stopped.push(contact.reveal());
      return new Secret(`http://localhost:3001/stop/${stopped.length}`);
    };
    await bench.drain({ email: { transport }, optOutUrlOf });
    await database.admin.query('update reminders set due_at = clock_timestamp()');
    await bench.drain({ email: { transport }, optOutUrlOf });
    const [first, second] = transport.sends;
    expect(first?.messageKey).toMatch(/^[\w-]{43}$/);
    expect(second?.messageKey).toBe(first?.messageKey);
    expect(second?.attemptToken).not.toBe(first?.attemptToken);
    expect(transport.sends.map(({ optOutUrl }) => optOutUrl)).toEqual([
      'http://localhost:3001/stop/1',
      'http://localhost:3001/stop/2',
    ]);
    expect(stopped).toEqual([one?.email, one?.email]);
    expect(JSON.stringify(transport.sends)).not.toContain(one?.id);
    expect(JSON.stringify(transport.sends)).not.toContain(one?.appointmentId);
  });

  it('waits while its opt-out address cannot be made, and stops no SMS', async () => {
    await seedEmails(2);
    await bench.seed({ organisationId, count: 2 });
    const transport = fakeTransport(acceptedOutcome);
    const optOutUrlOf = () => Promise.reject(new KeyStoreError(['no key']));
    await bench.drain({ email: { transport }, optOutUrlOf });
    expect(transport.sends).toEqual([]);
    expect(await bench.states()).toEqual({ scheduled: 2, sent: 2 });
    const [row] = await bench.rows(
      `select reason_code, due_at > now() as waits from reminders where state = 'scheduled'`,
    );
    expect(row).toEqual({ reason_code: 'no_opt_out_url', waits: true });
  });

  it('to whoever the mail server says opted out is suppressed, and the contact is recorded', async () => {
    const [one] = await seedEmails(1);
    const optedOut: SendOutcome = { kind: 'refused', permanent: true, reason: 'opted_out' };
    const told: unknown[] = [];
    await bench.drain({
      email: {
        transport: fakeTransport(() => optedOut),
        recordOptOut: async ({ channel, contact }) => void told.push([channel, contact.reveal()]),
      },
    });
    expect(await bench.states()).toEqual({ suppressed: 1 });
    expect(told).toEqual([['email', one?.email]]);
  });

  it('keeps its outcome though the opt-out cannot be recorded', async () => {
    await seedEmails(3);
    const optedOut: SendOutcome = { kind: 'refused', permanent: true, reason: 'opted_out' };
    await bench.drain({
      email: {
        transport: fakeTransport(() => optedOut),
        recordOptOut: () => Promise.reject(new Error('no')),
      },
    });
    expect(await bench.states()).toEqual({ suppressed: 3 });
  });
});

describe('reminders of two organisations', () => {
  it('go by one sender, host and selector, and differ by whom they are for and the link alone', async () => {
    const other = await database.createOrganisation();
    for (const owner of [organisationId, other]) {
      await bench.seed({ organisationId: owner, count: 1, channels: ['email'] });
      await bench.seed({ organisationId: owner, count: 1 });
    }
    const transport = fakeTransport(acceptedOutcome);
    await bench.drain({ transport, email: { transport } });
    // The sender stands in no message: it is the transport's, of which there is one for a channel.
    const alike = transport.sends.map(({ to, attemptToken, messageKey, optOutUrl, ...rest }) => {
      expect([to, attemptToken, messageKey].every((text) => text !== '')).toBe(true);
      const [found = 'none'] = new RegExp(link).exec(rest.text) ?? [];
      const same = JSON.stringify(rest).replaceAll(found, 'LINK');
      return `${optOutUrl?.startsWith('http://localhost:3001/stop/')} ${found.slice(0, 23)} ${same}`;
    });
    expect(alike).toHaveLength(4);
    expect(new Set(alike).size).toBe(2);
    for (const one of alike) expect(one).toContain('http://localhost:3001/a');
  });
});

describe('a channel whose provider is down', () => {
  it('holds up no other: SMS go on while the mail server refuses everything', async () => {
    await bench.seed({ organisationId, count: 200, channels: ['email'] });
    await bench.seed({ organisationId, count: 100 });
    const transport = fakeTransport(() => ({
      kind: 'refused',
      permanent: false,
      reason: 'not_connected',
    }));
    const deps = bench.deps({ email: { transport } });
    await Promise.all((await bench.feed()).map((batchId) => bench.dispatchWith(deps, batchId)));
    expect(peer.accepted).toHaveLength(100);
    expect(await bench.states()).toEqual({ sent: 100, scheduled: 200 });
    expect(deps.routeOf({ channel: 'email', mode: 'live' })?.breaker.allows()).toBe('none');
    expect(deps.routeOf({ channel: 'sms', mode: 'live' })?.breaker.allows()).toBe('all');
  });

  it('that this process does not send on is given back, for one that does', async () => {
    await seedEmails(2);
    const { routeOf } = bench.deps();
    await bench.drain({ routeOf: (lane) => (lane.channel === 'sms' ? routeOf(lane) : undefined) });
    expect(await bench.states()).toEqual({ scheduled: 2 });
    expect(await bench.rows('select from attempts')).toEqual([]);
  });
});

describe('a mail server that cuts the connection', () => {
  let mail: SmtpPeer;
  beforeAll(async () => {
    mail = await startSmtpPeer();
  });
  afterAll(() => mail.close());

  it.each<[SmtpMoment, boolean, string]>([
    ['banner', false, 'scheduled'],
    ['EHLO', false, 'scheduled'],
    ['MAIL', false, 'scheduled'],
    ['RCPT', false, 'scheduled'],
    ['DATA', false, 'scheduled'],
    ['body', false, 'uncertain'],
    ['dot', false, 'uncertain'],
    ['dot', true, 'uncertain'],
  ])('at %s, the message taken: %s. Its reminder is %s', async (at, takes, state) => {
    const seeded = await seedEmails(3);
    const before = mail.taken.length;
    const transport = createSmtpTransport({
      url: new Secret(mail.url),
      from: 'reminders@sotto.example',
      timeoutMs: limits.sendTimeoutMs,
      ...{ maxConnections: 4, messagesPerConnection: 100 },
    });
    mail.misbehave = { at, does: 'reset', takes };
    await bench.drain({ email: { transport } });
    expect(await bench.states()).toEqual({ [state]: 3 });
    // A lease that passes, and a server that is well again, send what certainly had not gone out.
    mail.misbehave = undefined;
    await bench.passLeases();
    await bench.sweep();
    await database.admin.query('update reminders set due_at = clock_timestamp()');
    await bench.drain({ email: { transport } });
    await transport.close();
    const arrived = mail.taken.slice(before).map(({ to }) => to);
    const isAllThere = state === 'scheduled' || takes;
    expect(arrived.sort()).toEqual(isAllThere ? seeded.map(({ email }) => email).sort() : []);
    expect(await bench.states()).toEqual({ [state === 'scheduled' ? 'sent' : state]: 3 });
  });
});
