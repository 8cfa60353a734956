import { loadConfig } from '../../../config/env.ts';
import { ceilingWords } from '../ceiling-words.ts';
import { command, json } from '../command.ts';

export const key = command({
  name: 'key',
  group: 'Set up',
  summary: 'what booking systems sign in with: make, register, limit, list, replace, revoke',
  usage: [
    'key create --organisation ID --mode test|live [--name TEXT] [--scopes SCOPES] [--expires DAY|PERIOD] [--acts-for IDS] [--from NETWORKS] [--json]',
    'key register --organisation ID --mode test|live --public-key FILE [as create] [--json]',
    'key add ID --public-key FILE [--json]',
    'key remove ID --thumbprint THUMBPRINT [--json]',
    'key restrict ID --from NETWORKS|any [--json]',
    'key limit ID [--appointments-per-hour COUNT|none] [--appointments-per-day COUNT|none] [--reminders-per-hour COUNT|none] [--reminders-per-day COUNT|none] [--numbers-per-hour COUNT|none] [--json]',
    'key list [--organisation ID] [--json]',
    'key rotate ID [--overlap PERIOD] [--json]',
    'key revoke ID [--reason TEXT] [--json]',
    'key allow ID --organisation ID [--json]',
    'key disallow ID --organisation ID [--json]',
  ],
  about: [
    'A key is shown once; stored is its hash. Messages of a test key reach nobody. What changes holds from the next request on; a revoked key stays revoked.',
    'register is the better way: the booking system keeps a private key, which signs every request, and gives you the public one, of Ed25519 or P-256. Nothing of it is secret here. It may have two, so that the next takes the place of the last: add, then remove.',
    'The scopes are write, status, list, erase, settings, webhooks and ledger; a key has all of them unless you say which.',
    'rotate makes a key with the same rights; the old one goes on working for the overlap, so that the booking system can change over. A key that was made for some time is replaced by one that lasts as long again.',
    'The key of a platform, which serves several organisations, may act for those in --acts-for and names one in each request. allow and disallow change that later.',
    'With --from it is good from these addresses and networks alone, as 192.0.2.7,2001:db8::/32; from elsewhere it is as unknown as any. Behind a proxy, name that in TRUSTED_PROXIES.',
    'limit gives a key quotas of its own, below the ceilings of its organisation (org set) and over all organisations that it acts for. What is not named stays as it is, none takes a quota away; beyond one, a PUT answers 429 quota_exceeded until the hour or the day (UTC) is over, and nothing of it is kept. Cancelling always works. list shows how many appointments it had accepted today, and when within two days it last came to a quota or a ceiling.',
    'A PERIOD is as P90D or PT12H, a DAY as 2027-01-31, which is its last, in UTC. Times are shown in UTC, the last use to the minute.',
  ],
  examples: [
    { for: 'a key for trying', line: 'sotto key create --organisation ID --mode test' },
    {
      for: 'one that only writes, for a year',
      line: 'sotto key create --organisation ID --mode live --scopes write --expires P1Y --name "Desk"',
    },
    {
      for: 'a booking system that signs, from one address',
      line: 'sotto key register --organisation ID --mode live --public-key desk.pem --from 192.0.2.7',
    },
    {
      for: 'one that has no reason to reach many people',
      line: 'sotto key limit ID --numbers-per-hour 50',
    },
    {
      for: 'one that books forty visits a day, with room for a busy one',
      line: 'sotto key limit ID --appointments-per-day 200',
    },
    { for: 'its own quota no more', line: 'sotto key limit ID --numbers-per-hour none' },
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
    from: {
      type: 'string',
      value: 'NETWORKS',
      means: 'Where it may be used from, with commas between; from anywhere unless given',
    },
    'public-key': {
      type: 'string',
      value: 'FILE',
      means: 'A public key, in PEM or as a JWK',
    },
    thumbprint: {
      type: 'string',
      value: 'THUMBPRINT',
      means: 'Which of its keys, as register and list --json print it',
    },
    overlap: {
      type: 'string',
      value: 'PERIOD',
      means: 'How long the old key goes on working, P7D unless given',
    },
    ...ceilingWords('PUTs accepted in an hour, by this key, or none of its own'),
    reason: { type: 'string', value: 'TEXT', means: 'Why; kept in the audit' },
    json,
  },
  positionalsMax: 2,
  run: async (given) => (await import('../key.ts')).runKey(loadConfig(process.env), given),
});
