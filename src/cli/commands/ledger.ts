import { loadConfig } from '../../../config/env.ts';
import { command, json } from '../command.ts';

export const ledger = command({
  name: 'ledger',
  group: 'Day to day',
  summary: 'prove that every reminder ever accepted is accounted for',
  usage: ['ledger verify [--organisation ID] [--json]'],
  about: [
    'For each organisation and mode, and for each state, it compares reminders that are in it, and those that were in it when their time of keeping was over, with what the events add up to. All of it is counted in one snapshot, so it may run beside everything else.',
    'It reads everything that is stored, which takes minutes where there is much: once a night is often. The scheduler proves what changed every ten minutes.',
    'It exits with 0 when all of it adds up, and with 1 when something does not.',
  ],
  examples: [
    { for: 'of everyone', line: 'sotto ledger verify' },
    {
      for: 'of one organisation, for a program',
      line: 'sotto ledger verify --organisation ID --json',
    },
  ],
  options: {
    organisation: { type: 'string', value: 'ID', means: 'Only this one' },
    json,
  },
  positionalsMax: 1,
  run: async (given) => (await import('../ledger.ts')).runLedger(loadConfig(process.env), given),
});
