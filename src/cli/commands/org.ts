import { loadConfig } from '../../../config/env.ts';
import { ceilingWords } from '../ceiling-words.ts';
import { command, json } from '../command.ts';

export const org = command({
  name: 'org',
  group: 'Set up',
  summary: 'organisations and their settings: add, list, show, change',
  usage: [
    'org create --name NAME [--json]',
    'org list [--json]',
    'org show ID [--json]',
    'org set ID [--name NAME] [--language TAG] [--plan PLAN] [--quiet FROM-UNTIL|none] [--jitter MINUTES] [--uncertain resend|hold] [--birth-date-opens time|everything] [--proof standard|strict] [--portal ISSUER|none --portal-client ID [--portal-acr VALUES] [--portal-max-age MINUTES]] [--days-ahead DAYS] [--requests-per-minute COUNT|none] [--appointments-per-hour COUNT|none] [--appointments-per-day COUNT|none] [--reminders-per-hour COUNT|none] [--reminders-per-day COUNT|none] [--numbers-per-hour COUNT|none] [--countries CODES|all] [--reason TEXT] [--json]',
  ],
  about: [
    'create returns once the keys that its appointments are sealed to are published, so the patient role must run. set changes what is given and nothing else; what was accepted before keeps its plan. Each change is a line in the audit.',
    'What is accepted in an hour and in a day has ceilings, far above a busy practice, so that a stolen key is worth little. A key with scope settings can lower them and take countries away, and never the other way round.',
  ],
  examples: [
    { for: 'a new clinic; prints its id', line: 'sotto org create --name "Riverside practice"' },
    {
      for: 'two reminders unless an appointment names its own',
      line: 'sotto org set ID --plan "P2D auto, PT3H sms"',
    },
    {
      for: 'nothing between ten at night and half past seven',
      line: 'sotto org set ID --quiet 22:00-07:30',
    },
    {
      for: 'phones of two countries alone, and no more than it needs',
      line: 'sotto org set ID --countries FR,BE --numbers-per-hour 400',
    },
    {
      for: 'patients log in at its portal, which must have asked them for two factors',
      line: 'sotto org set ID --portal https://login.example.org --portal-client sotto --portal-acr mfa',
    },
  ],
  options: {
    name: {
      type: 'string',
      value: 'NAME',
      means: 'Its name, 1 to 200 characters',
    },
    language: {
      type: 'string',
      value: 'TAG',
      means: 'Language of messages where an appointment names none, as fr',
    },
    plan: {
      type: 'string',
      value: 'PLAN',
      means: 'Reminders where an appointment names none, as "P2D auto, PT3H sms", or none',
    },
    quiet: {
      type: 'string',
      value: 'FROM-UNTIL',
      means: 'Hours in which nothing is sent, as 21:00-08:00, or none',
    },
    jitter: {
      type: 'string',
      value: 'MINUTES',
      means: 'How far reminders of one minute are spread, 0 to 240',
    },
    uncertain: {
      type: 'string',
      value: 'resend|hold',
      means: 'What becomes of a send whose outcome stays unknown',
    },
    'birth-date-opens': {
      type: 'string',
      value: 'time|everything',
      means: 'What a birth date alone shows; everything needs --reason',
    },
    proof: {
      type: 'string',
      value: 'standard|strict',
      means: 'strict: only a PIN, a passkey or a portal login opens anything',
    },
    portal: {
      type: 'string',
      value: 'ISSUER|none',
      means: 'OpenID Connect provider where its patients log in, or none',
    },
    'portal-client': {
      type: 'string',
      value: 'ID',
      means: 'What that provider calls us',
    },
    'portal-acr': {
      type: 'string',
      value: 'VALUES',
      means: 'Ways to log in of which one must have been used, the preferred first; none: any',
    },
    'portal-max-age': {
      type: 'string',
      value: 'MINUTES',
      means: 'How long ago somebody may have logged in there, 0 to 1440; unset: 10',
    },
    'days-ahead': {
      type: 'string',
      value: 'DAYS',
      means: 'How far ahead appointments may lie, 1 to 400',
    },
    'requests-per-minute': {
      type: 'string',
      value: 'COUNT|none',
      means: 'Ceiling for each key in each API process, or none',
    },
    ...ceilingWords('PUTs accepted in an hour, by all keys of one mode together, or none'),
    countries: {
      type: 'string',
      value: 'CODES|all',
      means: 'Where phones of recipients may be, as FR,BE,CH; from all unless given',
    },
    reason: {
      type: 'string',
      value: 'TEXT',
      means: 'Why, and who accepts a risk; kept in the audit',
    },
    json,
  },
  positionalsMax: 2,
  run: async (given) =>
    (await import('../organisation.ts')).runOrganisation(loadConfig(process.env), given),
});
