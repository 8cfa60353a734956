import { z } from 'zod';
import { portalBounds, portalMaxAgeMinutesDefault } from '../src/domain/portal.ts';
import { readRedisAddress } from '../src/domain/redis-address.ts';
import { Secret } from '../src/domain/secret.ts';
import { type KeptDays, keptDaysMax, keptDaysMin } from './kept-days.ts';
import { keyStoreProblems, keyStoreVariables } from './key-store-variables.ts';
import { operatorVariables, wayInProblems } from './operator-variables.ts';

const portRule = { error: 'must be a whole number from 1 to 65535' };
const port = (fallback: number) =>
  z.coerce.number(portRule).int(portRule).min(1, portRule).max(65_535, portRule).default(fallback);
const keptFor = (what: keyof KeptDays) =>
  z.coerce.number().int().min(keptDaysMin[what]).max(keptDaysMax[what]).default(keptDaysMax[what]);
const secret = z
  .string()
  .min(1)
  .transform((value) => new Secret(value));
const baseUrl = z
  .url({ protocol: /^https?$/ })
  // What is no URL at all has been complained of already.
  .refine(isOriginOrNoUrl, {
    message: 'must be an origin as browsers write it: lower case, no path, no slash at its end',
  });
const addressList = z
  .string()
  .transform((value) => value.split(',').map((part) => part.trim()))
  .pipe(
    z.array(
      z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()], {
        error: 'must be IP addresses or networks, separated by commas',
      }),
    ),
  )
  .optional();

/**
 * Every variable that Sotto reads. The description of each is its line in `.env.example` and in
 * the README; what a default needs to say is said there and nowhere else.
 */
