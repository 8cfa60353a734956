import { checkTransport } from '../../../config/transports.ts';
import { type Command, command } from '../command.ts';
import { runRole } from '../run-role.ts';

// Each role imports what it needs when it runs: a process holds its own code alone.
const role = ({
  name,
  summary,
  about,
  start,
}: {
  name: string;
  summary: string;
  about: string;
  start: Parameters<typeof runRole>[0];
}): Command =>
  command({
    name,
    group: 'Roles',
    summary,
    usage: [name],
    about: [about, 'SIGTERM lets it finish what is under way, for 8 seconds at most.'],
    examples: [
      {
        for: 'with its settings in a file',
        line: `node --env-file=${name}.env src/cli.ts ${name}`,
      },
    ],
    options: {},
    run: () => runRole(start),
  });

/** One process each in production. */
export const roles: readonly Command[] = [
  role({
    name: 'api',
    summary: 'the API that booking systems call',
    about:
      'Listens on API_PORT. It seals what it accepts and holds no key that opens it. It also takes the callbacks of providers.',
    start: async (config) => (await import('../../roles/api.ts')).runApi(config),
  }),
  role({
    name: 'patient',
    summary: 'the pages that patients open',
    about:
      'Listens on PATIENT_PORT, behind a proxy with TLS. It makes the view keys that appointments are sealed to.',
    start: async (config) => (await import('../../roles/patient.ts')).runPatient(config),
  }),
  role({
    name: 'ops',
    summary: 'the pages, health and metrics for operators',
    about:
      'Listens on OPS_PORT, which belongs inside your network. Who may sign in is set with sotto ops-user.',
    start: async (config) => (await import('../../roles/ops.ts')).runOps(config),
  }),
  role({
    name: 'worker',
    summary: 'sends what is due and settles what came back',
    about: 'Listens nowhere. As many as you like may run; each knows the providers.',
    start: async (config) => {
      checkTransport(config);
      return (await import('../../../workers/worker.ts')).runWorker(config);
    },
  }),
  role({
    name: 'scheduler',
    summary: 'feeds, sweeps, expires and clears',
    about:
      'Listens nowhere. It holds keys for webhooks, the audit and the canary; none opens anything of a patient. A second one is safe and takes over when one dies.',
    start: async (config) => (await import('../../../workers/scheduler.ts')).runScheduler(config),
  }),
  role({
    name: 'sandbox',
    summary: 'the phone and mailbox that messages go to when no provider is set',
    about:
      'Listens on SANDBOX_PORT and SANDBOX_SMTP_PORT. It refuses to run beside a live provider.',
    start: async (config) => (await import('../../sandbox/main.ts')).runSandbox(config),
  }),
];
