import { loadConfig } from '../../../config/env.ts';
import { command, json } from '../command.ts';

export const audit = command({
  name: 'audit',
  group: 'Day to day',
  summary: 'what people and keys did, and that nobody changed the record of it',
  usage: [
    'audit list [--actor NAME] [--action ACTION] [--organisation ID] [--limit COUNT] [--json]',
    'audit export [--from DAY] [--to DAY]',
    'audit verify [--heads FILE] [--keys FILE] [--accept-restores LIVES] [--json]',
  ],
  about: [
    'Each line of the audit holds a hash over the one before it, and each hour the scheduler signs how far the audit goes and tells it outside of the database. verify makes every hash anew and holds what was told outside against it: an edit, a line taken out or put in, lines swapped, a tail cut off.',
    'Without --heads it compares with the file in AUDIT_HEADS. Compare with a copy that no administrator of the database could write to: who can write to both can make them agree. --keys is a JSON file with the public key that heads are signed with (public/audit in KEYSTORE), as you kept it; without it, that of KEYSTORE is taken.',
    'A restore of the database loses lines that had been told of. verify fails for that too, since it may be made up, and says which life of the database the restore began; --accept-restores is for who knows of it, and every restore since has to be named.',
    'export writes every line as JSON, oldest first, with its hash; that it was exported is a line itself. verify exits with 0 when all is as it was written, and with 1 when it is not.',
  ],
  examples: [
    {
      for: 'once a night, against a copy of what was told',
      line: 'sotto audit verify --heads /mnt/worm/audit-heads.txt',
    },
    { for: 'what one person did', line: 'sotto audit list --actor anna' },
    {
      for: 'for an auditor',
      line: 'sotto audit export --from 2026-10-01 --to 2026-12-31 > audit.ndjson',
    },
  ],
  options: {
    actor: { type: 'string', value: 'NAME', means: 'Only what they did' },
    action: { type: 'string', value: 'ACTION', means: 'Only this, such as sending.pause' },
    organisation: { type: 'string', value: 'ID', means: 'Only what is about this one' },
    limit: {
      type: 'string',
      value: 'COUNT',
      means: 'How many of the newest lines; 50 unless said',
    },
    from: { type: 'string', value: 'DAY', means: 'From this day on (UTC)' },
    to: { type: 'string', value: 'DAY', means: 'Up to this day, which is included (UTC)' },
    heads: { type: 'string', value: 'FILE', means: 'What was told outside, a signed line each' },
    keys: {
      type: 'string',
      value: 'FILE',
      means: 'The public key, or keys, that it is signed with',
    },
    'accept-restores': {
      type: 'string',
      value: 'LIVES',
      means: 'Lines that these restores lost are no fault: the lives that they began, such as 2,3',
    },
    json,
  },
  positionalsMax: 1,
  run: async (given) => (await import('../audit.ts')).runAudit(loadConfig(process.env), given),
});