export const environment = z.object({
  HOST: z
    .string()
    .default('127.0.0.1')
    .describe(
      'Address that every listener binds to. Where that is not localhost, npm start with the sandbox puts it into the addresses below that are not set.',
    ),
  API_PORT: port(3000).describe('Port of the API for booking systems.'),
  PATIENT_PORT: port(3001).describe('Port of the pages that patients open.'),
  OPS_PORT: port(3002).describe('Port of the pages and metrics for operators.'),
  SANDBOX_PORT: port(3003).describe('Port of the sandbox phone and mailbox.'),
  SANDBOX_SMTP_PORT: port(3025).describe('Port of the mail server of the sandbox.'),
  DATA_DIR: z
    .string()
    .default('.data')
    .describe('Embedded database, key files, journal and sandbox.json.'),
  DATABASE_URL: secret
    .optional()
    .describe(
      'PostgreSQL 15 or newer. Unset: the embedded database. Each role signs in as its own user.',
    ),
  DATABASE_DIRECT_URL: secret
    .optional()
    .describe(
      'The same database past a pooler, for migrations and the queue. Unset: DATABASE_URL.',
    ),
  DATABASE_POOL_MAX: z.coerce
    .number()
    .int()
    .min(1)
    .max(100)
    .default(4)
    .describe(
      'Connections that one process may open for itself. Not counted: those of the queue, and one more of worker and of patient for the rate of the sender.',
    ),
  REDIS_URL: secret
    .refine(isRedisUrl, {
      message:
        'must be redis://…, redis+sentinel://HOST:PORT,…/NAME or redis+cluster://HOST:PORT,…, or the same with rediss',
    })
    .optional()
    .describe(
      'Redis 6.2 or newer, or Valkey, with maxmemory-policy noeviction, for the queue; redis+sentinel:// or redis+cluster:// where there are several. Unset: PostgreSQL carries it.',
    ),
  API_URL: baseUrl
    .optional()
    .describe('Public address of the API. Unset: http://localhost:API_PORT.'),
  PATIENT_URL: baseUrl
    .refine((value) => !value.startsWith('https://') || value.length <= 24, {
      message: 'must be at most 24 characters, else messages need a second segment',
    })
    .optional()
    .describe(
      'Public address in every link, https in production, at most 24 characters. Unset: http://localhost:PATIENT_PORT.',
    ),
  OPS_URL: baseUrl
    .optional()
    .describe('Public address of the ops pages. Unset: http://localhost:OPS_PORT.'),
  CALLBACK_URL: baseUrl.optional().describe('Public base of provider callbacks. Unset: API_URL.'),
  TRUSTED_PROXIES: addressList.describe(
    'Addresses, comma separated, whose X-Forwarded-For is believed. Unset: none.',
  ),
  SMS_TRANSPORT: z
    .enum(['sandbox', 'twilio'])
    .default('sandbox')
    .describe(
      'Where SMS go: the sandbox phone, or Twilio. Beside a live EMAIL_TRANSPORT sandbox means nowhere.',
    ),
  TWILIO_ACCOUNT_SID: z
    .string()
    .regex(/^AC[0-9a-zA-Z]{32}$/)
    .optional()
    .describe('Twilio account, AC and 32 characters.'),
  TWILIO_AUTH_TOKEN: secret.optional().describe('Twilio auth token; also checks callbacks.'),
  TWILIO_SEND_KEY_SID: z
    .string()
    .regex(/^SK[0-9a-zA-Z]{32}$/)
    .optional()
    .describe('Twilio API key that may create messages and nothing else; codes go out with it.'),
  TWILIO_SEND_KEY_SECRET: secret.optional().describe('Secret of TWILIO_SEND_KEY_SID.'),
  TWILIO_FROM: z.string().min(3).max(16).optional().describe('Sender number or alphanumeric name.'),
  TWILIO_MESSAGING_SERVICE_SID: z
    .string()
    .regex(/^MG[0-9a-zA-Z]{32}$/)
    .optional()
    .describe('Messaging service instead of TWILIO_FROM.'),
  TWILIO_BASE_URL: baseUrl
    .optional()
    .describe('Another origin that speaks the Messages API. Unset: Twilio, or the sandbox.'),
  TWILIO_COPIES: z
    .enum(['delete', 'keep'])
    .default('delete')
    .describe(
      'Whether Twilio’s copy of a reminder is deleted once it is known what became of it; keep, where a contract wants that.',
    ),
  SMS_OPT_OUT: z
    .enum(['reply', 'none'])
    .default('none')
    .describe('reply: the sender can receive, so messages say how to opt out.'),
  SMS_PER_SECOND: z.coerce
    .number()
    .min(0.1)
    .max(100_000)
    .optional()
    .describe(
      'Messages a second that the SMS sender may hand over, all processes together. Unset: what Twilio allows TWILIO_FROM: 1 for a long code of North America and 10 for any other, 3 toll-free, 10 for a name, 100 for a short code; 100 for a messaging service. What is set is kept in the sandbox too. Under 1000 no second has more than one above it.',
    ),
  EMAIL_TRANSPORT: z
    .enum(['sandbox', 'smtp'])
    .default('sandbox')
    .describe(
      'Where emails go: the sandbox mailbox, or SMTP. Beside a live SMS_TRANSPORT sandbox means nowhere.',
    ),
  SMTP_URL: secret
    .refine(isSmtpUrl, { message: 'must begin with smtp:// or smtps://' })
    .optional()
    .describe('Mail server that emails are handed to, with user and password where it wants them.'),
  SMTP_CONNECTIONS: z.coerce
    .number()
    .int()
    .min(1)
    .max(64)
    .default(8)
    .describe('Connections to the mail server at most, of each worker.'),
  SMTP_MESSAGES_PER_CONNECTION: z.coerce
    .number()
    .int()
    .min(1)
    .max(10_000)
    .default(100)
    .describe(
      'Emails over one connection at most; another is opened then. 100 is what the strictest of the large mail servers allow.',
    ),
  MAIL_FROM: z
    .email()
    .optional()
    .describe('The one address that emails come from, the same for all organisations.'),
  MAIL_RETURN_PATH: z
    .email()
    .optional()
    .describe(
      'Address that takes bounces at NAME+TOKEN@DOMAIN and passes them to the bounce callback. Unset: MAIL_FROM.',
    ),
  DKIM_DOMAIN: z
    .hostname()
    .optional()
    .describe('Domain to sign emails for. Unset: the mail server signs.'),
  DKIM_SELECTOR: z
    .string()
    .regex(/^[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?$/)
    .optional()
    .describe('Name under _domainkey of the DNS record with the public key.'),
  DKIM_KEY_FILE: z.string().optional().describe('Private key for DKIM, in PEM.'),
  EMAIL_PER_SECOND: z.coerce
    .number()
    .min(0.1)
    .max(100_000)
    .optional()
    .describe(
      'Emails a second that may be handed over, all processes together; likewise. Unset: 50.',
    ),
  SETTLE_WINDOW_S: z.coerce
    .number()
    .int()
    .min(1)
    .max(86_400)
    .optional()
    .describe(
      'Least time that a send of unknown outcome is looked for before one more attempt. Unset: 60, and 900 beside a live transport. Never under what the provider’s list may lag, nor under lease and timeout of a send, 75.',
    ),
  ...keyStoreVariables,
  JOURNAL: z
    .string()
    .regex(/^file:.+/)
    .optional()
    .describe(
      'Outside PostgreSQL: journals of erasures, opt-outs, lock-outs and revocations, and the mark that a restored database is recognised by. Unset: file:DATA_DIR/journal.',
    ),
  AUDIT_HEADS: z
    .string()
    .regex(/^file:.+/)
    .optional()
    .describe(
      'File that the scheduler adds a signed line to each hour: how far the audit goes, and its hash. Unset: audit-heads.txt in JOURNAL. Keep a copy where no administrator of the database can write.',
    ),
  AUDIT_HEADS_URL: secret
    .refine(isHttpUrl, { message: 'must begin with https:// or http://' })
    .optional()
    .describe('Address that the same line is posted to each hour, until it answers 2xx.'),
  KEEP_STATES_DAYS: keptFor('states').describe(
    'Days that states, times and attempts are kept after the links of an appointment expire, 1 to 90.',
  ),
  KEEP_EVENTS_DAYS: keptFor('events').describe(
    'Days that events and receipts are kept, 7 to 90; events go by the month. The same for api, scheduler and sotto migrate, below whose value nothing goes.',
  ),
  KEEP_AUDIT_DAYS: keptFor('audit').describe(
    'Days that what operators and administrators did is kept, 90 to 1096, which are three years. The same for scheduler and sotto migrate, below whose value nothing goes.',
  ),
  PORTAL_ISSUER: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe(
      'OpenID Connect provider where the patients of all organisations log in, as it writes itself. Unset: each organisation may have its own. The same for api and patient.',
    ),
  PORTAL_CLIENT_ID: z.string().min(1).max(255).optional().describe('What PORTAL_ISSUER calls us.'),
  PORTAL_ACR: z
    .string()
    .regex(/^[\x21-\x7e]+(?: [\x21-\x7e]+){0,7}$/)
    .optional()
    .describe(
      'Ways to log in of which PORTAL_ISSUER must have used one, with spaces between, the preferred first. Unset: any.',
    ),
  PORTAL_MAX_AGE_MINUTES: z.coerce
    .number()
    .int()
    .min(portalBounds.maxAgeMinutes.minimum)
    .max(portalBounds.maxAgeMinutes.maximum)
    .default(portalMaxAgeMinutesDefault)
    .describe('How long ago somebody may have logged in at PORTAL_ISSUER.'),
  CANARY: z
    .enum(['on', 'off'])
    .default('on')
    .describe(
      'Whether the scheduler puts an appointment of its own through API_URL and PATIENT_URL every minute, and compares what comes out. It must reach both.',
    ),
  METRICS_TOKEN: secret
    .optional()
    .describe('Bearer token that may read /metrics from elsewhere than loopback.'),
  ...operatorVariables,
  ALERT_WEBHOOK_URL: secret
    .refine(isHttpUrl, { message: 'must begin with https:// or http://' })
    .optional()
    .describe(
      'Address that each incident is posted to once, as JSON without anything personal, until it answers 2xx.',
    ),
  ALERT_EMAIL: z
    .email()
    .optional()
    .describe(
      'Address that each incident is written to once, through SMTP_URL. The scheduler is then given SMTP_URL too, for when no worker is left to write.',
    ),
  DEADMAN_URL: secret
    .refine(isHttpUrl, { message: 'must begin with https:// or http://' })
    .optional()
    .describe(
      'Address of a dead-man switch elsewhere: asked for twice a minute while every duty is done and every alert was taken.',
    ),
  LOG_LEVEL: z
    .enum(['debug', 'info', 'warn', 'error', 'silent'])
    .default('info')
    .describe('What the log holds. No level holds anything personal.'),
});

type Environment = z.output<typeof environment>;

/** The configuration of a process: every variable, with what is derived from others filled in. */
export interface Config extends Readonly<Environment> {
  readonly API_URL: string;
  readonly PATIENT_URL: string;
  readonly OPS_URL: string;
  readonly CALLBACK_URL: string;
  readonly KEYSTORE: string;
  readonly JOURNAL: string;
  readonly AUDIT_HEADS: string;
}

/** What is wrong with the configuration: one line a problem, names and rules only, never values. */
export class ConfigError extends Error {
  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.name = 'ConfigError';
  }
}

