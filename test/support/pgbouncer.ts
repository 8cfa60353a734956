import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Secret } from '../../src/domain/secret.ts';
import { findPgBouncer } from './find-program.ts';
import { freePort } from './free-port.ts';
import { waitFor } from './wait-for.ts';

/** A PgBouncer that gives each transaction whichever connection is free. */
export interface PgBouncer {
  readonly port: number;
  /** The same way in, through it; it must have been given that user. */
  through(url: Secret<string>): Secret<string>;
  stop(): Promise<void>;
}

const nobody = 65_534;

/**
 * @param logins whose way in it carries, as connection strings past it
 * @param settings as in its configuration file, by name
 */
export async function startPgBouncer({
  logins,
  settings = {},
}: {
  readonly logins: readonly Secret<string>[];
  readonly settings?: Readonly<Record<string, string>>;
}): Promise<PgBouncer> {
  const { program, libraries } = findPgBouncer();
  const folder = mkdtempSync(join(tmpdir(), 'sotto-test-pgbouncer-'));
  const [port, server] = [await freePort(), new URL(logins[0]?.reveal() ?? '')];
  const isRoot = process.getuid?.() === 0;
  const all = {
    ...{ listen_addr: '127.0.0.1', listen_port: String(port), unix_socket_dir: '' },
    ...{ pool_mode: 'transaction', default_pool_size: '4', max_client_conn: '200' },
    server_login_retry: '1',
    ...{ auth_type: 'scram-sha-256', auth_file: join(folder, 'users.txt') },
    // It will not run as root.
    ...(isRoot && { user: 'nobody' }),
    ...settings,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name} = ${value}`);
  const database = `* = host=${server.hostname} port=${server.port}`;
  const configuration = `[databases]\n${database}\n[pgbouncer]\n${lines.join('\n')}\n`;
  const users = logins.map((login) => {
    const { username, password } = new URL(login.reveal());
    return `"${username}" "${decodeURIComponent(password)}"`;
  });
  writeFileSync(join(folder, 'pgbouncer.ini'), configuration, { mode: 0o600 });
  writeFileSync(join(folder, 'users.txt'), `${users.join('\n')}\n`, { mode: 0o600 });
  if (isRoot) {
    for (const name of ['.', 'pgbouncer.ini', 'users.txt'])
      chownSync(join(folder, name), nobody, -1);
  }
  const pooler = spawn(program, ['-q', join(folder, 'pgbouncer.ini')], {
    env: { PATH: process.env.PATH, LD_LIBRARY_PATH: libraries },
    stdio: 'ignore',
  });
  const killed = () => pooler.kill('SIGKILL');
  process.once('exit', killed);
  await waitFor(() => isListening(port), 20_000, 20);
  return {
    port,
    through(url) {
      const changed = new URL(url.reveal());
      changed.port = String(port);
      return new Secret(changed.href);
    },
    async stop() {
      const gone = once(pooler, 'exit');
      if (pooler.exitCode === null && pooler.signalCode === null && killed()) await gone;
      process.removeListener('exit', killed);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    }).once('error', () => resolve(false));
  });
}
