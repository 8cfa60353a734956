import { loadConfig } from '../../../config/env.ts';
import { command, json } from '../command.ts';

const scope = {
  organisation: { type: 'string', value: 'ID', means: 'Of this organisation alone' },
  channel: { type: 'string', value: 'sms|email', means: 'On this channel alone' },
  reason: { type: 'string', value: 'TEXT', means: 'Why; kept in the audit, so never a name' },
} as const;

export const pause = command({
  name: 'pause',
  group: 'Day to day',
  summary: 'stop sending: everywhere, for one organisation or on one channel',
  usage: ['pause --reason TEXT [--organisation ID] [--channel sms|email] [--json]'],
  about: [
    'Nothing more is handed over until sotto resume with the same words. What is owed waits, and goes out then; only what comes to its deadline meanwhile expires. Appointments are accepted as ever, and codes that patients ask for are sent. A batch that a provider is being handed at this moment still goes out.',
  ],
  examples: [
    { for: 'everything, now', line: 'sotto pause --reason "wrong texts seen, looking into it"' },
    { for: 'one channel', line: 'sotto pause --channel sms --reason "provider incident 4711"' },
    {
      for: 'one clinic, which asked for it',
      line: 'sotto pause --organisation ID --reason "closed by flood"',
    },
  ],
  options: { ...scope, json },
  run: async (given) => (await import('../pause.ts')).runPause(loadConfig(process.env), given),
});

export const resume = command({
  name: 'resume',
  group: 'Day to day',
  summary: 'end a pause, after showing what goes out and what has expired',
  usage: [
    'resume --reason TEXT [--organisation ID] [--channel sms|email] [--id ID] [--yes] [--json]',
    'resume --preview [--organisation ID] [--channel sms|email] [--json]',
  ],
  about: [
    'It ends the pause of exactly what is named: one of an organisation’s SMS is not ended by resuming everything. Where nothing is paused so, it names what is, and exits with 1. It says who began the pause and why, and ends that one alone: not one that somebody began in its place meanwhile. On a terminal it asks first; elsewhere it wants --yes, and --id where it must be the pause of a certain person or program.',
  ],
  examples: [
    {
      for: 'shows what would go out, then asks',
      line: 'sotto resume --reason "texts are right again"',
    },
    { for: 'only looks', line: 'sotto resume --preview --channel sms' },
    { for: 'in a script', line: 'sotto resume --channel sms --yes --reason "provider is back"' },
  ],
  options: {
    ...scope,
    preview: { type: 'boolean', means: 'Show what a resume would do, and do nothing' },
    id: { type: 'string', value: 'ID', means: 'Only this pause, as preview or pause told it' },
    yes: { type: 'boolean', means: 'Do not ask' },
    json,
  },
  run: async (given) => (await import('../resume.ts')).runResume(loadConfig(process.env), given),
});
