import { loadConfig } from '../../../config/env.ts';
import { command, json } from '../command.ts';

export const incident = command({
  name: 'incident',
  group: 'Day to day',
  summary: 'look at the register of what went wrong, export it for an authority, close one',
  usage: [
    'incident list [--open] [--json]',
    'incident show ID [--references] [--organisation ID] [--json]',
    'incident export ID [--organisation ID] [--json]',
    'incident close ID --reason TEXT [--json]',
  ],
  about: [
    'The system opens incidents by itself, one of a kind at a time, and finds out whose appointments they may have touched. Nothing in the register names a person: appointments by the booking system’s reference, everything else in counts.',
    'export writes what article 33(3) of the GDPR asks a controller to tell its authority, with [FILL IN: …] where only people know. With --organisation it is about that controller’s appointments alone.',
    'A closed incident stays in the register and is not opened again; what goes wrong after that opens another.',
  ],
  examples: [
    { for: 'what is open', line: 'sotto incident list --open' },
    { for: 'whose appointments', line: 'sotto incident show ID --references' },
    { for: 'for one clinic’s authority', line: 'sotto incident export ID --organisation ID' },
    {
      for: 'over and looked into',
      line: 'sotto incident close ID --reason "worker had lost its key; put back, all sent"',
    },
  ],
  options: {
    open: { type: 'boolean', means: 'Only those that nobody has closed' },
    references: { type: 'boolean', means: 'The appointments that it may have touched, too' },
    organisation: { type: 'string', value: 'ID', means: 'Only what is this organisation’s' },
    reason: { type: 'string', value: 'TEXT', means: 'Why; kept in the audit, so never a name' },
    json,
  },
  positionalsMax: 2,
  run: async (given) =>
    (await import('../incident.ts')).runIncident(loadConfig(process.env), given),
});
