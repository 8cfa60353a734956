import { loadConfig } from '../../../config/env.ts';
import { command, json } from '../command.ts';

export const send = command({
  name: 'send',
  group: 'Day to day',
  summary: 'put a demo appointment through, so that its message arrives now',
  usage: ['send [--phone NUMBER] [--email ADDRESS] [--language TAG] [--organisation ID] [--json]'],
  about: [
    'It goes the whole way of a real one: sealed, fed, handed over. The appointment is in three days; what it says is made up. A PIN that opens the link is made and printed. It then waits up to 15 seconds and says what became of the message.',
    'Without a contact it takes a phone number that belongs to nobody, and the message arrives on the sandbox. With a live key it wants a contact: messages reach people.',
  ],
  examples: [
    { for: 'an SMS on the sandbox phone of a running npm start', line: 'sotto send' },
    { for: 'an email in German', line: 'sotto send --email alex@example.com --language de' },
    {
      for: 'to your own phone, when everything is set up',
      line: 'SOTTO_KEY=sotto_live_… API_URL=https://api.example sotto send --phone +33…',
    },
  ],
  options: {
    phone: { type: 'string', value: 'NUMBER', means: 'Mobile number with + and country code' },
    email: {
      type: 'string',
      value: 'ADDRESS',
      means: 'Email address; the message goes there first',
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
