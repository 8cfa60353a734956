import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.ts';
import { waitFor } from './wait-for.ts';

/**
 * A stock Exim, as Debian packages it, run as an ordinary user: it takes any mail for
 * `sotto.test`, writes `alice`'s and `bounces`' into files and sends the rest back as undeliverable.
 */
export interface MailServer {
  readonly url: string;
  /** The messages in a mailbox, in the order they came, each as the server wrote it. */
  mailbox(name: 'alice' | 'bounces'): Buffer[];
  stop(): Promise<void>;
}

const cache = join(import.meta.dirname, '../../node_modules/.cache/sotto-exim');
const packages = ['exim4-daemon-light', 'libnss-wrapper'];
const nobody = 65_534;

/** @returns why there is none, where Debian's packages are not to be had */
export async function startMailServer(): Promise<MailServer | { readonly missing: string }> {
  try {
    unpackOnce();
  } catch (error) {
    return { missing: `no stock mail server: ${(error as Error).message}` };
  }
  const folder = mkdtempSync(join(tmpdir(), 'sotto-test-exim-'));
  const port = await freePort();
  const { user, group } = ordinaryUser();
  for (const name of ['spool', 'mail']) mkdirSync(join(folder, name));
  writeFileSync(join(folder, 'exim.conf'), configuration(folder, { user, group }));
  // Debian's Exim insists on a user of that name; here it is whoever runs the tests.
  writeFileSync(join(folder, 'passwd'), `Debian-exim:x:${user}:${group}::${folder}:/bin/false\n`);
  writeFileSync(join(folder, 'group'), `Debian-exim:x:${group}:\n`);
  for (const name of ['.', 'spool', 'mail']) chownSync(join(folder, name), user, group);

  const address = ['-oX', `127.0.0.1.${port}`];
  const server = spawn(program(), ['-C', join(folder, 'exim.conf'), '-bdf', '-q1m', ...address], {
    ...(process.getuid?.() === 0 ? { uid: user, gid: group } : {}),
    env: environment(folder),
    stdio: 'ignore',
  });
  process.once('exit', () => server.kill('SIGKILL'));
  await waitFor(() => isListening(port), 20_000, 20);
  return {
    url: `smtp://127.0.0.1:${port}`,
    mailbox: (name) => messagesIn(join(folder, 'mail', name)),
    async stop() {
      await ended(server);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function configuration(folder: string, { user, group }: { user: number; group: number }): string {
  const mailbox = (name: string) => ({
    router: [
      `${name}:`,
      '  driver = accept',
      '  domains = sotto.test',
      `  local_parts = ${name}`,
      '  local_part_suffix = +*',
      '  local_part_suffix_optional',
      `  transport = ${name}_file`,
    ],
    transport: [
      `${name}_file:`,
      '  driver = appendfile',
      `  file = ${folder}/mail/${name}`,
      '  envelope_to_add',
      '  return_path_add',
      `  user = ${user}`,
      `  group = ${group}`,
    ],
  });
  const mailboxes = [mailbox('alice'), mailbox('bounces')];
  return [
    'keep_environment = LD_PRELOAD : LD_LIBRARY_PATH : NSS_WRAPPER_PASSWD : NSS_WRAPPER_GROUP',
    'primary_hostname = mx.sotto.test',
    `spool_directory = ${folder}/spool`,
    `log_file_path = ${folder}/%slog`,
    `pid_file_path = ${folder}/exim.pid`,
    `exim_path = ${program()}`,
    'never_users =',
    'host_lookup =',
    'rfc1413_query_timeout = 0s',
    'tls_advertise_hosts =',
    'dsn_advertise_hosts = *',
    'acl_smtp_rcpt = accept_all',
    'acl_smtp_dkim = accept_all',
    'deliver_drop_privilege',
    'begin acl',
    'accept_all:',
    '  accept',
    'begin routers',
    ...mailboxes.flatMap(({ router }) => router),
    'begin transports',
    ...mailboxes.flatMap(({ transport }) => transport),
    '',
  ].join('\n');
}

function ordinaryUser(): { user: number; group: number } {
  const user = process.getuid?.() ?? nobody;
  return user === 0
    ? { user: nobody, group: nobody }
    : { user, group: process.getgid?.() ?? nobody };
}

const program = () => join(cache, 'usr/sbin/exim4');

function environment(folder: string): Record<string, string> {
  const triplets = join(cache, 'usr/lib');
  const libraries = readdirSync(triplets).map((name) => join(triplets, name));
  return {
    LD_LIBRARY_PATH: libraries.join(':'),
    LD_PRELOAD: 'libnss_wrapper.so',
    NSS_WRAPPER_PASSWD: join(folder, 'passwd'),
    NSS_WRAPPER_GROUP: join(folder, 'group'),
  };
}

function unpackOnce(): void {
  if (existsSync(program())) return;
  mkdirSync(join(cache, '..'), { recursive: true });
  const folder = mkdtempSync(`${cache}-`);
  try {
    // What it needs and this machine lacks; of the rest, the daemon needs nothing.
    const libraries = run('apt-cache', ['depends', ...packages]).matchAll(/Depends: (lib\S+)/g);
    const installed = (name: string) => spawnSync('dpkg', ['-s', name]).status === 0;
    const wanted = [...libraries].map(([, name = '']) => name).filter((name) => !installed(name));
    const download = ['-o', 'APT::Sandbox::User=root', 'download', ...packages, ...wanted];
    run('apt-get', download, folder);
    for (const file of readdirSync(folder)) run('dpkg', ['-x', file, '.'], folder);
    for (const file of readdirSync(folder)) if (file.endsWith('.deb')) rmSync(join(folder, file));
    // Without the right to become root, which it then asks for nowhere.
    run('chmod', ['-R', 'u+rwX,go+rX,u-s', '.'], folder);
    rmSync(cache, { recursive: true, force: true });
    renameSync(folder, cache);
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

function run(command: string, args: string[], cwd?: string): string {
  const env = { ...process.env, LC_ALL: 'C' };
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd,
    env,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`${command}: ${(stderr ?? error?.message ?? '').trim()}`);
  return stdout;
}

function messagesIn(file: string): Buffer[] {
  if (!existsSync(file)) return [];
  const text = readFileSync(file, 'latin1');
  return text.split(/^(?=From )/m).map((message) => Buffer.from(message, 'latin1'));
}

async function ended(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const gone = once(server, 'exit');
  server.kill('SIGTERM');
  await gone;
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    socket.once('error', () => resolve(false));
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });
}
