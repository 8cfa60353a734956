import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { keptDaysMax } from '../../config/kept-days.ts';
import type { Mode } from '../../src/domain/channel.ts';
import { deleteShortLived, shortLived } from '../../src/store/short-lived.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { createApiKey } from '../../src/usecases/create-credential.ts';
import { createQuotaGate } from '../../src/usecases/quota-gate.ts';
import { watchForIncidents } from '../../src/usecases/watch-incidents.ts';
import { appointmentRequest, createTestAccept, createTestKeys } from '../support/accept.ts';
import { awayFromHourEnd } from '../support/away-from-hour-end.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createPageVisitor } from '../support/page-visitor.ts';
import { type PatientPages, startPatientPages } from '../support/patient-pages.ts';
import { seedAppointment, seededRequest } from '../support/seed-appointment.ts';

let database: TestDatabase;
let pages: PatientPages;
let address: string;
const logged: string[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  const log = createLog(
    { role: 'patient', level: 'info' },
    { write: (line) => void logged.push(line) },
  );
  pages = await startPatientPages(database, {}, undefined, { log });
  address = await pages.app.listen({ port: 0 });
});
afterAll(async () => {
  await pages.close();
  await database.drop();
});

beforeEach(() => awayFromHourEnd());

let phones = 0;
/** A patient with a link by email and a phone of their own, who presses the button. */
async function askForCode(
  organisationId: string,
  { mode = 'test', country = '+3363997' }: { mode?: Mode; country?: string } = {},
) {
  phones += 1;
  const phone = `${country}${String(phones).padStart(4, '0')}`;
  const recipient = { phone, email: 'lea@example.org', language: 'en' };
  const { link } = await seedAppointment(pages.seed, {
    ...{ organisationId, request: { ...seededRequest, recipient } },
    channels: ['email'],
  });
  await database.admin.query('update links set mode = $2 where id = $1', [link.id, mode]);
  const visitor = createPageVisitor();
  await visitor.go(`${address}/${link.token}`);
  await visitor.go(`${address}/code/send`);
  const { html } = await visitor.press('/code/send');
  const isSent = pages.phone.sends.some(({ to }) => to === phone);
  return { isSent, html: html.replaceAll(/name="form" value="[^"]+"/g, ''), visitor, phone };
}
async function sentOf(asking: readonly ReturnType<typeof askForCode>[]): Promise<number> {
  return (await Promise.all(asking)).filter(({ isSent }) => isSent).length;
}

async function counted(organisationId: string, mode: Mode = 'test') {
  const { rows } = await database.admin.query(
    `select sent_in_hour as hour, sent_in_day as day from code_counts
     where organisation_id = $1 and mode = $2`,
    [organisationId, mode],
  );
  return rows[0];
}
/** Makes what was counted so old. */
const age = (organisationId: string, span: string) =>
  database.admin.query(
    `update code_counts set hour = hour - $2::interval where organisation_id = $1`,
    [organisationId, span],
  );

describe('codes of an organisation', () => {
  it('are never more in an hour than it may have reminders, however many ask at once', async () => {
    const organisationId = await database.createOrganisation({ reminders_per_hour: 3 });
    expect(await sentOf(Array.from({ length: 8 }, () => askForCode(organisationId)))).toBe(3);
    expect(await counted(organisationId)).toEqual({ hour: 3, day: 3 });
    // Nobody else is touched, nor the other mode.
    const other = await database.createOrganisation({ reminders_per_hour: 3 });
    expect(await sentOf([askForCode(other), askForCode(organisationId, { mode: 'live' })])).toBe(2);
    await age(organisationId, '1 hour');
    expect(await sentOf([askForCode(organisationId)])).toBe(1);
  });

  it('are never more in a UTC day', async () => {
    const organisationId = await database.createOrganisation({ reminders_per_day: 2 });
    expect(await sentOf(Array.from({ length: 4 }, () => askForCode(organisationId)))).toBe(2);
    await database.admin.query(
      `update code_counts set hour = date_trunc('day', hour, 'UTC') where organisation_id = $1`,
      [organisationId],
    );
    expect(await sentOf([askForCode(organisationId)])).toBe(0);
    await age(organisationId, '1 hour');
    expect(await sentOf([askForCode(organisationId)])).toBe(1);
    expect(await counted(organisationId)).toEqual({ hour: 1, day: 1 });
  });

  it('keep no reminder from being accepted, nor reminders a code', async () => {
    const organisationId = await database.createOrganisation({ reminders_per_hour: 1 });
    expect(await sentOf([askForCode(organisationId), askForCode(organisationId)])).toBe(1);
    const { keys, months, directory, remove } = await createTestKeys([organisationId]);
    await keys.ensureViewKeys({ organisationIds: [organisationId], months });
    const { id } = await createApiKey(database, { organisationId, mode: 'test' });
    const asApi = database.open('api');
    const log = createLog({ role: 'api', level: 'silent' });
    const quotas = createQuotaGate({ database: asApi, now: Temporal.Now.instant, log });
    const { put } = await createTestAccept({
      ...{ database: asApi, keys, directory },
      change: { quotas },
    });
    const book = (reference: string) =>
      put({
        ...{ organisationId, mode: 'test', reference, body: appointmentRequest() },
        credential: { id, quotas: {} },
      });
    await book('visit-1');
    await expect(book('visit-2')).rejects.toMatchObject({ code: 'quota_exceeded' });
    await age(organisationId, '1 hour');
    expect(await sentOf([askForCode(organisationId)])).toBe(1);
    await remove();
  });
});

it('a process that froze while it counted holds up no page: who asks meanwhile is told to ask again', async () => {
  const organisationId = await database.createOrganisation();
  expect(await sentOf([askForCode(organisationId)])).toBe(1);
  const frozen = new pg.Client({ connectionString: database.adminUrl.reveal() });
  await frozen.connect();
  await frozen.query('begin');
  await frozen.query('select 1 from code_counts where organisation_id = $1 for update', [
    organisationId,
  ]);
  const { isSent, html, visitor } = await askForCode(organisationId);
  await frozen.end();
  expect(isSent).toBe(false);
  expect(html).toContain('Wait 30 seconds');
  await visitor.go(`${address}/code/send`);
  await visitor.press('/code/send');
  expect(await counted(organisationId)).toEqual({ hour: 2, day: 2 });
}, 10_000);

describe('a code that no ceiling or country lets through', () => {
  it('leaves its reader with the page of a phone that had its own, and uses nothing of it up', async () => {
    const organisationId = await database.createOrganisation({
      ...{ reminders_per_hour: 1, countries: ['FR'] },
    });
    const first = await askForCode(organisationId);
    await database.admin.query(
      `update phone_day_counts set sent_count = 6;
       update codes set created_at = created_at - interval '31 seconds', used_at = now() - interval '1 minute'`,
    );
    await first.visitor.go(`${address}/code/send`);
    const own = await first.visitor.press('/code/send');
    const ofOwnPhone = own.html.replaceAll(/name="form" value="[^"]+"/g, '');
    expect(ofOwnPhone).toContain('we send only a few');

    const beyond = await askForCode(organisationId);
    const abroad = await askForCode(organisationId, { country: '+44770090' });
    expect([beyond.isSent, abroad.isSent]).toEqual([false, false]);
    expect([beyond.html, abroad.html]).toEqual([ofOwnPhone, ofOwnPhone]);
    expect(await counted(organisationId)).toMatchObject({ hour: 1 });
    const { rows } = await database.admin.query(
      'select count(*)::int as used from phone_day_counts where sent_count = 1',
    );
    expect(rows[0].used).toBe(0);
  });

  it('is judged by the countries of now, not of when the appointment was accepted', async () => {
    const organisationId = await database.createOrganisation({ countries: ['BE', 'FR'] });
    expect(await sentOf([askForCode(organisationId)])).toBe(1);
    await database.admin.query(`update organisations set countries = '{BE}' where id = $1`, [
      organisationId,
    ]);
    expect(await sentOf([askForCode(organisationId)])).toBe(0);
  });

  it('is an incident that names the organisation, and one line with ids alone', async () => {
    logged.length = 0;
    const organisationId = await database.createOrganisation({ reminders_per_hour: 1 });
    const live = () => askForCode(organisationId, { mode: 'live' });
    const asked = [await live(), await live(), await live()];
    await watchForIncidents({ database: database.open('scheduler') });
    const { rows } = await database.admin.query(
      `select distinct i.code from incidents i join incident_organisations o on o.incident_id = i.id
       where o.organisation_id = $1`,
      [organisationId],
    );
    expect(rows).toEqual([{ code: 'quota_exceeded' }]);
    const lines = logged.filter((line) => line.includes('a ceiling of codes was reached'));
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      expect.objectContaining({ organisationId, mode: 'live' }),
    ]);
    for (const { phone } of asked) expect(logged.join('')).not.toContain(phone.slice(3));
  });
});

it('what was counted is forgotten two days after its hour, and not before', async () => {
  const [young, old] = [await database.createOrganisation(), await database.createOrganisation()];
  await sentOf([askForCode(young), askForCode(old)]);
  await Promise.all([age(young, '46 hours'), age(old, '49 hours')]);
  const over = shortLived(keptDaysMax).find(({ table }) => table === 'code_counts');
  if (!over) throw new Error('never forgotten');
  await database
    .open('scheduler')
    .transaction([], (connection) => deleteShortLived(connection, over));
  expect([await counted(young), await counted(old)]).toEqual([{ hour: 1, day: 1 }, undefined]);
});
