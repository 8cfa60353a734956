import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { migrate } from '../../src/store/migrate.ts';
import { createRoleLogins } from '../../src/store/role-logins.ts';
import { takeDataDir } from '../../src/supervisor/data-dir.ts';
import { startEmbeddedPostgres } from '../../src/supervisor/embedded-postgres.ts';
import { openTestDatabase } from './database.ts';
import { waitFor } from './wait-for.ts';

/** So that it can replay its log, which is all there, to a new timeline. */
const settings = { wal_level: 'replica', restore_command: 'false' };

/** A migrated server of a test's own, whose files can be kept, put back, and started elsewhere in time. */
export async function startCopiedServer() {
  const folder = mkdtempSync(join(tmpdir(), 'sotto-test-restore-'));
  const dataDir = await takeDataDir(join(folder, 'data'));
  let server = await startEmbeddedPostgres({ dataDir: dataDir.path, settings });
  await migrate(server.adminUrl);
  const roleUrls = await createRoleLogins(server.adminUrl);
  const database = openTestDatabase({ adminUrl: server.adminUrl, roleUrls });
  const [files, backup] = [join(dataDir.path, 'postgres'), join(folder, 'backup')];
  const copy = (from: string, to: string) =>
    cpSync(from, to, { recursive: true, preserveTimestamps: true });

  /** Every connection is lost; pools make new ones. */
  async function whileStopped(work: () => void): Promise<void> {
    await server.stop();
    work();
    server = await startEmbeddedPostgres({ dataDir: dataDir.path, port: server.port, settings });
  }

  return {
    folder,
    database,
    startAnew: () => whileStopped(() => {}),
    backUp: () => whileStopped(() => copy(files, backup)),
    putBack: () =>
      whileStopped(() => {
        rmSync(files, { recursive: true });
        copy(backup, files);
      }),
    /** As a standby does that has received everything. */
    async promote(): Promise<void> {
      await whileStopped(() => writeFileSync(join(files, 'recovery.signal'), ''));
      await waitFor(async () => {
        const { rows } = await database.admin.query('select pg_is_in_recovery() as is');
        return rows[0].is === false;
      });
    },
    async remove(): Promise<void> {
      await database.close();
      await server.stop();
      dataDir.release();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
