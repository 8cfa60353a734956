import { loadConfig } from '../../../config/env.ts';
import { command, json } from '../command.ts';

export const key = command({
  name: 'key',
  group: 'Set up',
  summary: 'make or revoke the API key of a booking system',
  usage: ['key create --organisation ID --mode test|live [--json]', 'key revoke ID [--json]'],
  about: [
    'A key is shown once; stored is its hash. Messages of a test key reach nobody. A revoked key is refused from the next request on.',
  ],
  examples: [
    { for: 'a key for trying', line: 'sotto key create --organisation ID --mode test' },
    { for: 'one that got into the wrong hands', line: 'sotto key revoke ID' },
  ],
  options: {
    organisation: {
      type: 'string',
      value: 'ID',
      means: 'Whose key it is, as org create printed it',
    },
    mode: { type: 'string', value: 'test|live', means: 'Whether messages reach people' },
    json,
  },
  positionalsMax: 2,
  run: async (given) => (await import('../admin.ts')).runKey(loadConfig(process.env), given),
});
