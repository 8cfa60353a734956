import { loadConfig } from '../../../config/env.ts';
import { command, json } from '../command.ts';
import { exitCodes } from '../exit-codes.ts';

export const bounce = command({
  name: 'bounce',
  group: 'Day to day',
  summary: 'hand over returned mail, from files, Maildirs or stdin',
  usage: ['bounce [--url-file FILE] [FILE | MAILDIR]… [--json]'],
  about: [
    'For a mail server’s pipe, or for cron over the Maildir of the return path. It exits with 75 for anything that may pass or can be mended, so that the mail server keeps the message, and with 65 for a message that is empty or too large. New messages of a Maildir are deleted once they are taken: they hold addresses and links. One that cannot be read or deleted keeps no other from being handed over. One that exits with 65 stays there: remove it by hand.',
  ],
  examples: [
    {
      for: 'in /etc/aliases, as a user that may read that file alone',
      line: 'bounces: "|/srv/sotto/bin/sotto.mjs bounce --url-file /etc/sotto/bounce-url"',
    },
    { for: 'every few minutes, from a Maildir', line: 'sotto bounce /var/mail/bounces' },
  ],
  options: {
    'url-file': {
      type: 'string',
      value: 'FILE',
      means: 'Holds the address that sotto callbacks prints; made from the key where it is absent',
    },
    json,
  },
  positionalsMax: Number.POSITIVE_INFINITY,
  // A mistyped option in a mail server's configuration can be mended, and costs no message until then.
  wrongUsageCode: exitCodes.later,
  run: async (given) =>
    (await import('../bounce.ts')).runBounce(() => loadConfig(process.env), given),
});
