import { loadConfig } from '../../../config/env.ts';
import { command, json } from '../command.ts';

export const opsUser = command({
  name: 'ops-user',
  group: 'Set up',
  summary: 'who may sign in to the ops pages',
  usage: [
    'ops-user create --name NAME --role viewer|operator|admin [--password-stdin] [--json]',
    'ops-user password NAME [--password-stdin] [--json]',
    'ops-user disable NAME [--json]',
    'ops-user list [--json]',
  ],
  about: [
    'A viewer looks, an operator acts, an admin also manages. create makes a password and prints it once; stored is a hash. password gives a new one to somebody who lost theirs or was disabled. password and disable sign the user out at once. What users did stays in the audit.',
  ],
  examples: [
    { for: 'prints the password', line: 'sotto ops-user create --name anna --role operator' },
    {
      for: 'with a password of 12 characters or more from a file',
      line: 'sotto ops-user create --name ben --role viewer --password-stdin < ben.txt',
    },
    { for: 'somebody left', line: 'sotto ops-user disable anna' },
  ],
  options: {
    name: {
      type: 'string',
      value: 'NAME',
      means: 'What they sign in with: lower-case letters, digits and . _ @ -',
    },
    role: { type: 'string', value: 'viewer|operator|admin', means: 'What they may do' },
    'password-stdin': {
      type: 'boolean',
      means: 'Read the password from standard input instead of making one',
    },
    json,
  },
  positionalsMax: 2,
  run: async (given) => (await import('../ops-user.ts')).runOpsUser(loadConfig(process.env), given),
});
