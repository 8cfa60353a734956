import { loadConfig } from '../../../config/env.ts';
import { command, json } from '../command.ts';

export const sendCheck = command({
  name: 'send-check',
  group: 'Set up',
  summary: 'ask a booking system before each reminder: set, show, test, rotate, remove',
  usage: [
    'send-check set ORGANISATION --mode test|live [--url URL] [--on-no-answer send|hold] [--json]',
    'send-check show ORGANISATION --mode test|live [--json]',
    'send-check test ORGANISATION --mode test|live [--json]',
    'send-check rotate ORGANISATION --mode test|live [--overlap-hours HOURS] [--json]',
    'send-check remove ORGANISATION --mode test|live [--json]',
  ],
  about: [
    'Just before a reminder is handed over, its booking system is asked at URL whether it may: a signed question with ids, the reference and the planned time. It answers proceed or drop within five seconds; a drop cancels. Without an answer it is asked again for five minutes, or half of the time that is left; then the reminder goes out (send), or waits for a person as failed (hold).',
    'set shows the secret of a new check once, and changes what is given of one that is there. test asks a question that nothing comes of, waits for what is said, and exits with 1 if that is no answer. After remove nobody is asked.',
  ],
  examples: [
    {
      for: 'ask before anything of a clinic goes out',
      line: 'sotto send-check set ID --mode live --url https://booking.example/sotto-check',
    },
    { for: 'whether it answers', line: 'sotto send-check test ID --mode live' },
    {
      for: 'nothing goes out unless it is answered for',
      line: 'sotto send-check set ID --mode live --on-no-answer hold',
    },
  ],
  options: {
    mode: { type: 'string', value: 'test|live', means: 'Of which reminders' },
    url: { type: 'string', value: 'URL', means: 'https, or http to this machine to try it' },
    'on-no-answer': {
      type: 'string',
      value: 'send|hold',
      means: 'What becomes of a reminder that nobody answers for; send unless given',
    },
    'overlap-hours': {
      type: 'string',
      value: 'HOURS',
      means: 'How long the old secret signs too, 0 to 168; 24 unless given',
    },
    json,
  },
  positionalsMax: 2,
  run: async (given) =>
    (await import('../send-check.ts')).runSendCheck(loadConfig(process.env), given),
});
