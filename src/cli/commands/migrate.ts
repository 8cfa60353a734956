import { loadConfig } from '../../../config/env.ts';
import { command, json } from '../command.ts';

export const migrate = command({
  name: 'migrate',
  group: 'Set up',
  summary: 'bring the database at DATABASE_URL to the newest schema',
  usage: ['migrate [--json]'],
  about: [
    'Run it once for each new version, before the roles of that version start, as a user that may create roles. Running it again changes nothing, but for KEEP_EVENTS_DAYS and KEEP_AUDIT_DAYS, if they are others: the database keeps events and audit for as long as migrate was told, whatever scheduler asks for. sotto up does it by itself.',
  ],
  examples: [
    {
      for: 'past a pooler, as migrations need a session of their own',
      line: 'DATABASE_DIRECT_URL=postgres://admin@db/sotto sotto migrate',
    },
  ],
  options: { json },
  run: async ({ values }) =>
    (await import('../admin.ts')).runMigrate(loadConfig(process.env), values),
});
