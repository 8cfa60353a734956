import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Config } from '../../config/env.ts';
import type { Secret } from '../domain/secret.ts';
import type { DatabaseRole } from '../store/role-logins.ts';
import type { RoleProcess } from './children.ts';
import { warmCompileCache } from './compile-cache.ts';
import { type DataDir, takeDataDir } from './data-dir.ts';
import { keepPostgres } from './keep-postgres.ts';
import { checkPortsFree } from './ports.ts';
import { StartError } from './start-error.ts';
import { startGuard } from './start-guard.ts';
import { isSandbox, portsOf, startRoles, untilReady, withSandboxProvider } from './start-roles.ts';
import { listenForStop, unlessStopped } from './stop-request.ts';
import { type DemoAccess, startSummary } from './summary.ts';

/** What the system is made of beside its processes, given by whoever composes it. */
export interface UpSteps {
  migrate(adminUrl: Secret<string>): Promise<unknown>;
  /** Gives each role its way in. */
  roleUrls(adminUrl: Secret<string>): Promise<Readonly<Record<DatabaseRole, Secret<string>>>>;
  /** Runs once all roles are ready, with the sandbox only. Writes `sandbox.json`. */
  demo(facts: { config: Config; adminUrl: Secret<string> }): Promise<DemoAccess>;
}

export interface UpOptions {
  readonly config: Config;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly steps: UpSteps;
  /** What the roles import, to be compiled ahead of them at the first start. */
  readonly roleModules?: readonly URL[];
  /** The script that, given a role's name, becomes that role. */
  readonly roleScript?: string;
}

const nodeMajor = 26;
const cli = fileURLToPath(new URL('../cli.ts', import.meta.url));

/**
 * Runs all of Sotto until it is asked to stop: the database (unless DATABASE_URL names one), and
 * every role as its own process.
 *
 * @returns the exit code: 0 after SIGINT, SIGTERM or SIGHUP, 1 when it could not start and a line
 *   on standard error has said why
 */
export async function up(options: UpOptions): Promise<number> {
  const request = listenForStop();
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  // Whatever is started puts its end here; it is unwound from the top.
  const running = new AsyncDisposableStack();
  try {
    await start(options, running, request.signal);
    await unlessStopped(request.signal, new Promise<never>(() => {}));
    return 0;
  } catch (error) {
    // Ctrl+C ends what this process waits for too, and is heard of only once the event loop has turned.
    await nextTurn();
    if (request.signal.aborted) return 0;
    if (!(error instanceof StartError)) throw error;
    console.error(error.message);
    return 1;
  } finally {
    await running.disposeAsync();
    request.release();
    if (request.signal.aborted) console.log('Stopped.');
  }
}

async function start(
  { config: given, env, steps, roleModules = [], roleScript = cli }: UpOptions,
  running: AsyncDisposableStack,
  stop: AbortSignal,
): Promise<void> {
  checkNodeVersion();
  const dataDir = await takeDataDir(given.DATA_DIR);
  running.defer(() => dataDir.release());
  const config = withSandboxProvider({ ...given, DATA_DIR: dataDir.path }, dataDir.path);
  await checkPortsFree(config.HOST, portsOf(config));
  const guard = startGuard({ dataDir: dataDir.path, onStarted: dataDir.recordGuard });
  running.defer(() => guard.stop());

  const cacheFolder = join(dataDir.path, 'cache');
  const modules = roleModules.length > 0 ? [...roleModules, pathToFileURL(roleScript)] : [];
  const warmed = warmCompileCache(cacheFolder, modules);
  const adminUrl = await openDatabase(config, dataDir, running);
  stop.throwIfAborted();
  await steps.migrate(adminUrl);
  const urls = await steps.roleUrls(adminUrl);
  await warmed;
  stop.throwIfAborted();

  const roles: RoleProcess[] = [];
  running.defer(async () => void (await Promise.all(roles.map((role) => role.stop()))));
  const roleEnv = { ...env, NODE_COMPILE_CACHE: cacheFolder };
  startRoles({ config, env: roleEnv, urls, script: roleScript, dataDir }, roles);
  await unlessStopped(stop, Promise.all(roles.map(untilReady)));
  const demo = isSandbox(config)
    ? await unlessStopped(stop, steps.demo({ config, adminUrl }))
    : undefined;
  console.log(startSummary({ config, access: demo, readyMs: performance.now() }));
}

async function openDatabase(
  config: Config,
  dataDir: DataDir,
  running: AsyncDisposableStack,
): Promise<Secret<string>> {
  const given = config.DATABASE_DIRECT_URL ?? config.DATABASE_URL;
  if (given) return given;
  const postgres = await keepPostgres({
    dataDir: dataDir.path,
    note: (line) => console.error(line),
  });
  running.defer(() => postgres.stop());
  return postgres.adminUrl;
}

function checkNodeVersion(): void {
  if (Number(process.versions.node.split('.')[0]) >= nodeMajor) return;
  throw new StartError(
    `Sotto needs Node ${nodeMajor}, this is ${process.version}; the bundled one is missing: run npm ci --include=optional.`,
  );
}
