import type { Channel } from '../../src/domain/channel.ts';
import { dispatchBare } from './dispatch-bare.ts';
import { dispatchWithSotto } from './dispatch-ours.ts';
import type { Contender, Measurement } from './measurement.ts';
import { withProvider } from './providers.ts';

const sotto = (channel: Channel): Contender => ({
  name: 'Sotto',
  run: (ground, count) =>
    withProvider({ channel, count }, (provider) => dispatchWithSotto(ground, { count, provider })),
});
const bare = (name: string, channel: Channel, library: string): Contender => ({
  name,
  run: (ground, count) =>
    withProvider({ channel, count }, (provider) =>
      dispatchBare(ground, { count, library, provider }),
    ),
});

const sdk = 'the SDK in a loop, as it comes';
const sdkOverOurs = 'the SDK in a loop, over our HTTP client';

/** How many due reminders a second reach Twilio's API on this machine. */
export const dispatchTwilio: Measurement = {
  name: 'dispatch.twilio',
  about: [
    "Due reminders by SMS through Twilio's SDK to a server on this machine, in a process of its own.",
    'Sotto: all that it does for a reminder, one worker, 32 connections. Limit: the same SDK as it comes in',
    'a loop, 32 connections, nothing else done; beside it the SDK over the HTTP client that Sotto gives it.',
    'Up to 4,000 are sent before and not counted: the code is compiled then, as after hours. That the server',
    'took each once is checked.',
  ],
  counts: { full: 10_000, quick: 2_000 },
  contenders: [
    sotto('sms'),
    bare(sdk, 'sms', 'twilio as it comes'),
    bare(sdkOverOurs, 'sms', 'twilio'),
  ],
  figures: [
    {
      ...{ name: 'dispatch.twilio', contender: 'Sotto', measure: 'reminders/s' },
      ...{ limits: [sdk], peers: [sdkOverOurs], targets: [{ least: 0.8, of: sdk }] },
    },
  ],
};

const mailer = 'nodemailer in a loop';

/** How many due reminders a second reach a mail server on this machine. */
export const dispatchSmtp: Measurement = {
  name: 'dispatch.smtp',
  about: [
    'Due reminders by email to a mail server on this machine (smtp-server), in a process of its own.',
    'Sotto: all that it does for a reminder, one worker, 8 connections. Limit: nodemailer with a pool of 8',
    'in a loop, the same headers and parts, nothing else done. Nobody signs with DKIM, nobody encrypts.',
    'That the server took all is checked.',
  ],
  counts: { full: 2_000, quick: 500 },
  contenders: [sotto('email'), bare(mailer, 'email', 'nodemailer')],
  figures: [
    {
      ...{ name: 'dispatch.smtp', contender: 'Sotto', measure: 'reminders/s', limits: [mailer] },
      targets: [{ least: 0.85, of: mailer }],
    },
  ],
};
