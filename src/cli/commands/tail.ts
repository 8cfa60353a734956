import { loadConfig } from '../../../config/env.ts';
import { command, json } from '../command.ts';

export const tail = command({
  name: 'tail',
  group: 'Day to day',
  summary: 'follow what happens: every event, one a line',
  usage: ['tail [--since now|start|CURSOR] [--once] [--organisation ID] [--json]'],
  about: [
    'Events name references, states and times, and nobody. Nothing is missed and nothing comes twice, also while the API is away for a while. Ctrl+C ends it. However it ends, it prints the cursor to go on from; with --once, it exits with 130 where Ctrl+C came before the end.',
  ],
  examples: [
    { for: 'from now on', line: 'sotto tail' },
    {
      for: 'all there is, into a file',
      line: 'sotto tail --since start --once --json > events.ndjson',
    },
    {
      for: 'only what went wrong',
      line: "sotto tail --json | grep --line-buffered -E 'reminder.(failed|undelivered|expired)'",
    },
  ],
  options: {
    since: {
      type: 'string',
      value: 'now|start|CURSOR',
      means: 'Where to begin: now unless said; start is 90 days ago',
    },
    once: { type: 'boolean', means: 'End when there is nothing newer' },
    organisation: {
      type: 'string',
      value: 'ID',
      means: 'Which of its organisations a platform looks at',
    },
    json: { ...json, means: 'One event in JSON a line, as the API gives it' },
  },
  run: async ({ values }) =>
    (await import('../tail.ts')).runTail(loadConfig(process.env), process.env, values),
});
