import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { utcDay } from '../../src/domain/link-expiry.ts';
import { Secret } from '../../src/domain/secret.ts';
import { fileKeyStore } from '../../src/keys/file-key-store.ts';
import { prepareQueue } from '../../src/queue/prepare-queue.ts';
import { migrate } from '../../src/store/migrate.ts';
import { createRoleLogins, type DatabaseRole, databaseRoles } from '../../src/store/role-logins.ts';
import { makeEpochKeys } from '../../src/usecases/keep-epoch-keys.ts';
import { startTestPostgres } from '../support/embedded-postgres.ts';
import { withDatabase } from '../support/global-setup.ts';
import { findRedis, type RedisServer, startRedisProcess } from '../support/redis-process.ts';
import { cpuTimeUs } from './cpu-time.ts';

/** What all contenders of a run stand on: the same servers, the same keys. */
export interface Ground {
  readonly redis: RedisServer;
  readonly keys: {
    readonly folder: string;
    readonly parcelDay: string;
    readonly epochPublicKey: Buffer;
  };
  /** What to say of the servers above the table. */
  readonly servers: string;
  /** @param from what a database is made to hold once, for all that then start from a copy of it */
  createDatabase(from?: Prepared): Promise<BenchDatabase>;
  /** Counts what processor time the servers and these processes use from now on. */
  startMeter(nodePids: readonly number[]): Meter;
  stop(): Promise<void>;
}

export interface Meter {
  /** In microseconds, for each of so many. */
  perOne(count: number): Record<'node us' | 'postgres us' | 'redis us', number | undefined>;
}

export interface Prepared {
  /** The same name is the same content. */
  readonly name: string;
  prepare(database: BenchDatabase): Promise<void>;
}

/** A database of Sotto's for one run of one contender, with nothing but an organisation or a copy. */
export interface BenchDatabase {
  readonly adminUrl: Secret<string>;
  readonly roleUrls: Readonly<Record<DatabaseRole, Secret<string>>>;
  readonly admin: pg.Pool;
  readonly organisationId: string;
  /** Brings what the planner knows up to date and the log to disk, so that nobody pays for another. */
  settle(): Promise<void>;
  drop(): Promise<void>;
}

const template = 'bench_template';
/** As docs/capacity.md has it of a server of one's own; `npm start` is content with less memory. */
const sharedBuffersMb = Math.floor(totalmem() / 4 / 2 ** 20);
const postgresSettings = { shared_buffers: `${sharedBuffersMb}MB`, max_wal_size: '4GB' };
const redisSettings = { appendonly: 'yes', appendfsync: 'everysec' };

export async function openGround(): Promise<Ground> {
  const folder = mkdtempSync(join(tmpdir(), 'sotto-bench-'));
  const postgres = await startTestPostgres({ settings: postgresSettings });
  const redis = await startRedisProcess(findRedis(), redisSettings);
  const server = new pg.Pool({ connectionString: postgres.adminUrl.reveal(), max: 1 });
  server.on('error', () => {});
  await server.query(`create database ${template}`);
  const templateUrl = new Secret(withDatabase(postgres.adminUrl.reveal(), template));
  await migrate(templateUrl);
  await prepareQueue(templateUrl);
  const logins = await createRoleLogins(templateUrl);
  const info = await redis.admin.info();
  const redisPid = Number(/process_id:(\d+)/.exec(info)?.[1]);
  const { rows } = await server.query('show server_version');
  const redisVersion = /(?:valkey|redis)_version:(\S+)/.exec(info)?.[1];
  const prepared = new Map<string, Promise<{ name: string; organisationId: string }>>();

  async function create(like: string, known?: string) {
    const name = `bench_${randomUUID().replaceAll('-', '')}`;
    await server.query(`create database ${name} template ${like}`);
    const database = openBenchDatabase(postgres.adminUrl, logins, name);
    const organisationId = known ?? (await addOrganisation(database.admin, 'Bench'));
    return {
      ...database,
      organisationId,
      async drop() {
        await database.admin.end();
        await server.query(`drop database ${name} with (force)`);
      },
    };
  }

  async function prepare(from: Prepared) {
    const database = await create(template);
    await from.prepare(database);
    await database.settle();
    await database.admin.end();
    const name = new URL(database.adminUrl.reveal()).pathname.slice(1);
    return { name, organisationId: database.organisationId };
  }

  return {
    redis,
    keys: await makeKeys(join(folder, 'keys')),
    servers: `PostgreSQL ${rows[0]?.server_version} (fsync on, ${sharedBuffersMb} MB), Redis ${redisVersion} (appendonly, everysec)`,
    async createDatabase(from) {
      if (!from) return create(template);
      const known = prepared.get(from.name) ?? prepare(from);
      prepared.set(from.name, known);
      const { name, organisationId } = await known;
      return create(name, organisationId);
    },
    startMeter(nodePids) {
      // Both were started by this very process, which may be the one to be counted.
      const servers = [postgres.pid, redisPid];
      const parts = [nodePids, [postgres.pid], [redisPid]];
      const now = () => parts.map((pids) => cpuTimeUs(pids, servers));
      const before = now();
      return {
        perOne(count) {
          const spent = now().map((after, place) => {
            const earlier = before[place];
            return after === undefined || earlier === undefined
              ? undefined
              : (after - earlier) / count;
          });
          const [node, database, queue] = spent;
          return { 'node us': node, 'postgres us': database, 'redis us': queue };
        },
      };
    },
    async stop() {
      await server.end();
      await redis.stop();
      await postgres.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function openBenchDatabase(
  serverUrl: Secret<string>,
  logins: Record<DatabaseRole, Secret<string>>,
  name: string,
) {
  const adminUrl = new Secret(withDatabase(serverUrl.reveal(), name));
  const admin = new pg.Pool({ connectionString: adminUrl.reveal(), max: 2 });
  admin.on('error', () => {});
  admin.on('connect', (connection) => connection.on('error', () => {}));
  return {
    adminUrl,
    admin,
    roleUrls: Object.fromEntries(
      databaseRoles.map((role) => [role, new Secret(withDatabase(logins[role].reveal(), name))]),
    ) as Record<DatabaseRole, Secret<string>>,
    async settle() {
      const { rows } = await admin.query<{ tables: string }>(ownTables);
      await admin.query(`vacuum analyze ${rows[0]?.tables}`);
      await admin.query('checkpoint');
    },
  };
}

/** All but the server's own, which takes twice as long and is a page or two each. */
const ownTables = `select string_agg(c.oid::regclass::text, ', ') as tables from pg_class c
  where c.relkind in ('r', 'p') and not c.relispartition
    and c.relnamespace::regnamespace::text !~ '^(pg_|information_schema)'`;

export async function addOrganisation(admin: pg.Pool, name: string): Promise<string> {
  const id = randomUUID();
  await admin.query(
    `insert into organisations (id, name, quiet_from, quiet_until, jitter_minutes)
     values ($1, $2, '00:00', '00:00', 0)`,
    [id, name],
  );
  return id;
}

/** All that the worker would make at its first start, which takes a while. */
async function makeKeys(folder: string): Promise<Ground['keys']> {
  const store = fileKeyStore(folder);
  const now = () => Temporal.Now.instant();
  await makeEpochKeys({ keys: store, now });
  const parcelDay = utcDay(now());
  const epochPublicKey = await store.epochPublicKey(parcelDay);
  if (!epochPublicKey) throw new Error('the key that was just made is not there');
  return { folder, parcelDay, epochPublicKey };
}
