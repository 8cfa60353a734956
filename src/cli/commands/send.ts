import { loadConfig } from '../../../config/env.ts';
import { command, json } from '../command.ts';

export const send = command({
  name: 'send',
  group: 'Day to day',
  summary: 'put a demo appointment through, so that its message arrives now',
  usage: ['send [--to] [--language TAG] [--organisation ID] [--json]'],
  about: [
    'It goes the whole way of a real one: sealed, fed, handed over. The appointment is in three days; what it says is made up. A PIN that opens the link is made and printed. It then waits up to 15 seconds and says what became of the message.',
    'Without --to it takes a phone number that belongs to nobody, and the message arrives on the sandbox. With --to it reads a phone number or email address from standard input, so that no list of processes and no history holds it; a live key wants that, for its messages reach people.',
  ],
  examples: [
    { for: 'an SMS on the sandbox phone of a running npm start', line: 'sotto send' },
    {
      for: 'an email in German, to the address in a file',
      line: 'sotto send --to --language de < contact.txt',
    },
    {
      for: 'to your own phone, when everything is set up; asks for the number',
      line: 'SOTTO_KEY=$(cat live.key) API_URL=https://api.example sotto send --to',
    },
  ],
  options: {
    to: {
      type: 'boolean',
      means: 'To the contact on standard input: a mobile with +, or an address',
    },
    language: { type: 'string', value: 'TAG', means: 'Language of the message; en unless said' },
    organisation: {
      type: 'string',
      value: 'ID',
      means: 'For which of its organisations a platform sends',
    },
    json,
  },
  run: async ({ values }) =>
    (await import('../send.ts')).runSend(loadConfig(process.env), process.env, values),
});
