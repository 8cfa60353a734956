import { loadConfig } from '../../../config/env.ts';
import { command, json } from '../command.ts';

export const keys = command({
  name: 'keys',
  group: 'Day to day',
  summary: 'the keys of Sotto itself: list, rotate, retire, revoke',
  usage: [
    'keys list [--json]',
    'keys rotate KIND [--also FOLDER] [--reason TEXT] [--json]',
    'keys retire KIND/ID [--also FOLDER] --reason TEXT [--json]',
    'keys revoke link/SELECTOR [--also FOLDER] --reason TEXT [--json]',
    'keys revoke day/YYYY-MM-DD --reason TEXT [--json]',
    'keys revoke receipt/ID|erasure/ID|passkey/ID --reason TEXT [--json]',
  ],
  about: [
    'A KIND is link, receipt, pepper, opt-out, callback, webhook, cookie, code, erasure, portal, passkey, source, canary, canary-credential or audit. They lie in KEYSTORE; what changes is a line in the audit. Run it as the user of those keys, or as root.',
    'rotate makes a new key beside the old one. It is used a minute later, once every process has read it (receipt, erasure and portal ten minutes later, once it is in every copy of the published keys); the old one goes on verifying, opening and matching. Where roles have folders of their own, name the other one with --also: a link key, a pepper and an opt-out key belong to patient and to worker. Both get the new key, or neither; a key that only one of them has is copied to the other first.',
    'retire removes an old key for good, from the folder of --also too. It refuses while links that work, contacts that said stop, or passkeys need it; list says which.',
    'revoke link/SELECTOR is for a link key that got into the wrong hands: at once, no link that went out under it opens anywhere. What is still owed goes out under another key; of what is out already the booking system is told as reminder.needs_reissue, and puts it again with notice now. It also removes the key from KEYSTORE, and from the folder of --also, and makes another in both where it was the only one. Its selector is never used again.',
    'revoke receipt/ID or erasure/ID takes the public half back too: no receipt that was signed with it verifies as ours any more, true or forged. revoke passkey/ID ends the passkeys that were made under it: their people prove themselves with a PIN or a code, and may make another. A mark stays of each, as receipt/1.revoked: the number is never used again, nor is a copy of the key that is put back.',
    'revoke day/YYYY-MM-DD is for the key of a send day: within a minute the worker seals anew what is sealed to it. A copy of the database that somebody has already still opens with that key: see docs/operations.md.',
  ],
  examples: [
    { for: 'which keys there are, and what needs them', line: 'sotto keys list' },
    {
      for: 'a new link key, as every half year',
      line: 'sotto keys rotate link --reason "half-yearly"',
    },
    {
      for: 'the same where patient and worker are users of their own',
      line: 'KEYSTORE=file:/srv/sotto/patient sotto keys rotate link --also /srv/sotto/worker',
    },
    {
      for: 'a link key that somebody else has',
      line: 'sotto keys revoke link/a --reason "key file on a lost laptop"',
    },
    {
      for: 'the same where patient and worker are users of their own',
      line: 'KEYSTORE=file:/srv/sotto/patient sotto keys revoke link/a --also /srv/sotto/worker --reason "lost laptop"',
    },
  ],
  options: {
    also: {
      type: 'string',
      value: 'FOLDER',
      means: 'The folder of another role that needs the same key',
    },
    reason: { type: 'string', value: 'TEXT', means: 'Why; kept in the audit, so never a name' },
    json,
  },
  positionalsMax: 2,
  run: async (given) => (await import('../keys.ts')).runKeys(loadConfig(process.env), given),
});
