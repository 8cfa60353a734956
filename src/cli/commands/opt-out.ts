import { loadConfig } from '../../../config/env.ts';
import { command, json } from '../command.ts';

export const optOut = command({
  name: 'opt-out',
  group: 'Day to day',
  summary: 'send again to somebody who had said stop and asks for messages',
  usage: ['opt-out lift --reason TEXT [--json]'],
  about: [
    'The phone number (+33…) or email address is read from standard input, so that no list of processes and no history holds it. Stored are only an index that cannot be read back, and the reason.',
  ],
  examples: [
    {
      for: 'asks for the contact; end with Ctrl+D',
      line: 'sotto opt-out lift --reason "asked at the desk"',
    },
    { for: 'from a file', line: 'sotto opt-out lift --reason "asked by letter" < contact.txt' },
  ],
  options: {
    reason: { type: 'string', value: 'TEXT', means: 'Who asked for it, and how; never a name' },
    json,
  },
  positionalsMax: 1,
  run: async (given) => (await import('../opt-out.ts')).runOptOut(loadConfig(process.env), given),
});
