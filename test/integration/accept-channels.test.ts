import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Recipient } from '../../src/domain/appointment.ts';
import {
  type Channel,
  type RequestedChannel,
  requestedChannels,
} from '../../src/domain/channel.ts';
import { factorsFor } from '../../src/domain/factor.ts';
import { Secret } from '../../src/domain/secret.ts';
import { appointmentRequest, createTestAccept, createTestKeys } from '../support/accept.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

let db: TestDatabase;
let organisationId: string;
let testKeys: Awaited<ReturnType<typeof createTestKeys>>;

beforeAll(async () => {
  db = await createTestDatabase();
  organisationId = await db.createOrganisation();
  testKeys = await createTestKeys([organisationId]);
});
afterAll(async () => {
  await db.drop();
  await testKeys.remove();
});

const acceptOn = (...available: Channel[]) =>
  createTestAccept({
    database: db.open('api'),
    ...testKeys,
    change: { channelsAvailable: () => available, journal: { append: async () => {} } },
  });

let counter = 0;
const where = () => ({ organisationId, mode: 'test', reference: `channels-${++counter}` }) as const;

const contact = {
  phone: '+33639980001',
  email: 'canari@example.org',
  pin: '482913',
  birthDate: '1980-02-14',
};
type Given = keyof typeof contact;
const recipientOf = (given: readonly Given[]): Recipient =>
  Object.fromEntries(given.map((name) => [name, contact[name]]));

const rules = { proofPolicy: 'standard', portal: 'none' } as const;

/** Every way to have a contact point and things to prove with. */
const recipients = Array.from({ length: 16 }, (_, bits) =>
  (Object.keys(contact) as Given[]).filter((_name, place) => bits & (1 << place)),
).filter((given) => given.includes('phone') || given.includes('email'));

async function linksOf(appointmentId: string): Promise<{ channel: Channel; used: boolean }[]> {
  const { rows } = await db.admin.query(
    `select l.channel, l.channel = r.channel as used from links l
     join reminders r on r.id = l.reminder_id where l.appointment_id = $1 order by l.channel`,
    [appointmentId],
  );
  return rows;
}

describe('a reminder is accepted only where its patient can prove who they are', () => {
  const cases = recipients.flatMap((given) =>
    requestedChannels.map((channel) => ({ given, channel, title: `${given.join(' + ')}` })),
  );

  it.each(cases)('$channel for $title', async ({ given, channel }) => {
    const recipient = recipientOf(given);
    const { put } = await acceptOn('sms', 'email');
    const reminders = [{ before: 'PT24H', channel }];
    const answer = put({ ...where(), body: appointmentRequest({ recipient, reminders }) });

    const needed: Channel[] = channel === 'auto' ? ['email', 'sms'] : [channel];
    const isGiven = { sms: recipient.phone !== undefined, email: recipient.email !== undefined };
    const first = needed[0] ?? 'sms';
    const code = !needed.every((one) => isGiven[one])
      ? 'no_contact_point'
      : factorsFor(recipient, first, rules).length === 0
        ? 'no_usable_factor'
        : undefined;
    if (code) {
      await expect(answer).rejects.toMatchObject({
        fields: [{ pointer: '/reminders/0/channel', code }],
      });
      return;
    }
    const links = await linksOf((await answer).id);
    expect(links.filter(({ used }) => used).map((link) => link.channel)).toEqual([first]);
    // The other channel has a link of its own exactly where something is left to prove with.
    const other = first === 'sms' ? 'email' : 'sms';
    const fallback = isGiven[other] && factorsFor(recipient, other, rules).length > 0;
    expect(links.map((link) => link.channel).sort()).toEqual(
      (fallback ? [first, other] : [first]).sort(),
    );
  });

  it('with no code where this deployment sends no SMS', async () => {
    const { put } = await acceptOn('email');
    const reminders = [{ before: 'PT24H', channel: 'email' }] as const;
    const want = (...given: Given[]) =>
      put({ ...where(), body: appointmentRequest({ recipient: recipientOf(given), reminders }) });
    await expect(want('email', 'phone')).rejects.toMatchObject({
      fields: [{ pointer: '/reminders/0/channel', code: 'no_usable_factor' }],
    });
    expect(await linksOf((await want('email', 'phone', 'pin')).id)).toEqual([
      { channel: 'email', used: true },
    ]);
  });

  it.each(['email', 'auto'] as const)('with no %s where none is sent', async (channel) => {
    const { put } = await acceptOn('sms');
    const body = appointmentRequest({
      recipient: contact,
      reminders: [{ before: 'PT24H', channel }],
    });
    await expect(put({ ...where(), body })).rejects.toMatchObject({
      fields: [{ pointer: '/reminders/0/channel', code: 'channel_unavailable' }],
    });
  });
});

