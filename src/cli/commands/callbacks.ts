import { loadConfig } from '../../../config/env.ts';
import { command, json } from '../command.ts';

export const callbacks = command({
  name: 'callbacks',
  group: 'Set up',
  summary: 'the addresses to enter at the SMS provider and the mail server',
  usage: ['callbacks [--json]'],
  about: [
    'Replies (STOP) and returned mail come in there. The addresses are secrets: whoever knows one can hand something over. They are made from a key that the api made when it first started.',
  ],
  examples: [{ for: 'for a set-up script', line: 'sotto callbacks --json' }],
  options: { json },
  run: async (given) =>
    (await import('../callbacks.ts')).runCallbacks(loadConfig(process.env), given),
});
