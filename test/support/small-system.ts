/** The real supervisor and database with roles that only listen, for tests of supervision. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { loadConfig } from '../../config/env.ts';
import { Secret } from '../../src/domain/secret.ts';
import { StartError } from '../../src/supervisor/start-error.ts';
import { type UpSteps, up } from '../../src/supervisor/up.ts';

const { env } = process;
const dataDir = env.DATA_DIR ?? '';

const steps: UpSteps = {
  async migrate(adminUrl) {
    if (existsSync(join(dataDir, 'interrupted'))) {
      process.kill(process.pid, 'SIGINT');
      throw new StartError('What it waited for heard the same Ctrl+C.');
    }
    const client = new pg.Client({ connectionString: adminUrl.reveal() });
    await client.connect();
    await client.query('create table if not exists starts (at timestamptz default now())');
    await client.query('insert into starts default values');
    await client.end();
  },
  async roleUrls(adminUrl) {
    const as = (role: string) => new Secret(`${adminUrl.reveal()}?application_name=${role}`);
    return {
      api: as('api'),
      patient: as('patient'),
      ops: as('ops'),
      worker: as('worker'),
      scheduler: as('scheduler'),
    };
  },
  async demo({ config, adminUrl }) {
    writeFileSync(
      join(config.DATA_DIR, 'sandbox.json'),
      JSON.stringify({ adminUrl: adminUrl.reveal(), token: config.TWILIO_AUTH_TOKEN?.reveal() }),
      { mode: 0o600 },
    );
    return {
      apiKey: new Secret('sotto_test_key'),
      opsUser: 'ops',
      opsPassword: new Secret('a-password'),
    };
  },
};

const roleScript = join(import.meta.dirname, 'small-role.ts');
process.exit(await up({ config: loadConfig(env), env, steps, roleScript }));