describe('under the strict policy', () => {
  let accept: Awaited<ReturnType<typeof acceptOn>>;
  beforeAll(async () => {
    accept = await acceptOn('sms', 'email');
  });
  const subject = 'opaque-1';
  const portal = { portal_issuer: 'https://login.example.org', portal_client_id: 'sotto' };
  it.each<[string, Recipient, Record<string, string>, 'taken' | 'no_usable_factor']>([
    ['a PIN', { pin: contact.pin }, {}, 'taken'],
    ['a birth date', { birthDate: contact.birthDate }, {}, 'no_usable_factor'],
    ['a code', { phone: contact.phone }, {}, 'no_usable_factor'],
    ['a subject at no portal', { subject, birthDate: contact.birthDate }, {}, 'no_usable_factor'],
    ['a subject at its portal', { subject, birthDate: contact.birthDate }, portal, 'taken'],
    ['a portal that nobody is led to', { subject }, portal, 'no_usable_factor'],
  ])('%s is answered as it should', async (_name, known, settings, expected) => {
    const id = await db.createOrganisation({ proof_policy: 'strict', ...settings });
    await testKeys.keys.ensureViewKeys({ organisationIds: [id], months: testKeys.months });
    const answer = accept.put({
      ...where(),
      organisationId: id,
      body: appointmentRequest({
        recipient: { email: contact.email, ...known },
        reminders: [{ before: 'PT24H', channel: 'email' }],
      }),
    });
    if (expected === 'taken') await expect(answer).resolves.toMatchObject({ created: true });
    else {
      const fields = [{ pointer: '/reminders/0/channel', code: expected }];
      await expect(answer).rejects.toMatchObject({ fields });
    }
  });

  it.each(['léa', 'a b', '', contact.email, 'x'.repeat(256)])(
    'a subject like %j is refused',
    async (wrong) => {
      const recipient = { ...contact, subject: wrong };
      await expect(
        accept.put({ ...where(), body: appointmentRequest({ recipient }) }),
      ).rejects.toMatchObject({
        fields: [{ pointer: '/recipient/subject', code: 'invalid_subject' }],
      });
    },
  );
});

describe('the plan of the organisation', () => {
  const plan = (...entries: [string, RequestedChannel][]) => ({
    reminder_plan: JSON.stringify(entries.map(([before, channel]) => ({ before, channel }))),
  });
  const put = async (planned: Record<string, string>, recipient: Recipient) => {
    const accept = await acceptOn('sms', 'email');
    const id = await db.createOrganisation(planned);
    await testKeys.keys.ensureViewKeys({ organisationIds: [id], months: testKeys.months });
    const { reminders: _, ...request } = appointmentRequest({ recipient }).reveal();
    return accept.put({ ...where(), organisationId: id, body: new Secret(request) });
  };

  it.each([
    ['sms', ['email', 'pin'], 'email'],
    ['email', ['phone', 'pin'], 'sms'],
    ['auto', ['phone', 'birthDate'], 'sms'],
    ['auto', ['email', 'pin'], 'email'],
    ['sms', ['phone', 'email'], 'email'],
    ['auto', ['phone', 'email'], 'auto'],
  ] as const)('of %s serves a patient with %j by %s', async (planned, given, channel) => {
    const { reminders } = await put(plan(['PT24H', planned]), recipientOf(given));
    expect(reminders).toMatchObject([{ channel }]);
  });

  it('is one reminder where two of it come to the same', async () => {
    const planned = plan(['PT24H', 'sms'], ['PT24H', 'email'], ['PT3H', 'sms']);
    const { reminders } = await put(planned, recipientOf(['email', 'pin']));
    expect(reminders.map(({ channel }) => channel)).toEqual(['email', 'email']);
  });

  it('is refused at the recipient when nothing of theirs can be used', async () => {
    await expect(put(plan(['PT24H', 'sms']), recipientOf(['phone']))).rejects.toMatchObject({
      fields: [{ pointer: '/recipient', code: 'no_usable_factor' }],
    });
  });
});

describe('a notice that nothing was sent before', () => {
  it('prefers the channel whose link opens more than the time', async () => {
    const { put } = await acceptOn('sms', 'email');
    const recipient = recipientOf(['phone', 'email', 'birthDate']);
    const body = appointmentRequest({ recipient, reminders: [], notice: 'now' });
    expect((await put({ ...where(), body })).reminders).toMatchObject([{ channel: 'email' }]);
    const withPin = { ...recipient, pin: contact.pin };
    const other = appointmentRequest({ recipient: withPin, reminders: [], notice: 'now' });
    expect((await put({ ...where(), body: other })).reminders).toMatchObject([{ channel: 'sms' }]);
  });

  it.each([
    ['email', 'email'],
    ['auto', 'email'],
    ['sms', 'sms'],
  ] as const)('goes like the first reminder: %s by %s', async (asked, channel) => {
    const { put } = await acceptOn('sms', 'email');
    const reminders = [{ before: 'PT24H', channel: asked }];
    const body = appointmentRequest({ recipient: contact, reminders, notice: 'now' });
    const answer = await put({ ...where(), body });
    const { rows } = await db.admin.query(
      "select channel from reminders where appointment_id = $1 and kind = 'notice'",
      [answer.id],
    );
    expect(rows).toEqual([{ channel }]);
  });
});
