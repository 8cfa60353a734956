import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import { limits } from '../../../config/limits.ts';
import { migrateAll } from '../../../src/cli/admin.ts';
import { utcDay, utcMonth } from '../../../src/domain/link-expiry.ts';
import { Secret } from '../../../src/domain/secret.ts';
import { fileKeyStore } from '../../../src/keys/file-key-store.ts';
import { createRoleLogins } from '../../../src/store/role-logins.ts';
import { warmCompileCache } from '../../../src/supervisor/compile-cache.ts';
import { createApiKey } from '../../../src/usecases/create-credential.ts';
import { createOrganisation } from '../../../src/usecases/create-organisation.ts';
import { compiledOnce } from '../../support/compiled-once.ts';
import { startTestPostgres, type TestPostgres } from '../../support/embedded-postgres.ts';
import { freePort } from '../../support/free-port.ts';
import { type MessagesPeer, startMessagesPeer } from '../../support/messages-peer.ts';
import { type PgBouncer, startPgBouncer } from '../../support/pgbouncer.ts';
import {
  type RedisProgram,
  type RedisServer,
  startRedisProcess,
} from '../../support/redis-process.ts';
import { type SmtpPeer, startSmtpPeer } from '../../support/smtp-peer.ts';
import { type FaultProxy, startFaultProxy } from './fault-proxy.ts';
import { type KeptRole, keepRole, type LogLine } from './kept-role.ts';
import { createOlderTenant } from './older-tenant.ts';

export type Backend = 'postgres' | 'redis';

/** One process of Sotto, with a way of its own to everything that it speaks to. */
export interface Actor extends KeptRole {
  /** Its own, where it listens. */
  readonly port: number;
  readonly toPostgres: FaultProxy;
  /** Where Redis carries the queue. */
  readonly toRedis: FaultProxy | undefined;
  /** A worker's alone. */
  readonly toPhones: FaultProxy;
  readonly toMail: FaultProxy;
}

export interface Tenant {
  readonly organisationId: string;
  readonly apiKey: string;
}

/** Everything that scenarios are played on: real servers, real processes, and peers with ledgers. */
export interface Stage {
  readonly backend: Backend;
  readonly postgres: TestPostgres;
  /** The one in use first, and one that can take over. */
  readonly redis: readonly [RedisServer, RedisServer] | undefined;
  readonly phones: MessagesPeer;
  readonly mail: SmtpPeer;
  readonly api: Actor;
  /** In front of the API: what booking systems and providers connect to. */
  readonly toApi: FaultProxy;
  readonly apiUrl: string;
  readonly workers: readonly [Actor, Actor];
  readonly scheduler: Actor;
  /** All that run now, those added included. */
  actors(): readonly Actor[];
  /** Past every proxy: whoever may do anything to the queue. */
  queueUrl(): Secret<string>;
  /** The one that processes find, where Redis carries the queue. */
  redisInUse(): RedisServer | undefined;
  readonly olderVersion: string | undefined;
  /** Brings the database to the schema of this version. */
  migrate(): Promise<void>;
  /** Starts one of this version in its place, and stops it once the new one takes work. */
  replace(actor: Actor): Promise<void>;
  readonly authToken: string;
  /** What went wrong and belongs to no scenario's question: a process that ended by itself, and such. */
  readonly mishaps: string[];
  /** What was logged as an error, in order. */
  readonly errors: { readonly atMs: number; readonly line: LogLine }[];
  /** Past all row-level security; waits for a database that is away. */
  rows<Row extends pg.QueryResultRow = Record<string, unknown>>(
    query: string,
    values?: unknown[],
  ): Promise<Row[]>;
  createTenant(name: string): Promise<Tenant>;
  /** Another process of a role, until it is dismissed. */
  addActor(role: Actor['role'], change?: ActorChange): Promise<Actor>;
  dismiss(actor: Actor): Promise<void>;
  /** A number or an address that nobody else has. */
  nextContact(channel: 'sms' | 'email'): string;
  /** From now on every process finds this PostgreSQL, as behind an address that moves. */
  leadToPostgres(server: TestPostgres): void;
  /** From now on every process that asks for Redis finds this one. */
  leadToRedis(server: RedisServer): void;
  /**
   * Makes the windows of doubts pass, and leases that are so old: for runs that have no time to wait
   * for them.
   */
  turnClock(leaseAgeMs?: number): Promise<void>;
  /** Ends every fault: proxies, peers, stopped processes. */
  heal(): Promise<void>;
  stop(): Promise<void>;
}

