import { loadConfig } from '../../../config/env.ts';
import { command, json } from '../command.ts';

export const healthcheck = command({
  name: 'healthcheck',
  group: 'Day to day',
  summary: 'whether the listener of a role on this machine lives',
  usage: ['healthcheck [api|patient|ops|worker|scheduler] [--json]'],
  about: [
    'For containers, whose image holds no curl: it asks /livez of the role that the container runs, or of the one that is named, and exits with 0 or 1. worker and scheduler listen on nothing and count as alive for as long as they run; /readyz of ops says whether they beat.',
  ],
  examples: [{ for: 'in a container of the api', line: 'sotto healthcheck api' }],
  options: { json },
  positionalsMax: 1,
  run: async (given) =>
    (await import('../healthcheck.ts')).runHealthcheck(loadConfig(process.env), given),
});
