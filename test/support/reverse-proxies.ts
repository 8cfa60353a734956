import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tls from 'node:tls';
import { filesBelow } from './canaries.ts';
import { findProgram } from './find-program.ts';
import { freePort } from './free-port.ts';
import { selfSigned } from './self-signed.ts';
import { waitFor } from './wait-for.ts';

/** A real reverse proxy under the configuration in deploy/, as an ordinary user on ports of its own. */
export interface ReverseProxy {
  /** Where each host of Sotto is asked for. */
  readonly hosts: Readonly<Record<'api' | 'patient' | 'ops', ProxyHost>>;
  /** Everything it has written, to files and to its terminal. */
  written(): string;
  stop(): Promise<void>;
}

export interface ProxyHost {
  readonly name: string;
  readonly port: number;
  readonly tls: boolean;
}

const deploy = join(import.meta.dirname, '../../deploy');
const nobody = 65_534;

/** Where the three hosts lead to: to one port, or to each role's. */
type Upstreams = number | Readonly<Record<'api' | 'patient' | 'ops', number>>;

/**
 * @param patientName in place of the name in the file
 * @param port to listen on with TLS; one that is free otherwise
 */
export async function startNginx(
  upstreams: Upstreams,
  {
    patientName = 'rdv.example.org',
    port,
    certificate = selfSigned(),
  }: { patientName?: string; port?: number; certificate?: { key: string; cert: string } } = {},
): Promise<ReverseProxy> {
  const folder = ownFolder('nginx');
  const [free, plain, inside] = await Promise.all([freePort(), freePort(), freePort()]);
  const tlsPort = port ?? free;
  const { key, cert } = certificate;
  const upstream = (role: 'api' | 'patient' | 'ops') =>
    typeof upstreams === 'number' ? upstreams : upstreams[role];
  for (const name of ['api', 'rdv', 'ops']) {
    writeFileSync(join(folder, `${name}.crt`), cert);
    writeFileSync(join(folder, `${name}.key`), key);
  }
  const spools = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  const places = spools.map((name) => `  ${name}_temp_path ${folder}/${name};`).join('\n');
  const changes: [RegExp, string][] = [
    [/\/etc\/ssl\/sotto|\/var\/log\/nginx|\/run(?=\/nginx\.pid)/g, folder],
    [/listen 443 /g, `listen 127.0.0.1:${tlsPort} `],
    [/listen 80 /g, `listen 127.0.0.1:${plain} `],
    [/127\.0\.0\.1:8443/g, `127.0.0.1:${inside}`],
    [/127\.0\.0\.1:3000/g, `127.0.0.1:${upstream('api')}`],
    [/127\.0\.0\.1:3001/g, `127.0.0.1:${upstream('patient')}`],
    [/127\.0\.0\.1:3002/g, `127.0.0.1:${upstream('ops')}`],
    [/rdv\.example\.org/g, patientName],
    [/^http \{$/gm, `http {\n${places}`],
  ];
  writeFileSync(join(folder, 'nginx.conf'), changed('nginx.conf', changes));
  const args = ['-c', `${folder}/nginx.conf`, '-p', folder, '-e', `${folder}/error.log`];
  const started = start(findProgram('nginx'), [...args, '-g', 'daemon off;'], folder);
  await started.listening(tlsPort);
  return {
    ...started,
    hosts: {
      api: { name: 'api.example.org', port: tlsPort, tls: true },
      patient: { name: patientName, port: tlsPort, tls: true },
      ops: { name: 'ops.example.internal', port: inside, tls: true },
    },
  };
}

/** Its two public hosts without TLS: no authority would give a certificate for them. */
export async function startCaddy(upstreamPort: number): Promise<ReverseProxy> {
  const folder = ownFolder('caddy');
  const [plain, inside, http] = await Promise.all([freePort(), freePort(), freePort()]);
  const upstream = `127.0.0.1:${upstreamPort}`;
  const args = ['run', '--config', join(deploy, 'Caddyfile'), '--adapter', 'caddyfile'];
  const started = start(findProgram('caddy'), args, folder, {
    SOTTO_API_SITE: `http://api.example.org:${plain}`,
    SOTTO_PATIENT_SITE: `http://rdv.example.org:${plain}`,
    SOTTO_OPS_SITE: `https://localhost:${inside}`,
    SOTTO_HTTP_PORT: String(http),
    SOTTO_API_UPSTREAM: upstream,
    SOTTO_PATIENT_UPSTREAM: upstream,
    SOTTO_OPS_UPSTREAM: upstream,
  });
  await started.listening(plain);
  // It makes itself an authority and a certificate, which takes longer than listening.
  await waitFor(() => shakesHands(inside), 30_000);
  return {
    ...started,
    hosts: {
      api: { name: 'api.example.org', port: plain, tls: false },
      patient: { name: 'rdv.example.org', port: plain, tls: false },
      ops: { name: 'localhost', port: inside, tls: true },
    },
  };
}

function shakesHands(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = tls.connect({
      ...{ host: '127.0.0.1', port, servername: 'localhost', rejectUnauthorized: false },
    });
    socket.once('secureConnect', () => {
      socket.end();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

/** A file of deploy/ with every change made at least once. */
function changed(name: string, changes: readonly [RegExp, string][]): string {
  return changes.reduce(
    (text, [from, to]) => {
      if (!text.match(from)) throw new Error(`${name} has no ${from}`);
      return text.replaceAll(from, to);
    },
    readFileSync(join(deploy, name), 'utf8'),
  );
}

function start(
  program: string,
  args: readonly string[],
  folder: string,
  env: Record<string, string> = {},
) {
  const ordinary = process.getuid?.() === 0 ? { uid: nobody, gid: nobody } : {};
  for (const file of [folder, ...filesBelow(folder)]) {
    if (ordinary.uid !== undefined) chownSync(file, nobody, nobody);
  }
  const child = spawn(program, args, {
    ...ordinary,
    cwd: folder,
    env: { PATH: process.env.PATH, HOME: folder, XDG_DATA_HOME: folder, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  process.once('exit', () => child.kill('SIGKILL'));
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString('latin1');
    });
  }
  const written = () =>
    [output, ...filesBelow(folder).map((file) => readFileSync(file, 'latin1'))].join('\n');
  return {
    written,
    async listening(port: number) {
      await waitFor(() => {
        if (child.exitCode !== null) throw new Error(`it ended at once: ${output}`);
        return isListening(port);
      }, 30_000);
    },
    async stop() {
      await ended(child);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function ownFolder(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `sotto-test-${name}-`));
  chmodSync(folder, 0o755);
  return folder;
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
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
