import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { Secret } from '../../src/domain/secret.ts';
import { type Database, openDatabase } from '../../src/store/database.ts';
import { type DatabaseRole, databaseRoles } from '../../src/store/role-logins.ts';
import { templateDatabase, withDatabase } from './global-setup.ts';
import { testServer } from './test-server.ts';

/** A database of a test file's own, with every role's way in. */
export interface TestDatabase {
  readonly adminUrl: Secret<string>;
  readonly roleUrls: Readonly<Record<DatabaseRole, Secret<string>>>;
  /** Superuser, past row-level security: for arranging and for looking, never for the code under test. */
  readonly admin: pg.Pool;
  open(role: DatabaseRole, connectionsMax?: number): Database;
  /** Makes an organisation without quiet hours and jitter, with ceilings out of reach, and returns its id. */
  createOrganisation(settings?: Record<string, unknown>): Promise<string>;
  drop(): Promise<void>;
}

/** What opens a database that is there already, however it came to be. */
export function openTestDatabase({
  adminUrl,
  roleUrls,
}: Pick<TestDatabase, 'adminUrl' | 'roleUrls'>): Omit<TestDatabase, 'drop'> & {
  close(): Promise<void>;
} {
  const admin = new pg.Pool({ connectionString: adminUrl.reveal(), max: 3 });
  admin.on('error', () => {});
  const opened: Database[] = [];
  return {
    adminUrl,
    roleUrls,
    admin,
    open(role, connectionsMax = 4) {
      const database = openDatabase({
        url: roleUrls[role],
        connectionsMax,
        applicationName: `test ${role}`,
      });
      opened.push(database);
      return database;
    },
    async createOrganisation(settings = {}) {
      const row = {
        id: randomUUID(),
        name: 'Test organisation',
        quiet_from: '00:00',
        quiet_until: '00:00',
        jitter_minutes: 0,
        requests_per_minute: null,
        // Counted, and not come to.
        ...{ appointments_per_hour: 1_000_000, appointments_per_day: 10_000_000 },
        ...{
          reminders_per_hour: 1_000_000,
          reminders_per_day: 10_000_000,
          numbers_per_hour: 50_000,
        },
        ...settings,
      };
      const columns = Object.keys(row);
      await admin.query(
        `insert into organisations (${columns.join(', ')})
         values (${columns.map((_, index) => `$${index + 1}`).join(', ')})`,
        Object.values(row),
      );
      return row.id;
    },
    async close() {
      await Promise.all(opened.map((database) => database.close()));
      await admin.end();
    },
  };
}

export async function createTestDatabase(): Promise<TestDatabase> {
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  const server = testServer();
  await run(server.adminUrl, `create database ${name} template ${templateDatabase}`);

  const adminUrl = new Secret(withDatabase(server.adminUrl, name));
  const roleUrls = Object.fromEntries(
    databaseRoles.map((role) => [
      role,
      new Secret(withDatabase(server.roleUrls[role] ?? '', name)),
    ]),
  ) as Record<DatabaseRole, Secret<string>>;
  const { close, ...database } = openTestDatabase({ adminUrl, roleUrls });
  // What a new database counts from is now, and not when its template was made.
  await database.admin.query('delete from measuring');
  await database.admin.query('insert into measuring default values');
  return {
    ...database,
    async drop() {
      await close();
      await run(server.adminUrl, `drop database if exists ${name} with (force)`);
    },
  };
}

async function run(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(statement);
  await client.end();
}