/** What a stage may stand on in place of one server of each. */
export interface Shape {
  /** PgBouncer between every process and PostgreSQL; who listens goes past it. */
  readonly isPooled?: boolean;
  /** Several servers of Redis, as REDIS_URL names them: they are reached without a proxy. */
  readonly redisUrl?: Secret<string>;
  /** The first PostgreSQL, which the stage then stops. */
  readonly postgres?: TestPostgres;
}

export interface ActorChange {
  readonly script?: string;
  readonly environment?: Record<string, string>;
}

/** What stands before the processes of these roles, as everybody knows it. */
export const pageUrls = { patient: 'https://r.example', ops: 'https://ops.example' } as const;

/** The command line of a version, in its folder. */
export const scriptOf = (folder: string) => join(folder, 'src/cli.ts');

const run = promisify(execFile);
const authToken = 'token';
const deaf = 'no bell can be heard';
const isRecent = (atMs: number) => Date.now() - atMs < 30_000;
const roleModules = [
  'src/roles/api.ts',
  'workers/worker.ts',
  'workers/scheduler.ts',
  'src/cli.ts',
].map((path) => new URL(`../../../${path}`, import.meta.url));
const database = 'chaos';

export async function openStage({
  backend,
  redisProgram,
  olderVersion,
  beginsOlder = false,
  shape = {},
}: {
  backend: Backend;
  redisProgram: RedisProgram | undefined;
  olderVersion?: string | undefined;
  /** Whether the older version makes the database, and everything runs from it at first. */
  beginsOlder?: boolean;
  shape?: Shape | undefined;
}): Promise<Stage> {
  const folder = mkdtempSync(join(tmpdir(), 'sotto-chaos-'));
  const postgres = shape.postgres ?? (await startTestPostgres());
  const olderScript = beginsOlder && olderVersion ? scriptOf(olderVersion) : undefined;
  const first = olderScript ? { script: olderScript } : {};
  const firstUrl = await createDatabase(postgres, first);
  const logins = await createRoleLogins(firstUrl);
  const pooler: PgBouncer | undefined = shape.isPooled
    ? await startPgBouncer({ logins: Object.values(logins) })
    : undefined;
  const toAdmin = await startFaultProxy(postgres.port);
  const adminUrl = new Secret(toAdmin.through(firstUrl.reveal()));
  const admin = new pg.Pool({ connectionString: adminUrl.reveal(), max: 4 });
  admin.on('error', () => {});
  const redis =
    backend === 'redis' && redisProgram && !shape.redisUrl
      ? ([await startRedisProcess(redisProgram), await startRedisProcess(redisProgram)] as const)
      : undefined;
  const phones = await startMessagesPeer();
  const mail = await startSmtpPeer();
  const keys = await makeKeys(join(folder, 'keys'));
  // Hundreds of processes are started: each finds its modules compiled, for an earlier stage at best.
  const compiled = join(compiledOnce.NODE_COMPILE_CACHE || folder, 'roles');
  await warmCompileCache(compiled, roleModules);
  const toApi = await startFaultProxy(0);
  const apiUrl = `http://127.0.0.1:${toApi.port}`;
  const proxies: FaultProxy[] = [toApi];
  const actors: Actor[] = [];
  const mishaps: string[] = [];
  const errors: Stage['errors'] = [];
  let contacts = 0;
  let redisInUse = redis?.[0];
  let postgresInUse = postgres;

  async function proxyTo(port: number): Promise<FaultProxy> {
    const proxy = await startFaultProxy(port);
    proxies.push(proxy);
    return proxy;
  }

  async function actor(role: Actor['role'], change: ActorChange = {}) {
    const port = await freePort();
    const toPostgres = await proxyTo(pooler?.port ?? postgresInUse.port);
    const toRedis = redisInUse && (await proxyTo(portOf(redisInUse.url.reveal())));
    const toPhones = await proxyTo(portOf(phones.url));
    const toMail = await proxyTo(mail.port);
    const kept = keepRole({
      role,
      script: change.script,
      environment: {
        DATABASE_URL: toPostgres.through(logins[role].reveal()),
        ...(pooler && { DATABASE_DIRECT_URL: logins[role].reveal() }),
        ...(toRedis && { REDIS_URL: `redis://127.0.0.1:${toRedis.port}` }),
        ...(shape.redisUrl && { REDIS_URL: shape.redisUrl.reveal() }),
        KEYSTORE: `file:${join(folder, 'keys')}`,
        JOURNAL: `file:${join(folder, 'journal')}`,
        DATA_DIR: folder,
        ...{ API_PORT: String(port), PATIENT_PORT: String(port), OPS_PORT: String(port) },
        ...{ PATIENT_URL: pageUrls.patient, OPS_URL: pageUrls.ops, TRUSTED_PROXIES: '127.0.0.1' },
        CALLBACK_URL: apiUrl,
        TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`,
        TWILIO_AUTH_TOKEN: authToken,
        TWILIO_FROM: '+33700000000',
        TWILIO_BASE_URL: toPhones.through(phones.url),
        SMTP_URL: toMail.through(mail.url),
        MAIL_FROM: 'reminders@sotto.example',
        SMS_PER_SECOND: '200',
        EMAIL_PER_SECOND: '200',
        LOG_LEVEL: 'warn',
        NODE_COMPILE_CACHE: compiled,
        ...change.environment,
      },
      onLine(line) {
        if (line.level === 'unreadable') mishaps.push(`${role} printed: ${line.msg.slice(0, 200)}`);
        if (line.level === 'error') errors.push({ atMs: Date.now(), line });
      },
      onUnexpectedEnd(ended, code) {
        // A worker that can hear no bell asks to be replaced.
        const isDeaf = errors.some(({ atMs, line }) => line.msg.startsWith(deaf) && isRecent(atMs));
        if (ended !== 'worker' || !isDeaf) mishaps.push(`a ${ended} ended by itself with ${code}`);
      },
    });
    const made: Actor = { ...kept, port, toPostgres, toRedis, toPhones, toMail };
    actors.push(made);
    return made;
  }

  async function addActor(role: Actor['role'], change?: ActorChange): Promise<Actor> {
    const added = await actor(role, change);
    await added.ready();
    return added;
  }

  async function dismiss(one: Actor): Promise<void> {
    actors.splice(actors.indexOf(one), 1);
    await one.stop();
  }

  async function rows(query: string, values: unknown[] = []): Promise<never[]> {
    for (let tries = 1; ; tries += 1) {
      try {
        return (await admin.query(query, values)).rows as never[];
      } catch (error) {
        const isAway = !(error instanceof pg.DatabaseError) || /^(57|08|53)/.test(error.code ?? '');
        if (!isAway || tries > 300) throw error;
        await wait(100);
      }
    }
  }

  const api = await actor('api', first);
  toApi.leadTo(api.port);
  const scheduler = await actor('scheduler', first);
  const workers = [await actor('worker', first), await actor('worker', first)] as const;
  await Promise.all(actors.map(({ ready }) => ready()));

  return {
    ...{ backend, postgres, redis, phones, mail, api, toApi, apiUrl, workers, scheduler },
    ...{ olderVersion, authToken, mishaps, errors, rows },
    actors: () => actors,
    queueUrl: () => shape.redisUrl ?? redisInUse?.url ?? adminUrl,
    redisInUse: () => redisInUse,
    async createTenant(name) {
      if (olderScript) {
        const environment = { DATABASE_URL: adminUrl.reveal(), DATA_DIR: folder };
        const older = { admin, script: olderScript, name, environment };
        const tenant = await createOlderTenant(older);
        const organisationIds = [tenant.organisationId];
        await keys.ensureViewKeys({ organisationIds, months: monthsAhead() });
        return tenant;
      }
      const settings = {
        ...{ quietHours: null, jitterMinutes: 0, requestsPerMinute: null },
        ...{ appointmentsPerHour: 1_000_000, appointmentsPerDay: 10_000_000 },
        ...{ remindersPerHour: 1_000_000, remindersPerDay: 10_000_000, numbersPerHour: 50_000 },
      };
      const { id } = await createOrganisation({ adminUrl }, { name, settings });
      await keys.ensureViewKeys({ organisationIds: [id], months: monthsAhead() });
      const { key } = await createApiKey({ adminUrl }, { organisationId: id, mode: 'test' });
      return { organisationId: id, apiKey: key.reveal() };
    },
    addActor,
    dismiss,
    async migrate() {
      await migrateAll(adminUrl);
    },
    async replace(old) {
      const added = await addActor(old.role);
      if (added.role === 'api') toApi.leadTo(added.port);
      await dismiss(old);
    },
    nextContact(channel) {
      contacts += 1;
      return channel === 'sms' ? `+336${10_000_000 + contacts}` : `p.${contacts}@example.org`;
    },
    leadToPostgres(server) {
      postgresInUse = server;
      for (const proxy of [toAdmin, ...actors.map(({ toPostgres }) => toPostgres)]) {
        proxy.leadTo(server.port);
      }
    },
    leadToRedis(server) {
      redisInUse = server;
      for (const { toRedis } of actors) toRedis?.leadTo(portOf(server.url.reveal()));
    },
    async turnClock(leaseAgeMs = 5_000) {
      // Locked in the order in which everybody locks them.
      await rows(
        `with old as materialized (select id from reminders where state in ('queued', 'sending')
             and lease_until < clock_timestamp() + $1 * interval '1 millisecond'
           order by id for update)
         update reminders r set lease_until = clock_timestamp() - interval '1 second'
         from old where r.id = old.id`,
        [limits.batchLeaseMs - leaseAgeMs],
      );
      await rows(
        `with doubted as materialized (select id from reminders where state = 'uncertain'
           order by id for update)
         update reminders r set doubted_at = doubted_at - interval '80 seconds',
           settle_at = settle_at - interval '80 seconds'
         from doubted where r.id = doubted.id`,
      );
    },
    async heal() {
      for (const proxy of proxies) proxy.heal();
      for (const one of actors) one.signal('SIGCONT');
      phones.answer = () => 'accept';
      phones.list = () => 'answer';
      mail.misbehave = undefined;
      await Promise.all(actors.map(({ ready }) => ready()));
    },
    async stop() {
      await Promise.all(actors.map((one) => one.stop()));
      await admin.end();
      for (const proxy of proxies) await proxy.close();
      await phones.close();
      await mail.close();
      for (const server of redis ?? []) await server.stop();
      await toAdmin.close();
      await pooler?.stop();
      await postgresInUse.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function createDatabase(postgres: TestPostgres, { script }: { script?: string }) {
  const client = new pg.Client({ connectionString: postgres.adminUrl.reveal() });
  await client.connect();
  await client.query(`create database ${database}`);
  await client.end();
  const url = new URL(postgres.adminUrl.reveal());
  url.pathname = `/${database}`;
  const adminUrl = new Secret(url.href);
  if (script) await run(process.execPath, [script, 'migrate'], { env: { DATABASE_URL: url.href } });
  else await migrateAll(adminUrl);
  return adminUrl;
}

/** What the roles would make at their first start, some of which nobody here would. */
async function makeKeys(folder: string) {
  const keys = fileKeyStore(folder);
  await keys.ensureEpochKeys({ from: utcDay(Temporal.Now.instant()), days: 401 });
  await keys.ensureLinkKey();
  await keys.ensureReceiptKey();
  return keys;
}

function monthsAhead(): string[] {
  const thisMonth = Temporal.PlainYearMonth.from(utcMonth(Temporal.Now.instant()));
  return Array.from({ length: 14 }, (_, ahead) => thisMonth.add({ months: ahead }).toString());
}

function portOf(url: string): number {
  return Number(new URL(url).port);
}
