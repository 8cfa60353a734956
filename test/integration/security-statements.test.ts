import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Secret } from '../../src/domain/secret.ts';
import { createLinkTokens } from '../../src/keys/link-token.ts';
import { createSuppressionLookup } from '../../src/usecases/find-suppressed.ts';
import { openLink } from '../../src/usecases/open-link.ts';
import { proveRecipient } from '../../src/usecases/prove-recipient.ts';
import {
  appointmentRequest,
  createTestAccept,
  createTestKeys,
  silentLog,
} from '../support/accept.ts';
import { canaryForms, findCanaries } from '../support/canaries.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createDispatchBench } from '../support/dispatch-bench.ts';
import { acceptedOutcome, fakeTransport } from '../support/fake-transport.ts';

const told: Buffer[] = [];
const { query } = pg.Client.prototype;
let database: TestDatabase;
let testKeys: Awaited<ReturnType<typeof createTestKeys>>;
let organisationId: string;

beforeAll(async () => {
  database = await createTestDatabase();
  organisationId = await database.createOrganisation();
  testKeys = await createTestKeys([organisationId]);
  // Every statement of every connection of this process, with what goes along.
  pg.Client.prototype.query = function (this: pg.Client, ...said: unknown[]) {
    collect(said);
    return Reflect.apply(query, this, said);
  } as typeof query;
});
afterAll(async () => {
  pg.Client.prototype.query = query;
  await database.drop();
  await testKeys.remove();
});

function collect(value: unknown): void {
  if (Buffer.isBuffer(value)) told.push(value);
  else if (typeof value === 'string') told.push(Buffer.from(`${value}\n`));
  else if (Array.isArray(value)) value.forEach(collect);
  else if (typeof value === 'object' && value !== null) {
    const { text, values } = value as { text?: unknown; values?: unknown };
    collect(text);
    collect(values);
  }
}

it('PostgreSQL is told nothing personal, whatever it logs, replicates or keeps', async () => {
  const { keys } = testKeys;
  const accept = await createTestAccept({ database: database.open('api'), ...testKeys });
  const where = { organisationId, mode: 'test', reference: 'statements' } as const;
  const recipient = {
    phone: '+33 6 39 98 42 17',
    email: 'canari.recipient@canari.example',
    birthDate: '1980-02-14',
    pin: '739 164',
  };
  await accept.put({ ...where, body: appointmentRequest({ recipient }) });
  await accept.put({ ...where, body: appointmentRequest({ recipient }, 96) });

  const linkTokens = createLinkTokens({ keys: await keys.linkKeys(), audience: 'localhost' });
  const transport = fakeTransport(acceptedOutcome);
  const bench = createDispatchBench(database, { url: 'http://localhost' } as never);
  const findSuppressed = createSuppressionLookup({ database: bench.worker, keys });
  await database.admin.query('update reminders set due_at = clock_timestamp()');
  // The parcel is of the day that it was to be sent on.
  const { epochPrivateKey } = keys;
  await bench.drain({ transport, linkTokens, epochPrivateKey, findSuppressed });
  const [sent] = transport.sends;
  expect(sent?.to).toBe('+33639984217');

  const token = sent?.text.split('/').at(-1) ?? '';
  const linkSecret = await linkTokens.verify(token);
  if (!linkSecret) throw new Error('no link');
  const deps = {
    database: database.open('patient'),
    keys,
    log: silentLog,
    journal: { append: async () => {} },
  };
  const link = await openLink(deps, linkSecret);
  if (!link) throw new Error('the link does not open');
  const answer = { link, source: Buffer.alloc(32) };
  for (const pin of ['593827', '739164']) {
    await proveRecipient(deps, { ...answer, answer: { factor: 'pin', pin: new Secret(pin) } });
  }
  await accept.remove({ ...where, erase: true });

  const { details } = link.request.reveal();
  const canaries = canaryForms({
    ...recipient,
    number: '+33639984217',
    digits: '739164',
    wrong: '593827',
    practitioner: details.practitioner,
    place: details.place?.address ?? '',
    instructions: details.instructions ?? '',
    token,
    secret: token.slice(1, 25),
    secretBytes: linkSecret.reveal().toString('hex'),
  });
  expect(told.length).toBeGreaterThan(40);
  expect(findCanaries(canaries, Buffer.concat(told))).toEqual([]);
  expect(Buffer.concat(told).includes(linkSecret.reveal())).toBe(false);
});
