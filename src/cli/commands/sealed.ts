import { loadConfig } from '../../../config/env.ts';
import { command, json } from '../command.ts';

export const sealed = command({
  name: 'sealed',
  group: 'Day to day',
  summary: 'what somebody with the database and every key could have opened',
  usage: ['sealed report [--from DAY] [--to DAY] [--json]'],
  about: [
    'For data protection officers, after a breach or before one. It says for each organisation how many appointments somebody could have opened who had the database and every server key as they were at the end of the last day, or now: pending, which were still to be sent; copies, which had gone out, but whose day key was still there, so that an older copy of the database opens; contact, where only the phone or address opens; sealed, nothing, and which key is gone. It names references, never a patient.',
    'It looks at links that there are still: what has expired since, or was erased, is kept nowhere and is not counted. Where it cannot know, it counts as open. It reads which keys there are in KEYSTORE: run it where public halves of all are, as in the folder of api, worker or patient.',
  ],
  examples: [
    { for: 'what lies open now', line: 'sotto sealed report' },
    {
      for: 'what did, on two days when somebody was in',
      line: 'sotto sealed report --from 2026-12-01 --to 2026-12-02 --json',
    },
  ],
  options: {
    from: { type: 'string', value: 'DAY', means: 'First day, in UTC; today unless given' },
    to: { type: 'string', value: 'DAY', means: 'Last day, in UTC; today unless given' },
    json,
  },
  positionalsMax: 1,
  run: async (given) => (await import('../sealed.ts')).runSealed(loadConfig(process.env), given),
});
