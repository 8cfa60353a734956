import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openIncident } from '../../src/usecases/open-incident.ts';
import { tellOfIncidents } from '../../src/usecases/watch-incidents.ts';
import { type ApiFixture, createApiFixture } from '../support/api-server.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { type OpsSite, startOpsSite } from '../support/ops-site.ts';
import { seedReminders } from '../support/seed-reminders.ts';
import { type CommandAnswer, sottoCommand } from '../support/sotto-command.ts';

let database: TestDatabase;
let site: OpsSite;
let fixture: ApiFixture;
let touched: string;
let other: string;
let incidentId: string;
let references: string[];

beforeAll(async () => {
  database = await createTestDatabase();
  touched = await database.createOrganisation({ name: 'Clinic of the touched' });
  other = await database.createOrganisation();
  const seeded = await seedReminders(database.admin, {
    ...{ organisationId: touched, count: 3, dueInMs: -900_000 },
    ...{ epochPublicKey: Buffer.alloc(32, 9), parcelDay: '2026-11-26' },
  });
  references = seeded.map(({ appointmentId }) => `ref-${appointmentId}`).sort();
  const scheduler = { database: database.open('scheduler') };
  const since = Temporal.Now.instant().subtract({ minutes: 20 });
  const opened = await openIncident(scheduler, {
    ...{ code: 'reminders_late', since, facts: { count: 3 } },
  });
  incidentId = opened.id;
  await tellOfIncidents(scheduler);
  site = await startOpsSite(database, { API_URL: 'https://api.example.org' });
  fixture = await createApiFixture(undefined, database);
});
afterAll(async () => {
  await site.close();
  await fixture.close();
  await database.drop();
});

const command = (...words: string[]): Promise<CommandAnswer> => sottoCommand(database)(...words);

describe('GET /v1/incidents', () => {
  const ask = async (url: string, organisationId: string, mode: 'live' | 'test' = 'live') => {
    const key = await fixture.key({ organisationId, mode, scopes: ['status'] });
    const answer = await fixture.request({ method: 'GET', url, key });
    return { status: answer.statusCode, body: answer.json(), text: answer.body };
  };

  it('tells an organisation what may have touched it, and which appointments', async () => {
    const { body } = await ask('/v1/incidents', touched);
    expect(body.incidents).toEqual([
      {
        id: incidentId,
        code: 'reminders_late',
        what: 'reminders are due and have not gone out for more than ten minutes',
        since: expect.any(String),
        openedAt: expect.any(String),
        notifyBy: expect.any(String),
        closedAt: null,
        appointments: 3,
      },
    ]);
    const [{ openedAt, notifyBy }] = body.incidents;
    expect(Date.parse(notifyBy) - Date.parse(openedAt)).toBe(72 * 3_600_000);
    const first = await ask(`/v1/incidents/${incidentId}?limit=2`, touched);
    expect(first.body.references).toEqual(references.slice(0, 2));
    const rest = await ask(`/v1/incidents/${incidentId}?limit=2&after=${first.body.next}`, touched);
    expect(rest.body).toMatchObject({ references: references.slice(2), next: null });
  });

  it('was told of by an event that names it and its kind', async () => {
    const { body } = await ask('/v1/events', touched);
    expect(body.events).toEqual([
      {
        id: expect.any(String),
        type: 'incident.opened',
        at: expect.any(String),
        incidentId,
        code: 'reminders_late',
      },
    ]);
  });

  it('tells another organisation, and the other mode, nothing: as if there were none', async () => {
    expect((await ask('/v1/incidents', other)).body).toEqual({ incidents: [] });
    expect((await ask('/v1/incidents', touched, 'test')).body).toEqual({ incidents: [] });
    const foreign = await ask(`/v1/incidents/${incidentId}`, other);
    const unknown = await ask(`/v1/incidents/${crypto.randomUUID()}`, other);
    const noId = await ask('/v1/incidents/none', other);
    expect([foreign.status, unknown.status, noId.status]).toEqual([404, 404, 404]);
    expect(foreign.text).toBe(unknown.text);
  });
});

