import pg from 'pg';
import type { TestProject } from 'vitest/node';
import { Secret } from '../../src/domain/secret.ts';
import { migrate } from '../../src/store/migrate.ts';
import { createRoleLogins, databaseRoles } from '../../src/store/role-logins.ts';
import { startTestPostgres } from './embedded-postgres.ts';
import { findRedis } from './redis-process.ts';

export const templateDatabase = 'sotto_template';

declare module 'vitest' {
  export interface ProvidedContext {
    adminUrl: string;
    roleUrls: Record<string, string>;
    /** Which queue a run of a test file is about. */
    queue: 'postgres' | 'redis';
    /** How to start one, where Redis is meant. */
    redisServer: { program: string; libraries: string };
  }
}

/** One PostgreSQL for the whole run; each test file clones the migrated template for itself. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const given = process.env.SOTTO_TEST_ADMIN_URL;
  const server = given ? undefined : await startTestPostgres();
  const adminUrl = given ?? server?.adminUrl.reveal() ?? '';

  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  await client.query(`drop database if exists ${templateDatabase} with (force)`);
  await client.query(`create database ${templateDatabase}`);
  await client.end();

  const template = new Secret(withDatabase(adminUrl, templateDatabase));
  await migrate(template);
  const logins = await createRoleLogins(template);
  project.provide('adminUrl', adminUrl);
  project.provide(
    'roleUrls',
    Object.fromEntries(databaseRoles.map((role) => [role, logins[role].reveal()])),
  );
  // The tests that need one fail with its words when there is none.
  if (project.config.provide.queue === 'redis') project.provide('redisServer', findRedis());
  return async () => server?.stop();
}

export function withDatabase(url: string, name: string): string {
  const changed = new URL(url);
  changed.pathname = `/${name}`;
  return changed.href;
}
