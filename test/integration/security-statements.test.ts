import pg from 'pg';
import twilio from 'twilio';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Secret } from '../../src/domain/secret.ts';
import { createLinkTokens } from '../../src/keys/link-token.ts';
import { acceptInboundMessage } from '../../src/usecases/accept-callback.ts';
import { createSuppressionLookup } from '../../src/usecases/find-suppressed.ts';
import { openLink } from '../../src/usecases/open-link.ts';
import { processCallbacks } from '../../src/usecases/process-callbacks.ts';
import { proveRecipient } from '../../src/usecases/prove-recipient.ts';
import {
  appointmentRequest,
  createTestAccept,
  createTestKeys,
  silentLog,
} from '../support/accept.ts';
import { createAuthenticator } from '../support/authenticator.ts';
import { canaryForms, findCanaries } from '../support/canaries.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createDispatchBench } from '../support/dispatch-bench.ts';
import { acceptedOutcome, fakeTransport } from '../support/fake-transport.ts';
import {
  formIn,
  type PatientPages,
  patientUrl,
  startPatientPages,
  type Visitor,
} from '../support/patient-pages.ts';
import { seedAppointment, seededRequest } from '../support/seed-appointment.ts';

const told: Buffer[] = [];
const { query } = pg.Client.prototype;
let database: TestDatabase;
let testKeys: Awaited<ReturnType<typeof createTestKeys>>;
let organisationId: string;
let pages: PatientPages;

beforeAll(async () => {
  database = await createTestDatabase();
  organisationId = await database.createOrganisation();
  testKeys = await createTestKeys([organisationId]);
  // Every statement of every connection of this process, with what goes along.
  pg.Client.prototype.query = function (this: pg.Client, ...said: unknown[]) {
    collect(said);
    return Reflect.apply(query, this, said);
  } as typeof query;
  pages = await startPatientPages(database);
});
afterAll(async () => {
  pg.Client.prototype.query = query;
  await pages.close();
  await database.drop();
  await testKeys.remove();
});

function collect(value: unknown): void {
  if (Buffer.isBuffer(value)) told.push(value);
  else if (typeof value === 'string') told.push(Buffer.from(`${value}\n`));
  else if (Array.isArray(value)) value.forEach(collect);
  else if (typeof value === 'object' && value !== null) {
    const { text, values } = value as { text?: unknown; values?: unknown };
    if (text === undefined && values === undefined) collect(JSON.stringify(value));
    collect(text);
    collect(values);
  } else if (typeof value === 'number') collect(String(value));
}

/** What PostgreSQL was told of these, of all that it was ever told. */
function toldOf(canaries: Record<string, string | Buffer>): string[] {
  return findCanaries(canaryForms(canaries), Buffer.concat(told));
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
    underWay: new Map(),
  };
  const link = await openLink(deps, linkSecret);
  if (!link) throw new Error('the link does not open');
  const answer = { link, linkSecret, source: Buffer.alloc(32) };
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

const finch = {
  phone: '+33639984328',
  email: 'canari.finch@canari.example',
  birthDate: '1974-11-08',
  subject: 'canari-subject-5532',
};
const wrongBirthDate = '1993-05-16';
const source = '203.0.113.77';