describe('the pages of incidents', () => {
  it('show what is open to whoever may look, and lead there from the overview', async () => {
    const viewer = await site.visit('viewer');
    const overview = await (await viewer.get('/')).text();
    expect(overview).toContain('Look into the incident reminders_late');
    const list = await (await viewer.get('/incidents')).text();
    expect(list).toContain('3 appointments of 1 organisation');
    const page = await (await viewer.get(`/incidents/${incidentId}`)).text();
    expect(page).toContain('Clinic of the touched');
    expect(page).toContain('https://api.example.org/docs/operations#reminders_late');
    expect(page).toContain('You may look.');
    for (const text of [overview, list, page]) {
      for (const reference of references) expect(text).not.toContain(reference);
    }
    const missing = `/incidents/${crypto.randomUUID()}`;
    expect((await viewer.get(missing)).status).toBe(404);
  });

  it('let nobody who may only look close one', async () => {
    const viewer = await site.visit('viewer');
    const path = `/incidents/${incidentId}/close`;
    const answer = await viewer.post(path, { reason: 'because I can' });
    expect(answer.status).toBe(403);
  });

  it('refuse to close one without a reason, and keep what was typed', async () => {
    const operator = await site.visit('operator');
    const answer = await operator.post(`/incidents/${incidentId}/close`, { reason: 'ok' });
    expect(answer.status).toBe(422);
    const text = await answer.text();
    expect(text).toContain('Give a reason');
    expect(text).toContain('>ok</textarea>');
    const { rows } = await database.admin.query(
      `select from incident_entries where kind = 'closed'`,
    );
    expect(rows).toEqual([]);
  });
});

describe('sotto incident', () => {
  it('lists, shows and exports, for one organisation and without a name of anybody', async () => {
    const listed = await command('incident', 'list', '--open', '--json');
    expect(JSON.parse(listed.out)).toMatchObject([{ id: incidentId, appointmentCount: 3 }]);
    const shown = await command('incident', 'show', incidentId, '--references');
    for (const reference of references) expect(shown.out).toContain(reference);
    const text = await command('incident', 'export', incidentId);
    expect(text.out).toContain('(a) Nature of the breach');
    expect(text.out).toContain('[FILL IN: name and contact details of the data protection');
    const json = await command(
      'incident',
      'export',
      incidentId,
      '--organisation',
      touched,
      '--json',
    );
    expect(JSON.parse(json.out)).toMatchObject({
      nature: { approximateNumberOfRecords: 3 },
      organisations: [{ id: touched }],
      likelyConsequences: { description: expect.stringContaining('not have been reminded') },
      measures: { taken: expect.arrayContaining([expect.stringContaining('was told')]) },
    });
    const foreign = await command('incident', 'export', incidentId, '--organisation', other);
    expect(foreign.code).toBe(2);
    expect(foreign.out).toBe('');
  });

  it('closes with a reason alone, once, and it stands in the audit', async () => {
    const without = await command('incident', 'close', incidentId);
    expect(without.code).toBe(2);
    const operator = await site.visit('operator');
    const closing = { reason: 'the provider was down, all is sent' };
    const path = `/incidents/${incidentId}/close`;
    const answers = await Promise.all([0, 1].map(() => operator.post(path, closing)));
    const places = answers.map((answer) => answer.headers.get('location')).sort();
    expect(places.map((place) => place?.split('&')[1]).sort()).toEqual([
      ...['done=closed', 'done=was-closed'],
    ]);
    expect((await command('incident', 'close', incidentId, '--reason', 'again')).out).toContain(
      'It was closed already.',
    );
    const { rows } = await database.admin.query(
      `select actor, subject, reason from audit where action = 'incident.close'`,
    );
    expect(rows).toEqual([
      { actor: operator.name, subject: `reminders_late ${incidentId}`, reason: closing.reason },
    ]);
    const log = await (await operator.get('/log')).text();
    expect(log).toContain('incident.close');
  });

  it('says so when there is none with that id', async () => {
    const answer = await command('incident', 'show', crypto.randomUUID());
    expect(answer.code).toBe(1);
    expect(answer.errors).toContain('No incident has this id.');
  });
});
