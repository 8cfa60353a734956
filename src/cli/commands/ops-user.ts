import { loadConfig } from '../../../config/env.ts';
import { command, json } from '../command.ts';

export const opsUser = command({
  name: 'ops-user',
  group: 'Set up',
  summary: 'who may sign in to the ops pages',
  usage: [
    'ops-user create --name NAME --role viewer|operator|admin [--password-stdin] [--json]',
    'ops-user create --name NAME --role viewer|operator|admin --issuer URL --subject SUBJECT [--json]',
    'ops-user role NAME --role viewer|operator|admin [--json]',
    'ops-user link NAME --issuer URL --subject SUBJECT',
    'ops-user unlink NAME',
    'ops-user password NAME [--password-stdin] [--json]',
    'ops-user disable NAME [--json]',
    'ops-user list [--json]',
  ],
  about: [
    'A viewer looks, an operator acts, an admin also sees and ends everybody’s sessions. With --issuer and --subject somebody signs in through the provider of logins in OPS_OIDC_ISSUER, which calls them so, and needs no password; link lets somebody who has one do so too, and unlink ends it. Another role holds from the next request on; the last admin stays one. create makes a password and prints it once; stored is a hash. password gives a new one to somebody who lost theirs or was disabled. password and disable sign the user out at once. What users did stays in the audit.',
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
    issuer: { type: 'string', value: 'URL', means: 'The provider of logins, as it names itself' },
    subject: {
      type: 'string',
      value: 'SUBJECT',
      means: 'What it calls them; never an address that another may get',
    },
    'password-stdin': {
      type: 'boolean',
      means: 'Read the password from standard input instead of making one',
    },
    json,
  },
  positionalsMax: 2,
  run: async (given) => (await import('../ops-user.ts')).runOpsUser(loadConfig(process.env), given),
});
