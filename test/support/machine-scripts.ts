import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import {
  type ComposeService,
  placeholdersIn,
  readComposeFile,
} from '../../scripts/compose-file.ts';
import { waitFor } from './wait-for.ts';

const source = join(import.meta.dirname, '../../deploy/machines');
const composePath = join(source, 'compose.yaml');
/** Longer than anything takes here, on a slow machine that is busy. */
const patienceMs = 50_000;
/** Ends it as soon as nobody holds the other end of its input, as when the test process has died. */
const guarding = `exec 3<&0; "$@" 3<&- & child=$!
{ cat <&3; kill -QUIT $child; kill -TERM $child; } & wait $child; code=$?; kill $!; exit $code`;

/** A service that was started once. */
export interface StartedService {
  /** What it has said. */
  log(): string;
  /** Its exit code. */
  readonly ended: Promise<number>;
  /** Polls until something holds; fails with what the service has said when it ends before. */
  until(holds: () => Promise<boolean>): Promise<void>;
  stop(): Promise<void>;
}

/** Runs services of deploy/machines by their own scripts, without a container. */
export interface MachineScripts {
  readonly folder: string;
  /** Files that it mounts are found where they lie; AT_FIRST names those for the first start of a database. */
  start(service: ComposeService | undefined, env: Readonly<Record<string, string>>): StartedService;
  /** Stops what was started and removes the folder. */
  remove(): Promise<void>;
}

/** The services on one machine; what is not given is `given-NAME`. */
export function readMachine(given: Readonly<Record<string, string>>) {
  const names = placeholdersIn(readFileSync(composePath, 'utf8')).keys();
  const all = Object.fromEntries([...names].map((name) => [name, `given-${name}`]));
  return readComposeFile(composePath, { ...all, ...given }).services;
}

/**
 * @param options.programs text of what only the image has, by name
 * @param options.path of what this machine has too
 * @param options.rewrite what a container would change: which port and which folder a name stands for
 */
export function openMachineScripts({
  programs,
  path = [],
  rewrite = (text) => text,
}: {
  readonly programs: Readonly<Record<string, string>>;
  readonly path?: readonly string[];
  readonly rewrite?: (text: string) => string;
}): MachineScripts {
  const folder = mkdtempSync(join(tmpdir(), 'sotto-test-machines-'));
  // Another user may have to pass through.
  chmodSync(folder, 0o711);
  const [bin, scripts] = [join(folder, 'bin'), join(folder, 'sotto')];
  for (const place of [bin, scripts]) mkdirSync(place);
  for (const [name, text] of Object.entries(programs)) {
    writeFileSync(join(bin, name), text, { mode: 0o755 });
  }
  for (const name of readdirSync(source).filter((entry) => entry.endsWith('.sh'))) {
    writeFileSync(join(scripts, name), rewrite(readFileSync(join(source, name), 'utf8')));
  }
  const onPath = [bin, ...path, process.env.PATH].join(delimiter);
  const started: StartedService[] = [];

  function start(service: ComposeService | undefined, env: Readonly<Record<string, string>>) {
    const words = [...(service?.entrypoint ?? []), ...(service?.command ?? [])];
    const mounts = (service?.volumes ?? [])
      .filter((volume) => volume.startsWith('.'))
      .map((volume) => volume.split(':'))
      .map(([from = '', to = '']) => ({
        to,
        file: join(from.endsWith('.sh') ? scripts : source, from),
      }));
    const here = (word: string) =>
      mounts.reduce((text, { to, file }) => text.replace(to, file), word);
    const atFirst = mounts.filter(({ to }) => to.startsWith('/docker-entrypoint-initdb.d/'));
    const logFile = join(folder, `${started.length}.log`);
    const log = openSync(logFile, 'w');
    const guard = spawn('sh', ['-c', guarding, 'sh', ...words.map(here)], {
      cwd: folder,
      env: {
        PATH: onPath,
        AT_FIRST: atFirst.map(({ file }) => file).join(' '),
        ...service?.environment,
        ...env,
      },
      stdio: ['pipe', log, log],
    });
    closeSync(log);
    let code: number | undefined;
    const ended = once(guard, 'exit').then(([status]) => {
      code = Number(status);
      return code;
    });
    const one: StartedService = {
      log: () => readFileSync(logFile, 'utf8'),
      ended,
      until: (holds) =>
        waitFor(async () => {
          if (code !== undefined) throw new Error(`ended with ${code}: ${one.log()}`);
          return holds().catch(() => false);
        }, patienceMs),
      async stop() {
        guard.stdin?.end();
        await ended;
      },
    };
    started.push(one);
    return one;
  }
  return {
    folder,
    start,
    async remove() {
      await Promise.all(started.map((one) => one.stop()));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
