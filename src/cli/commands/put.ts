import { loadConfig } from '../../../config/env.ts';
import { command, json } from '../command.ts';

export const put = command({
  name: 'put',
  group: 'Day to day',
  summary: 'send a file of appointments, one in JSON a line',
  usage: [
    'put FILE.ndjson [--organisation ID] [--concurrency N] [--wait TIME] [--receipts FILE] [--state FILE] [--errors FILE] [--json]',
    'put - [--state FILE] …',
    'put FILE.ndjson --dry-run [--errors FILE] [--json]',
  ],
  about: [
    'Each line is {"reference": "…", …}: the reference and beside it the body of a PUT. Lines with one reference are sent in their order, the others at once. 429 and 503 are waited for as long as the API says, a lost connection is tried again; after ten minutes of nothing else it stops and can be continued. So it does, with exit code 75, where the API says to come back later than --wait, as quota_exceeded may: stderr and --json tell when.',
    'FILE.ndjson.done holds which lines are done, as codes made with your key that say nothing of their content. A run that was stopped or killed goes on from there and repeats at most what was in the air, which a PUT bears. Where lines have one reference, what the last of them says stands in the end: behind a line that is accepted all later ones of its reference are sent again, and so is one that comes back after another was accepted. What was changed by other ways than these files is not seen: remove FILE.ndjson.done to send everything again.',
    'FILE.ndjson.errors.ndjson holds for each refused line its number, reference, status, code and pointers, and nothing of what it says; unknown_answer is the code where something else than the API answered. Mend those lines in the file and run the same command again: what is done is left out. The first line that a run refuses, or a dry run finds, begins the file anew; a run that goes through without any removes it.',
    'The key is taken from SOTTO_KEY and sent to API_URL; without it, to the demo organisation of the npm start that runs on DATA_DIR. All files are for their owner alone.',
  ],
  examples: [
    {
      for: 'only look whether the lines are well formed',
      line: 'sotto put visits.ndjson --dry-run',
    },
    {
      for: 'send, and keep the signed receipts',
      line: 'sotto put visits.ndjson --receipts receipts.ndjson',
    },
    { for: 'from another program', line: 'export-visits | SOTTO_KEY=sotto_test_… sotto put -' },
    { for: 'overnight, past ceilings of an hour', line: 'sotto put visits.ndjson --wait PT12H' },
    { for: 'continue after Ctrl+C, a crash, or mending lines', line: 'sotto put visits.ndjson' },
  ],
  options: {
    organisation: {
      type: 'string',
      value: 'ID',
      means: 'For which of its organisations a platform sends',
    },
    concurrency: {
      type: 'string',
      value: 'N',
      means: 'How many are in the air at once, 1 to 64; 16 unless said',
    },
    wait: {
      type: 'string',
      value: 'TIME',
      means: 'How long to wait at most where the API says when to come back; PT10M unless said',
    },
    receipts: {
      type: 'string',
      value: 'FILE',
      means: 'Add reference, version, receipt and receiptSalt of each, told this once',
    },
    state: { type: 'string', value: 'FILE', means: 'What is done; FILE.ndjson.done unless said' },
    errors: {
      type: 'string',
      value: 'FILE',
      means: 'What was refused; FILE.ndjson.errors.ndjson unless said',
    },
    'dry-run': { type: 'boolean', means: 'Check JSON and fields here, send nothing' },
    json,
  },
  positionalsMax: 1,
  run: async (given) =>
    (await import('../put.ts')).runPut(loadConfig(process.env), process.env, given),
});
