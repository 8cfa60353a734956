import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { Recipient } from '../../src/domain/appointment.ts';
import { Secret } from '../../src/domain/secret.ts';
import { createLinkTokens } from '../../src/keys/link-token.ts';
import { createSuppressionLookup } from '../../src/usecases/find-suppressed.ts';
import { createOptOutLinks, openOptOutToken } from '../../src/usecases/opt-out-links.ts';
import { recordOptOut, recordOptOutClaim } from '../../src/usecases/record-opt-out.ts';
import { appointmentRequest, createTestAccept, createTestKeys } from '../support/accept.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createDispatchBench } from '../support/dispatch-bench.ts';
import { acceptedOutcome, type FakeSend, fakeTransport } from '../support/fake-transport.ts';

const patientUrl = 'https://r.example';
let database: TestDatabase;
let test: Awaited<ReturnType<typeof createTestKeys>>;
let accept: Awaited<ReturnType<typeof createTestAccept>>;
let bench: ReturnType<typeof createDispatchBench>;
let organisationIds: string[];

beforeAll(async () => {
  database = await createTestDatabase();
  organisationIds = [await database.createOrganisation(), await database.createOrganisation()];
  test = await createTestKeys(organisationIds);
  accept = await createTestAccept({ database: database.open('api'), ...test });
  bench = createDispatchBench(database, { url: 'http://localhost' } as never);
});
afterAll(async () => {
  await database.drop();
  await test.remove();
});
afterEach(() => database.admin.query('truncate appointments, suppressions cascade'));

/** Books with each organisation, by any spelling of a contact that a booking system may have. */
async function book(reference: string, channel: 'sms' | 'email', recipients: Partial<Recipient>[]) {
  for (const [place, contact] of recipients.entries()) {
    const body = appointmentRequest({
      recipient: { pin: '739164', ...contact },
      reminders: [{ before: 'PT24H', channel }],
    });
    const organisationId = organisationIds[place] ?? '';
    await accept.put({ organisationId, mode: 'test', reference, body });
  }
}

/** Sends what is owed, as the worker does, and returns what a provider saw. */
async function send(): Promise<readonly FakeSend[]> {
  const { keys } = test;
  const transport = fakeTransport(acceptedOutcome);
  await database.admin.query(
    `update reminders set due_at = clock_timestamp() where state = 'scheduled'`,
  );
  await bench.drain({
    transport,
    email: { transport },
    linkTokens: createLinkTokens({ keys: await keys.linkKeys(), audience: 'localhost' }),
    epochPrivateKey: keys.epochPrivateKey,
    findSuppressed: createSuppressionLookup({ database: bench.worker, keys }),
    optOutUrlOf: createOptOutLinks({ keys, patientUrl }),
  });
  return transport.sends;
}

const deps = () => ({
  database: database.open('patient', 1),
  keys: test.keys,
  journal: { append: async () => {} },
});

it('one click in one organisation’s email ends the emails of all, and nobody else’s', async () => {
  await book('first', 'email', [{ email: 'anna@example.org' }]);
  const [first] = await send();
  const token = first?.optOutUrl?.slice(`${patientUrl}/stop/`.length) ?? '';
  const claim = await openOptOutToken({ keys: test.keys }, token);
  if (!claim) throw new Error('the token of an email does not open');
  await recordOptOutClaim(deps(), claim);

  await book('second', 'email', [{ email: 'anna@example.org' }, { email: 'Anna@EXAMPLE.org' }]);
  await book('third', 'email', [{ email: 'bert@example.org' }, { email: 'ann@example.org' }]);
  const sent = await send();
  expect(sent.map(({ to }) => to).sort()).toEqual(['ann@example.org', 'bert@example.org']);
  expect(await bench.states()).toEqual({ sent: 3, suppressed: 2 });
});

it('a number that said stop is that number however it was booked', async () => {
  await recordOptOut(deps(), {
    ...{ channel: 'sms', contact: new Secret('+33639984217'), source: 'patient_page' },
  });
  await book('one', 'sms', [{ phone: '+33 6 39 98 42 17' }, { phone: '+33639984217' }]);
  await book('two', 'sms', [{ phone: '+33639984218' }]);
  expect((await send()).map(({ to }) => to)).toEqual(['+33639984218']);
  expect(await bench.states()).toEqual({ sent: 1, suppressed: 2 });
});