it('nor by pages: a birth date, a code, a passkey, what is held, a stop and an erasure', async () => {
  const request = { ...seededRequest, recipient: { ...finch, language: 'en' } };
  const seed = { organisationId, request, channels: ['email', 'email'] as const };
  const { link, links } = await seedAppointment(pages.seed, seed);
  const visitor = pages.visitor({ 'x-forwarded-for': source });
  await visitor.open(link.token);
  await visitor.get('/prove/birth-date');
  expect((await visitor.proveBirthDate(wrongBirthDate)).status).toBe(200);
  expect((await visitor.proveBirthDate(finch.birthDate)).location).toBe('/details');
  await visitor.get('/code/send');
  expect((await visitor.askForCode()).location).toBe('/code');
  const code = /#(\d{6})$/.exec(pages.phone.sends.at(-1)?.text ?? '')?.[1] ?? '';
  const wrongCode = code === '593827' ? '593828' : '593827';
  expect((await visitor.proveCode(wrongCode)).step).toBe('code');
  expect((await visitor.proveCode(code)).location).toBe('/details');

  const phone = createAuthenticator(patientUrl);
  await usePasskey(visitor, '/passkeys', (options) => phone.create(options));
  expect((await visitor.get('/held')).body).toContain(finch.phone);
  await press(visitor, '/stop', { answer: 'stop' });
  const another = pages.visitor({ 'x-forwarded-for': source });
  await another.open(links[1]?.token ?? '');
  const opened = await usePasskey(another, '/prove/passkey', (options) => phone.get(options));
  expect(opened.location).toBe('/details');
  expect((await press(another, '/erase', { answer: 'erase' })).body).toContain('erased');

  const { rows } = await database.admin.query(
    `select (select count(*)::int from versions where organisation_id = $1) as versions,
       (select array_agg(source) from suppressions) as stops`,
    [organisationId],
  );
  expect(rows).toEqual([{ versions: 0, stops: ['patient_page'] }]);
  const { practitioner, specialty = '', instructions = '' } = seededRequest.details;
  const ofLinks = links.flatMap(({ token, secret }, place) => [
    [`token ${place}`, token] as const,
    [`secret ${place}`, secret.reveal()] as const,
  ]);
  const { credentialId } = phone;
  expect(
    toldOf({
      ...{ ...finch, number: finch.phone.slice(1), practitioner, specialty, instructions, source },
      ...{ code, wrongCode, wrongBirthDate, ...Object.fromEntries(ofLinks) },
      ...{ credentialId, credential: Buffer.from(credentialId, 'base64url') },
    }),
  ).toEqual([]);
});

it('nor by a text that says stop, which is checked and carried out', async () => {
  const { keys } = testKeys;
  const [callbackUrl, authToken] = ['https://callback.example', new Secret('token')];
  const url = `/callbacks/twilio/inbound/${'i'.repeat(43)}`;
  const params = {
    From: '+33639984539',
    Body: 'STOP',
    To: '+33700000000',
    Canary: 'canari said 4490',
  };
  const signature = twilio.getExpectedTwilioSignature(
    authToken.reveal(),
    callbackUrl + url,
    params,
  );
  await acceptInboundMessage(
    { database: database.open('api'), keys, now: () => Temporal.Now.instant() },
    { request: new Secret({ url, signature, params }) },
  );
  const done = await processCallbacks({
    ...{ database: database.open('worker'), keys, log: silentLog },
    ...{ journal: { append: async () => {} }, authToken, callbackUrl },
  });
  expect(done).toBe(1);
  const { rows } = await database.admin.query(`select from suppressions where source = 'reply'`);
  expect(rows).toHaveLength(1);
  const { From: from, Canary: said } = params;
  expect(toldOf({ from, number: from.slice(1), said, signature })).toEqual([]);
});

it('and the hunt finds what is told as text, as a parameter, inside JSON and as bytes', async () => {
  const planted = ['canari-in-text', 'canari-param', 'canari-json', 'canari-bytes'];
  const [text, parameter, json, bytes = ''] = planted;
  await database.admin.query(`select '${text}', $1::text, $2::jsonb, $3::bytea`, [
    ...[parameter, { said: json }, Buffer.from(bytes)],
  ]);
  expect(toldOf(Object.fromEntries(planted.entries()))).toHaveLength(planted.length);
});

async function press(visitor: Visitor, path: string, fields: Record<string, string>) {
  const form = formIn((await visitor.get(path)).body) ?? '';
  return visitor.post(path, { form, ...fields });
}

/** Answers the question for a passkey of a page. */
async function usePasskey(visitor: Visitor, path: string, answer: (options: unknown) => string) {
  const { body } = await visitor.get(path);
  const options = /data-options="([^"]*)"/.exec(body)?.[1] ?? 'null';
  const passkey = answer(JSON.parse(options.replaceAll('&quot;', '"')));
  return visitor.post(path, { form: formIn(body) ?? '', passkey });
}
