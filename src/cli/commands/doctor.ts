import { command, json } from '../command.ts';

export const doctor = command({
  name: 'doctor',
  group: 'Set up',
  summary: 'say what is wrong with this set-up, and what to do',
  usage: ['doctor [--only NAME] [--json]'],
  about: [
    'It looks at variables, PostgreSQL, Redis, keys, processes, the mail server and its DNS records, the SMS account and the public addresses, all at once and within 15 seconds. It changes nothing, sends nothing and shows no secret.',
    'Problems come first, then warnings, then what is fine. It exits with 1 when there is a problem. Give it the variables of worker with the DATABASE_URL of an administrator, or DATA_DIR of a running npm start.',
  ],
  examples: [
    { for: 'after a change to DNS or to the mail server', line: 'sotto doctor --only mail' },
    { for: 'for a monitor', line: 'sotto doctor --json' },
  ],
  options: {
    only: {
      type: 'string',
      value: 'NAME',
      means:
        'Look at one group: configuration, database, redis, keys, processes, mail, sms or addresses',
    },
    json,
  },
  run: async (given) => (await import('../doctor.ts')).runDoctor(process.env, given),
});
