import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Database } from '../../src/store/database.ts';
import { measureMinutes } from '../../src/usecases/measure-minutes.ts';
import { openIncident } from '../../src/usecases/open-incident.ts';
import { sendAlerts } from '../../src/usecases/send-alerts.ts';
import { tellOfIncidents } from '../../src/usecases/watch-incidents.ts';
import { appointmentRequest, createTestAccept, createTestKeys } from '../support/accept.ts';
import { canaryForms, findCanaries } from '../support/canaries.ts';
import { canaryDetails, people } from '../support/canary-people.ts';
import { startCuttingProxy } from '../support/cutting-proxy.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { silentLog } from '../support/dispatch-bench.ts';
import { type OpsClient, type OpsSite, startOpsSite } from '../support/ops-site.ts';
import { sottoCommand } from '../support/sotto-command.ts';

const { wren } = people;
const { place, ...words } = canaryDetails;
const secrets = canaryForms({
  ...{ phone: wren.phone, national: `0${wren.phone.slice(3)}`, email: wren.email },
  ...{ birthDate: wren.birthDate, pin: wren.pin, placeName: place.name, address: place.address },
  ...words,
});
const references = canaryForms({ reference: wren.reference });

let database: TestDatabase;
let asOps: Database;
let organisationId: string;
let keys: Awaited<ReturnType<typeof createTestKeys>>;
let site: OpsSite;
let visitor: OpsClient;
let incidentId: string;

beforeAll(async () => {
  database = await createTestDatabase();
  organisationId = await database.createOrganisation();
  keys = await createTestKeys([organisationId]);
  const { put } = await createTestAccept({ ...keys, database: database.open('api') });
  const { phone, email, birthDate, pin } = wren;
  await put({
    ...{ organisationId, mode: 'test', reference: wren.reference },
    body: appointmentRequest({
      details: canaryDetails,
      recipient: { ...{ phone, email, birthDate, pin }, language: 'fr' },
    }),
  });
  await database.admin.query(
    `update reminders set state = 'failed', reason_code = 'unclear_answer'`,
  );
  await database.admin.query(
    `update measuring set measured_until = date_trunc('minute', now()) - interval '9 minutes'`,
  );
  await database.admin.query(`update events set created_at = created_at - interval '5 minutes'`);
  const scheduler = { database: database.open('scheduler') };
  await measureMinutes(scheduler);
  const since = Temporal.Now.instant().subtract({ hours: 1 });
  const opened = await openIncident(scheduler, { code: 'canary_different', since });
  incidentId = opened.id;
  await tellOfIncidents(scheduler);
  asOps = database.open('ops');
  site = await startOpsSite(database);
  visitor = await site.visit('admin');
});
afterAll(async () => {
  await site.close();
  await keys.remove();
  await database.drop();
});

/** Every column that the role may read, with what stands in it, whoever's it is. */
async function readEverything(): Promise<Map<string, string>> {
  const { rows: columns } = await database.admin.query(
    `select c.relname as table, array_agg(quote_ident(a.attname)) as columns
     from pg_class c join pg_attribute a on a.attrelid = c.oid
     where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm')
       and not c.relispartition and a.attnum > 0 and not a.attisdropped
       and has_column_privilege('sotto_ops', c.oid, a.attnum, 'select')
     group by 1`,
  );
  return asOps.transaction([organisationId], async (connection) => {
    const found = new Map<string, string>();
    for (const { table, columns: names } of columns) {
      const { rows } = await connection.query(`select ${names.join(', ')} from ${table}`);
      found.set(table, JSON.stringify(rows));
    }
    return found;
  });
}

describe('whoever reads everything that operators can read', () => {
  it('in the database finds the booking system’s reference, and nobody behind it', async () => {
    const found = await readEverything();
    expect(found.size).toBeGreaterThan(15);
    expect(findCanaries(references, found.get('appointments') ?? '')).toEqual(['reference']);
    for (const [table, text] of found) expect(findCanaries(secrets, text), table).toEqual([]);
  });

  it('on the pages, from link to link, likewise', async () => {
    const seen = new Map<string, string>();
    const ahead = ['/', '/?mode=live', '/metrics'];
    for (let path = ahead.shift(); path !== undefined; path = ahead.shift()) {
      if (seen.has(path) || seen.size >= 40) continue;
      const text = await (await visitor.get(path)).text();
      seen.set(path, text);
      for (const [, href = ''] of text.matchAll(/(?:href|src)="(\/[^"#]*)"/g)) {
        ahead.push(href.replaceAll('&amp;', '&'));
      }
    }
    expect(seen.get('/')).toContain('unclear_answer');
    expect(seen.get(`/incidents/${incidentId}`)).toContain('1 appointment of 1 organisation');
    for (const [path, text] of seen) expect(findCanaries(secrets, text), path).toEqual([]);
  });
});

describe('whoever gets the word of an incident', () => {
  it('gets the booking system’s reference at most, and nobody behind it', async () => {
    const sotto = sottoCommand(database);
    const shown = await sotto('incident', 'show', incidentId, '--references');
    expect(findCanaries(references, shown.out)).toEqual(['reference']);
    const exported = await sotto('incident', 'export', incidentId);
    const alerts: string[] = [];
    await sendAlerts({
      ...{
        database: database.open('worker'),
        apiUrl: 'https://api.test',
        opsUrl: 'https://ops.test',
      },
      channels: [
        { way: 'webhook', send: async (it) => alerts.push(JSON.stringify(it)) > 0, afterS: 0 },
      ],
      log: silentLog,
    });
    expect(alerts).toHaveLength(1);
    for (const text of [exported.out, ...alerts]) {
      expect(findCanaries(references, text)).toEqual([]);
    }
    for (const text of [shown.out, exported.out, ...alerts]) {
      expect(findCanaries(secrets, text)).toEqual([]);
    }
  });
});

describe('while the database is away', () => {
  it('the page says so, with a 503, and comes back by itself', async () => {
    const proxy = await startCuttingProxy(database.roleUrls.ops);
    const behind = await startOpsSite(
      { ...database, roleUrls: { ...database.roleUrls, ops: proxy.url } },
      { LOG_LEVEL: 'silent' },
    );
    const other = await behind.visit('viewer');
    proxy.cutAfter('minute_lateness');
    const answer = await other.get('/');
    expect(answer.status).toBe(503);
    expect(await answer.text()).toContain('The database is away');
    expect((await other.get('/')).status).toBe(200);
    await behind.close();
    await proxy.close();
  });
});
