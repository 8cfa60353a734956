import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AppointmentRequest } from '../../src/domain/appointment.ts';
import { Secret } from '../../src/domain/secret.ts';
import { newLinkSecret } from '../../src/keys/link-secret.ts';
import {
  newContentKey,
  prepareContent,
  sealContent,
  sealContentKey,
  sealParcel,
} from '../../src/keys/sealing.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createDispatchBench, parcelDay } from '../support/dispatch-bench.ts';
import { acceptedOutcome, fakeTransport } from '../support/fake-transport.ts';
import { type PatientPages, startPatientPages } from '../support/patient-pages.ts';
import {
  type SeededAppointment,
  seedAppointment,
  seededPin,
  seededRequest,
} from '../support/seed-appointment.ts';

// A thief who can write to every table and knows every public key, but no private one and no link.
let database: TestDatabase;
let pages: PatientPages;
let organisationId: string;
const thiefPhone = '+33639989999';
const thiefPin = '593827';

beforeAll(async () => {
  database = await createTestDatabase();
  pages = await startPatientPages(database);
  organisationId = await database.createOrganisation();
});
afterAll(async () => {
  await pages.close();
  await database.drop();
});

describe('a parcel that a thief planted', () => {
  it.each([
    ['with the thief’s number and secret', { reminder: 'own', secret: 'thief' }],
    ['of another reminder, moved', { reminder: 'other', secret: 'true' }],
  ])('%s: is not sent, to anyone', async (_name, planted) => {
    const bench = createDispatchBench(database, { url: 'http://localhost' } as never);
    const [own, other] = await bench.seed({ organisationId, count: 2, dueInMs: -1_000 });
    if (!own || !other) throw new Error('nothing seeded');
    const parcel =
      planted.reminder === 'own'
        ? sealParcel({
            epochPublicKey: bench.epochPublicKey,
            binding: {
              organisationId,
              appointmentId: own.appointmentId,
              reminderId: own.id,
            },
            parcel: {
              linkSecret: newLinkSecret(),
              contactPoint: new Secret(thiefPhone),
              channel: 'sms',
              language: 'fr',
            },
          })
        : (await bench.rows('select parcel from links where id = $1', [other.linkId]))[0]?.parcel;
    await bench.rows('update links set parcel = $2, parcel_day = $3 where id = $1', [
      own.linkId,
      parcel,
      parcelDay,
    ]);
    const transport = fakeTransport(acceptedOutcome);
    await bench.drain({ transport });
    expect(transport.sends.map(({ to }) => to)).toEqual([other.phone]);
    const [row] = await bench.rows('select state, reason_code from reminders where id = $1', [
      own.id,
    ]);
    expect(row).toEqual({ state: 'failed', reason_code: 'cannot_open' });
  });
});

describe('a version that a thief planted', () => {
  it('opens for no patient: its PIN is the thief’s', async () => {
    const seeded = await seedAppointment(pages.seed, { organisationId });
    await plantVersion(seeded, {
      ...seededRequest,
      recipient: { ...seededRequest.recipient, pin: thiefPin },
    });
    const visitor = pages.visitor();
    expect((await visitor.open(seeded.link.token)).step).toBe('prove');
    expect((await visitor.prove(seededPin)).location).toBeUndefined();
    expect((await visitor.get('/details')).body).not.toContain('Quenouille');
  });

  it('behind a link by email whose contacts they know is what is shown after a code, and nothing of what was there', async () => {
    const recipient = { phone: '+33639980042', email: 'lea@example.org', language: 'fr' };
    const request = { ...seededRequest, recipient };
    const seeded = await seedAppointment(pages.seed, {
      ...{ organisationId, request, channels: ['email'] },
    });
    const details = { practitioner: 'Dr Voleur', instructions: '<b>Apportez de l’argent</b>' };
    await plantVersion(seeded, { ...request, details });
    const visitor = pages.visitor();
    await visitor.open(seeded.link.token);
    await visitor.askForCode();
    const [, code = ''] = /#(\d{6})$/.exec(pages.phone.sends.at(-1)?.text ?? '') ?? [];
    expect((await visitor.proveCode(code)).location).toBe('/details');
    const { body } = await visitor.get('/details');
    expect(body).toContain('Dr Voleur');
    expect(body).toContain('&lt;b&gt;Apportez');
    expect(body).not.toContain('Quenouille');
  });

  it('without the number that the link went to opens for nobody at all', async () => {
    const seeded = await seedAppointment(pages.seed, { organisationId });
    await plantVersion(seeded, {
      ...seededRequest,
      recipient: { phone: thiefPhone, pin: thiefPin },
    });
    expect((await pages.visitor().get(`/${seeded.link.token}`)).status).toBe(404);
  });
});

async function plantVersion(seeded: SeededAppointment, request: AppointmentRequest) {
  const { id: appointmentId, link } = seeded;
  const { rows } = await database.admin.query(
    `select v.view_month, l.seal_public_key from versions v, links l
     where v.appointment_id = $1 and l.id = $2`,
    [appointmentId, link.id],
  );
  const { view_month: month, seal_public_key: linkPublicKey } = rows[0];
  const viewPublicKey = await pages.keys.viewPublicKey(organisationId, month);
  if (!viewPublicKey) throw new Error('no view key');
  const binding = { organisationId, appointmentId, version: 1 };
  const contentKey = newContentKey();
  await database.admin.query('update versions set content = $2 where appointment_id = $1', [
    appointmentId,
    sealContent(contentKey, binding, prepareContent(request).plaintext),
  ]);
  await database.admin.query('update content_keys set sealed_key = $2 where link_id = $1', [
    link.id,
    sealContentKey({ contentKey, linkPublicKey, viewPublicKey, binding, linkId: link.id }),
  ]);
}
