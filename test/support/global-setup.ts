import pg from 'pg';
import type { TestProject } from 'vitest/node';
import { Secret } from '../../src/domain/secret.ts';
import { migrate } from '../../src/store/migrate.ts';
import { createRoleLogins, databaseRoles } from '../../src/store/role-logins.ts';
import { startTestPostgres, type TestPostgres } from './embedded-postgres.ts';
import { findRedis } from './redis-process.ts';

export const templateDatabase = 'sotto_template';

export interface TestServer {
  readonly adminUrl: string;
  readonly roleUrls: Record<string, string>;
}

declare module 'vitest' {
  export interface ProvidedContext {
    servers: TestServer[];
    /** Which queue a run of a test file is about. */
    queue: 'postgres' | 'redis';
    /** How to start one, where Redis is meant. */
    redisServer: { program: string; libraries: string };
  }
}

/**
 * One PostgreSQL for each worker of the run: what readers of events and of minutes wait for, the
 * oldest transaction of the whole server, is then never another file's. Each file clones the
 * migrated template for itself.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const given = process.env.SOTTO_TEST_ADMIN_URL;
  const started: TestPostgres[] = given ? [] : await startServers(project.vitest.config.maxWorkers);
  const adminUrls = given ? [given] : started.map((server) => server.adminUrl.reveal());

  project.provide('servers', await Promise.all(adminUrls.map(makeTemplate)));
  // The tests that need one fail with its words when there is none.
  if (project.config.provide.queue === 'redis') project.provide('redisServer', findRedis());
  return async () => {
    await Promise.all(started.map((server) => server.stop()));
  };
}

export function withDatabase(url: string, name: string): string {
  const changed = new URL(url);
  changed.pathname = `/${name}`;
  return changed.href;
}

async function startServers(count: number): Promise<TestPostgres[]> {
  return Promise.all(Array.from({ length: count }, () => startTestPostgres()));
}

async function makeTemplate(adminUrl: string): Promise<TestServer> {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  await client.query(`drop database if exists ${templateDatabase} with (force)`);
  await client.query(`create database ${templateDatabase}`);
  await client.end();

  const template = new Secret(withDatabase(adminUrl, templateDatabase));
  await migrate(template);
  const logins = await createRoleLogins(template);
  return {
    adminUrl,
    roleUrls: Object.fromEntries(databaseRoles.map((role) => [role, logins[role].reveal()])),
  };
}
