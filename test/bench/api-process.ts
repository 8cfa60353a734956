import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { utcMonth } from '../../src/domain/link-expiry.ts';
import { fileKeyStore } from '../../src/keys/file-key-store.ts';
import { createApiKey } from '../../src/usecases/create-credential.ts';
import { freePort } from '../support/free-port.ts';
import { type RoleProcess, startRoleProcess } from '../support/worker-process.ts';
import type { AcceptWay } from './accept-ways.ts';
import type { BenchDatabase, Ground } from './ground.ts';
import { type HttpConnection, openConnections } from './http-connection.ts';
import { type LoadResult, loadAsFastAsAnswered, loadAtRate } from './http-load.ts';

const wayScript = fileURLToPath(new URL('./processes/accept-way.ts', import.meta.url));
const connectionCount = 100;
const created = 201;

/** How far ahead what is put begins: the next always so many days later, around and around. */
const [leastDays, mostDays, stepDays] = [8, 367, 67];

/** An API of one's own that appointments are put to, each with one reminder on a day of the next year. */
export interface ApiProcess extends RoleProcess {
  /** Closed loop on a hundred connections. */
  putAsFastAsAnswered(count: number): Promise<LoadResult>;
  /** Open loop. */
  putAtRate(rate: { count: number; perSecond: number }): Promise<LoadResult>;
}

/**
 * @param options.way instead of Sotto's
 * @param options.ceilings whether appointments and reminders are counted, for ceilings beyond reach
 */
export async function startApi(
  { keys: { folder } }: Ground,
  database: BenchDatabase,
  { way, ceilings = true }: { way?: AcceptWay; ceilings?: boolean } = {},
): Promise<ApiProcess> {
  const { organisationId, adminUrl, admin, roleUrls } = database;
  await prepareToServe(database);
  const now = Temporal.Now.instant().round('minute');
  const monthOf = (_: unknown, days: number) => utcMonth(now.add({ hours: 24 * days }));
  const months = [...new Set(Array.from({ length: mostDays + 3 }, monthOf))];
  await fileKeyStore(folder).ensureViewKeys({ organisationIds: [organisationId], months });
  // Beyond reach: what they cost is part of it.
  const most = ceilings ? 10_000_000 : null;
  await admin.query(
    `update organisations set requests_per_minute = null, appointments_per_hour = $1,
       appointments_per_day = $1, reminders_per_hour = $1, reminders_per_day = $1, numbers_per_hour = $1`,
    [most],
  );
  const { key } = await createApiKey({ adminUrl }, { organisationId, mode: 'live' });
  const port = await freePort();
  const role = startRoleProcess(
    'api',
    {
      DATABASE_URL: roleUrls.api.reveal(),
      KEYSTORE: `file:${folder}`,
      JOURNAL: `file:${folder}/${new URL(adminUrl.reveal()).pathname.slice(1)}`,
      API_PORT: String(port),
      ...(way === undefined ? {} : { ACCEPT_WAY: way }),
    },
    way === undefined ? {} : { from: wayScript },
  );
  await role.ready;
  const load = { request: requests(key.reveal(), now), status: created };

  /** On connections of its own: the server closes those that rest. */
  async function put(
    over: (connections: readonly HttpConnection[]) => Promise<LoadResult>,
  ): Promise<LoadResult> {
    const connections = await openConnections(port, connectionCount);
    try {
      return await over(connections);
    } finally {
      for (const connection of connections) connection.close();
    }
  }
  return {
    ...role,
    putAsFastAsAnswered: (count) =>
      put((connections) => loadAsFastAsAnswered({ ...load, connections, count })),
    putAtRate: (rate) => put((connections) => loadAtRate({ ...load, connections, ...rate })),
  };
}

/** What a scheduler's first look at a new database comes to, and an administrator's wish. */
export async function prepareToServe({ admin }: BenchDatabase): Promise<void> {
  await admin.query(
    'update database_lives set run = current_run(), ready_at = coalesce(ready_at, clock_timestamp())',
  );
}

function requests(key: string, now: Temporal.Instant): () => string {
  const days = mostDays - leastDays + 1;
  const rests = Array.from({ length: days }, (_, turn) => {
    const ahead = leastDays + ((turn * stepDays) % days);
    return restOf(key, now.add({ hours: 24 * ahead }).toString());
  });
  const run = randomUUID();
  let count = 0;
  return () => {
    count += 1;
    return `PUT /v1/appointments/${run}-${count}${rests[count % days]}`;
  };
}

function restOf(key: string, start: string): string {
  const body = JSON.stringify({
    ...{ start, timeZone: 'Europe/Paris', durationMinutes: 20 },
    details: {
      ...{ practitioner: 'Dr Example', specialty: 'Example' },
      place: { name: 'Example house', address: '1 Example Street' },
    },
    recipient: { phone: '+33612345678', language: 'fr', pin: '482913' },
    reminders: [{ before: 'P1D', channel: 'sms' }],
  });
  return (
    ` HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${key}\r\n` +
    `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
  );
}
