import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fileKeyStore } from '../../src/keys/file-key-store.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { freePort } from '../support/free-port.ts';
import { addOpsUser, startOpsProcess, visitOps } from '../support/ops-site.ts';
import { createPageVisitor } from '../support/page-visitor.ts';
import { seedAppointment, seededPin, seededRequest } from '../support/seed-appointment.ts';
import { waitFor } from '../support/wait-for.ts';
import { type RoleProcess, startRoleProcess } from '../support/worker-process.ts';

/** What is before both processes of a role, and hands each request to whichever is there. */
const patientUrl = 'https://r.example';
const opsUrl = 'https://ops.example';
const patience = 50_000;

type Site = RoleProcess & { readonly url: string };

let database: TestDatabase;
let folder: string;
let organisationId: string;
const started: RoleProcess[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  folder = await mkdtemp(join(tmpdir(), 'sotto-pages-'));
  organisationId = await database.createOrganisation();
});
afterAll(async () => {
  for (const one of started) one.signal('SIGKILL');
  await Promise.all(started.map(({ gone }) => gone));
  await rm(folder, { recursive: true });
  await database.drop();
});

/** As on a machine of its own: the keys are those of all, the journal is not. */
async function startPatient(machine: string): Promise<Site> {
  const port = await freePort();
  const site = startRoleProcess('patient', {
    ...{ PATIENT_PORT: String(port), PATIENT_URL: patientUrl, TRUSTED_PROXIES: '127.0.0.1' },
    DATABASE_URL: database.roleUrls.patient.reveal(),
    KEYSTORE: `file:${folder}/keys`,
    JOURNAL: `file:${folder}/${machine}`,
    ...{ TWILIO_ACCOUNT_SID: `ACsandbox${'0'.repeat(25)}`, TWILIO_AUTH_TOKEN: 'sandbox-token' },
    TWILIO_FROM: '+33700555100',
  });
  started.push(site);
  await site.ready;
  return { ...site, url: `http://127.0.0.1:${port}` };
}

async function startOps(): Promise<Site> {
  const site = await startOpsProcess(database, { OPS_URL: opsUrl });
  started.push(site);
  return site;
}

async function kill({ signal, gone }: Site): Promise<void> {
  signal('SIGKILL');
  await gone;
}

describe('of two patient processes', () => {
  let one: Site;
  let other: Site;
  let inTurn: Site;
  let places = 0;
  beforeAll(async () => {
    [one, other] = await Promise.all([startPatient('one'), startPatient('other')]);
    inTurn = one;
  });

  /** Somebody with a link of their own, who has opened it. */
  async function opened() {
    places += 1;
    const visitor = createPageVisitor(
      { 'x-forwarded-for': `198.51.100.${places}`, origin: patientUrl },
      (url, init) => fetch(url.replace(patientUrl, inTurn.url), init),
    );
    const deps = {
      ...{ admin: database.admin, keys: fileKeyStore(`${folder}/keys`) },
      audience: new URL(patientUrl).host,
    };
    const { id, link } = await seedAppointment(deps, { organisationId });
    await visitor.go(`${patientUrl}/${link.token}`);
    expect((await visitor.press('/prove')).step).toBe('prove');
    return { id, visitor };
  }

  async function countedBirthDates(id: string): Promise<number> {
    const { rows } = await database.admin.query<{ count: number }>(
      `select failed_count as count from factor_failures
       where appointment_id = $1 and factor = 'birth_date'`,
      [id],
    );
    return rows[0]?.count ?? 0;
  }

  it('each goes on with what the other began, and gives no more tries, when that one is killed', async () => {
    const asked = await opened();
    const proved = await opened();
    const guessed = await opened();
    expect((await asked.visitor.fill({ pin: '593827' })).step).toBe('prove');
    expect((await proved.visitor.fill({ pin: seededPin })).step).toBe('details');
    const guess = (year: string) =>
      guessed.visitor.fill({ 'birth-day': '14', 'birth-month': '2', 'birth-year': year });
    expect((await guessed.visitor.go('/prove/birth-date')).step).toBe('prove');
    for (const year of ['1981', '1982', '1983']) expect((await guess(year)).step).toBe('prove');

    // The fourth is counted; whoever waits for its answer may get none.
    const cut = Promise.allSettled([guess('1984')]);
    await waitFor(async () => (await countedBirthDates(guessed.id)) === 4, patience, 5);
    await kill(one);
    await cut;
    inTurn = other;

    const details = await asked.visitor.fill({ pin: seededPin });
    expect(details.step).toBe('details');
    expect(details.html).toContain(seededRequest.details.practitioner);
    expect((await proved.visitor.go('/details')).step).toBe('details');
    expect((await guess('1985')).step).toBe('locked');
    expect((await guessed.visitor.go('/prove/birth-date')).step).toBe('locked');
  });
});

describe('of two ops processes', () => {
  let one: Site;
  let other: Site;
  beforeAll(async () => {
    [one, other] = await Promise.all([startOps(), startOps()]);
  });

  it('each lets in who signed in at the other, until they sign out, also when that one is killed', async () => {
    const signInAtOne = async () =>
      visitOps(one.url, await addOpsUser(database.admin, 'viewer'), { origin: opsUrl });
    const atOne = await signInAtOne();
    const atOther = atOne.at(other.url);
    for (const client of [atOne, atOther]) expect((await client.get('/')).status).toBe(200);
    expect((await atOther.post('/logout', {})).status).toBe(303);
    for (const client of [atOne, atOther]) expect((await client.get('/')).status).toBe(303);

    const survivor = (await signInAtOne()).at(other.url);
    await kill(one);
    const page = await survivor.get('/');
    expect(page.status).toBe(200);
    expect(await page.text()).toContain(survivor.name);
    expect((await survivor.post('/logout', {})).status).toBe(303);
    expect((await survivor.get('/')).status).toBe(303);
    const { rows } = await database.admin.query('select from ops_sessions');
    expect(rows).toEqual([]);
  });
});
