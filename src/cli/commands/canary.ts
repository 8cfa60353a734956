import { loadConfig } from '../../../config/env.ts';
import { command, json } from '../command.ts';

export const canary = command({
  name: 'canary',
  group: 'Day to day',
  summary: 'send an appointment through every way there is, and compare what comes out',
  usage: ['canary [--branch NAME] [--json]'],
  about: [
    'The scheduler does this by itself, one way a minute. Here it does all of them at once, or the one that is named: after an update, or once an incident of the canary has been mended.',
    'Each puts a made-up appointment through API_URL, receives its message, opens the link at PATIENT_URL, proves, compares every field, moves or cancels, and compares again. They reach nobody. It takes about a minute, and some more where something does not come.',
    'It exits with 0 when all of them passed, and with 1 when one did not. What it finds opens incidents, as the canary of each minute does.',
  ],
  examples: [
    { for: 'after an update', line: 'sotto canary' },
    { for: 'one way alone, for a program', line: 'sotto canary --branch sms_pin_move --json' },
  ],
  options: {
    branch: { type: 'string', value: 'NAME', means: 'Only this one' },
    json,
  },
  run: async (given) => (await import('../canary.ts')).runCanary(loadConfig(process.env), given),
});
