import { loadConfig } from '../../../config/env.ts';
import { command, json } from '../command.ts';

export const receipt = command({
  name: 'receipt',
  group: 'Day to day',
  summary: 'check a signed receipt against what was sent',
  usage: [
    'receipt verify --body FILE --answer FILE [--jwks FILE|URL] [--json]',
    'receipt verify --erasure FILE [--jwks FILE|URL] [--json]',
  ],
  about: [
    'It checks that we signed the receipt, that it names the fields of the body and no others, that the values are those that were stored, and that the answer says the same as its receipt. It asks for nothing but the keys, and with --jwks FILE not even those. It names fields and never what is in them.',
    'The digest is over all values together: when one has changed, it says that something has, and cannot say what.',
    'With --erasure it reads the receipt of an erasure, as DELETE answers it or as a patient was shown it, and says what was erased and at whose wish.',
    'It exits with 0 when all of it matches, and with 1 when something does not.',
  ],
  examples: [
    {
      for: 'with the keys of the api at API_URL',
      line: 'sotto receipt verify --body appointment.json --answer answer.json',
    },
    {
      for: 'offline, with keys that were kept',
      line: 'sotto receipt verify --body appointment.json --answer answer.json --jwks keys.json',
    },
  ],
  options: {
    body: { type: 'string', value: 'FILE', means: 'The JSON that was sent' },
    answer: {
      type: 'string',
      value: 'FILE',
      means: 'The JSON that PUT answered, with receipt and receiptSalt',
    },
    erasure: { type: 'string', value: 'FILE', means: 'The receipt of an erasure, as text' },
    jwks: {
      type: 'string',
      value: 'FILE|URL',
      means: 'The keys that receipts are signed with; from the api at API_URL unless said',
    },
    json,
  },
  positionalsMax: 1,
  run: async (given) => (await import('../receipt.ts')).runReceipt(loadConfig(process.env), given),
});
