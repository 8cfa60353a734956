import { loadConfig } from '../../../config/env.ts';
import { command, json } from '../command.ts';

export const key = command({
  name: 'key',
  group: 'Set up',
  summary: 'the API keys of booking systems: make, list, replace, revoke',
  usage: [
    'key create --organisation ID --mode test|live [--name TEXT] [--scopes SCOPES] [--expires DAY|PERIOD] [--acts-for IDS] [--json]',
    'key list [--organisation ID] [--json]',
    'key rotate ID [--overlap PERIOD] [--json]',
    'key revoke ID [--reason TEXT] [--json]',
    'key allow ID --organisation ID [--json]',
    'key disallow ID --organisation ID [--json]',
  ],
  about: [
    'A key is shown once; stored is its hash. Messages of a test key reach nobody. What changes holds from the next request on; a revoked key stays revoked.',
    'The scopes are write, status, list, erase, settings and webhooks; a key has all of them unless you say which.',
    'rotate makes a key with the same rights; the old one goes on working for the overlap, so that the booking system can change over. A key that was made for some time is replaced by one that lasts as long again.',
    'The key of a platform, which serves several organisations, may act for those in --acts-for and names one in each request. allow and disallow change that later.',
    'A PERIOD is as P90D or PT12H, a DAY as 2027-01-31, which is its last, in UTC. Times are shown in UTC, the last use to the minute.',
  ],
  examples: [
    { for: 'a key for trying', line: 'sotto key create --organisation ID --mode test' },
    {
      for: 'one that only writes, for a year',
      line: 'sotto key create --organisation ID --mode live --scopes write --expires P1Y --name "Desk"',
    },
    { for: 'which are there, and when each was last used', line: 'sotto key list' },
    {
      for: 'a new one in its place, by the day after tomorrow',
      line: 'sotto key rotate ID --overlap P2D',
    },
    {
      for: 'one that got into the wrong hands',
      line: 'sotto key revoke ID --reason "laptop stolen"',
    },
  ],
  options: {
    organisation: {
      type: 'string',
      value: 'ID',
      means: 'An organisation, as org create printed it',
    },
    mode: { type: 'string', value: 'test|live', means: 'Whether messages reach people' },
    name: {
      type: 'string',
      value: 'TEXT',
      means: 'What you call the key, so that you revoke the right one; no person’s name',
    },
    scopes: { type: 'string', value: 'SCOPES', means: 'What it may do, as write,status' },
    expires: {
      type: 'string',
      value: 'DAY|PERIOD',
      means: 'How long it works; for ever unless given',
    },
    'acts-for': {
      type: 'string',
      value: 'IDS',
      means: 'More organisations that it may act for, with commas between',
    },
    overlap: {
      type: 'string',
      value: 'PERIOD',
      means: 'How long the old key goes on working, P7D unless given',
    },
    reason: { type: 'string', value: 'TEXT', means: 'Why; kept in the audit' },
    json,
  },
  positionalsMax: 2,
  run: async (given) => (await import('../key.ts')).runKey(loadConfig(process.env), given),
});
