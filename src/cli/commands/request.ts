import { loadConfig } from '../../../config/env.ts';
import { command, json } from '../command.ts';

export const request = command({
  name: 'request',
  group: 'Day to day',
  summary: 'approve what another person has asked for',
  usage: [
    'request list [--json]',
    'request approve ID --reason TEXT [--json]',
    'request decline ID --reason TEXT [--json]',
  ],
  about: [
    'What lets go or sends again more than SECOND_PERSON_OVER reminders is asked for by one person, on the ops pages or with sotto resume, and approved by another within an hour. Whoever asked cannot approve, also not under the same name on the other side: a user of this system and an operator of one name are one person.',
    'approve does it at once, unless far more would be touched by now. decline may be said by whoever asked, too.',
  ],
  examples: [
    { for: 'what waits', line: 'sotto request list' },
    { for: 'as somebody else', line: 'sotto request approve ID --reason "seen with the provider"' },
  ],
  options: {
    reason: { type: 'string', value: 'TEXT', means: 'Why; kept in the audit, so never a name' },
    json,
  },
  positionalsMax: 2,
  run: async (given) => (await import('../request.ts')).runRequest(loadConfig(process.env), given),
});
