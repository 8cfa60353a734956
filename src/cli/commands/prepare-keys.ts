import { loadConfig } from '../../../config/env.ts';
import { command, json } from '../command.ts';

export const prepareKeys = command({
  name: 'prepare-keys',
  group: 'Set up',
  summary: 'make the keys that worker and patient share, where there are none',
  usage: ['prepare-keys [--json]'],
  about: [
    'Each would make keys of its own otherwise: no link would open, and whoever stopped the messages would go on getting them. It makes the first key of link, pepper and opt-out in KEYSTORE, as a user whose own they are to be. Running it again changes nothing.',
  ],
  examples: [
    {
      for: 'before worker and patient start',
      line: 'KEYSTORE=file:/srv/sotto/worker sotto prepare-keys',
    },
  ],
  options: { json },
  run: async (given) =>
    (await import('../prepare-keys.ts')).runPrepareKeys(loadConfig(process.env), given),
});
