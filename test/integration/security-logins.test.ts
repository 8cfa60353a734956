import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Secret } from '../../src/domain/secret.ts';
import { migrate } from '../../src/store/migrate.ts';
import { createRoleLogins, type DatabaseRole } from '../../src/store/role-logins.ts';
import { takeDataDir } from '../../src/supervisor/data-dir.ts';
import {
  type EmbeddedPostgres,
  startEmbeddedPostgres,
} from '../../src/supervisor/embedded-postgres.ts';

// A server of its own: the passwords of roles are the whole server's, not one database's.
let folder: string;
let server: EmbeddedPostgres;
let urls: Record<DatabaseRole, Secret<string>>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sotto-logins-'));
  const dataDir = await takeDataDir(folder);
  server = await startEmbeddedPostgres({ dataDir: dataDir.path, durable: false });
  await migrate(server.adminUrl);
  const client = new pg.Client({ connectionString: server.adminUrl.reveal() });
  await client.connect();
  await client.query(`alter database postgres set log_statement = 'all'`);
  await client.end();
  urls = await createRoleLogins(server.adminUrl);
});
afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true });
});

describe('the password of a role', () => {
  it('is in no statement, so that no log of a server that logs statements holds it', async () => {
    const log = await readFile(join(folder, 'postgres.log'), 'utf8');
    expect(log).toMatch(/alter role .*sotto_worker/i);
    for (const url of Object.values(urls)) {
      expect(log).not.toContain(new URL(url.reveal()).password);
    }
  });

  it('signs its role in, and no other role', async () => {
    for (const [role, url] of Object.entries(urls)) {
      const client = new pg.Client({ connectionString: url.reveal() });
      await client.connect();
      const { rows } = await client.query('select current_user');
      expect(rows).toEqual([{ current_user: `sotto_${role}` }]);
      await client.end();
    }
    const crossed = new URL(urls.worker.reveal());
    crossed.username = 'sotto_api';
    const client = new pg.Client({ connectionString: crossed.href });
    await expect(client.connect()).rejects.toMatchObject({ code: '28P01' });
  });
});
