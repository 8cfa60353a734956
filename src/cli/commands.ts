import { loadConfig } from '../../config/env.ts';
import { checkTransport } from '../../config/transports.ts';
import { runRole } from './run-role.ts';

export interface Command {
  readonly name: string;
  /** One line for the overview. */
  readonly help: string;
  /** @returns the exit code */
  readonly run: (words: readonly string[]) => Promise<number>;
}

// Each role and command imports what it needs when it runs: a process holds its own code alone.
const role = (name: string, help: string, start: Parameters<typeof runRole>[0]): Command => ({
  name,
  help,
  run: () => runRole(start),
});

/** What `sotto` can do, in the order that help shows. */
export const commands: readonly Command[] = [
  {
    name: 'up',
    help: 'Everything on this machine, with a database and a sandbox of its own',
    run: async () => {
      const config = loadConfig(process.env);
      checkTransport(config);
      return (await import('./up.ts')).runUp(config, process.env);
    },
  },
  {
    name: 'migrate',
    help: 'Bring the database at DATABASE_URL to the newest schema',
    run: async () => (await import('./admin.ts')).runMigrate(loadConfig(process.env)),
  },
  role('api', 'The API that booking systems call', async (config) =>
    (await import('../roles/api.ts')).runApi(config),
  ),
  role('patient', 'The pages that patients open', async (config) =>
    (await import('../roles/patient.ts')).runPatient(config),
  ),
  role('ops', 'Health and metrics for operators', async (config) =>
    (await import('../roles/ops.ts')).runOps(config),
  ),
  role('worker', 'Sends what is due and settles what came back', async (config) => {
    checkTransport(config);
    return (await import('../../workers/worker.ts')).runWorker(config);
  }),
  role('scheduler', 'Feeds, sweeps, expires and clears', async (config) =>
    (await import('../../workers/scheduler.ts')).runScheduler(config),
  ),
  role(
    'sandbox',
    'The phone and mailbox that messages go to when no provider is set',
    async (config) => (await import('../sandbox/main.ts')).runSandbox(config),
  ),
  {
    name: 'org',
    help: 'org create --name NAME [--json] · org set ID, for its settings',
    run: async (words) =>
      (await import('./organisation.ts')).runOrganisation(loadConfig(process.env), words),
  },
  {
    name: 'key',
    help: 'key create --organisation ID --mode test|live [--json] · key revoke ID',
    run: async (words) => (await import('./admin.ts')).runKey(loadConfig(process.env), words),
  },
  {
    name: 'opt-out',
    help: 'opt-out lift --reason TEXT: for somebody who asked for messages again, named on stdin',
    run: async (words) => (await import('./opt-out.ts')).runOptOut(loadConfig(process.env), words),
  },
  {
    name: 'callbacks',
    help: 'callbacks [--json]: the addresses to enter at the SMS provider and the mail server',
    run: async (words) =>
      (await import('./callbacks.ts')).runCallbacks(loadConfig(process.env), words),
  },
  {
    name: 'bounce',
    help: 'bounce [--url-file FILE] [FILE | MAILDIR]…: hands over returned mail, or stdin',
    run: async (words) =>
      (await import('./bounce.ts')).runBounce(() => loadConfig(process.env), words),
  },
];

export function usage(): string {
  const width = Math.max(...commands.map(({ name }) => name.length));
  return [
    'Usage: sotto COMMAND [OPTIONS]',
    '',
    ...commands.map(({ name, help }) => `  ${name.padEnd(width)}  ${help}`),
    '',
    'Settings come from the environment; .env.example lists every variable.',
  ].join('\n');
}