/**
 * Reads the configuration once, at the start of a process.
 *
 * An empty variable counts as unset, as in a compose file with `NAME=`.
 *
 * @throws {ConfigError} naming every problem at once
 */
export function loadConfig(env: Record<string, string | undefined>): Config {
  const given = Object.fromEntries(
    Object.entries(env).filter(([name, value]) => name in environment.shape && value !== ''),
  );
  const parsed = environment.safeParse(given, { reportInput: false });
  if (!parsed.success) {
    throw new ConfigError(
      parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`),
    );
  }
  const values = parsed.data;
  const problems = [...wayInProblems(values), ...keyStoreProblems(values)];
  if (problems.length > 0) throw new ConfigError(problems);
  const apiUrl = values.API_URL ?? `http://localhost:${values.API_PORT}`;
  const journal = values.JOURNAL ?? `file:${values.DATA_DIR}/journal`;
  return Object.freeze({
    ...values,
    API_URL: apiUrl,
    PATIENT_URL: values.PATIENT_URL ?? `http://localhost:${values.PATIENT_PORT}`,
    OPS_URL: values.OPS_URL ?? `http://localhost:${values.OPS_PORT}`,
    CALLBACK_URL: values.CALLBACK_URL ?? apiUrl,
    KEYSTORE: values.KEYSTORE ?? `file:${values.DATA_DIR}/keys`,
    JOURNAL: journal,
    AUDIT_HEADS: values.AUDIT_HEADS ?? `${journal}/audit-heads.txt`,
  });
}

function isOriginOrNoUrl(value: string): boolean {
  return !URL.canParse(value) || new URL(value).origin === value;
}

function isRedisUrl(url: Secret<string>): boolean {
  return readRedisAddress(url.reveal()) !== undefined;
}

function isSmtpUrl(url: Secret<string>): boolean {
  return /^smtps?:\/\/./.test(url.reveal());
}

function isHttpUrl(url: Secret<string>): boolean {
  return /^https?:\/\/./.test(url.reveal()) && URL.canParse(url.reveal());
}
