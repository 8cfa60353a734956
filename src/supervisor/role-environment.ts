import type { Config } from '../../config/env.ts';
import { Secret } from '../domain/secret.ts';
import type { DatabaseRole } from '../store/role-logins.ts';

/** A process of its own: the roles that sign in to PostgreSQL, and the sandbox, which does not. */
export type RoleName = DatabaseRole | 'sandbox';

type Variable = keyof Config;

const everyRole: readonly Variable[] = ['HOST', 'LOG_LEVEL', 'DATA_DIR'];
const everyDatabaseRole: readonly Variable[] = [
  'DATABASE_URL',
  'DATABASE_DIRECT_URL',
  'DATABASE_POOL_MAX',
  'API_URL',
  'PATIENT_URL',
  'OPS_URL',
  'CALLBACK_URL',
  'KEYSTORE',
  'JOURNAL',
];

const transports: readonly Variable[] = ['SMS_TRANSPORT', 'EMAIL_TRANSPORT'];
const smsSender: readonly Variable[] = [
  'TWILIO_ACCOUNT_SID',
  'TWILIO_MESSAGING_SERVICE_SID',
  'TWILIO_BASE_URL',
];
const portals: readonly Variable[] = [
  'PORTAL_ISSUER',
  'PORTAL_CLIENT_ID',
  'PORTAL_ACR',
  'PORTAL_MAX_AGE_MINUTES',
];
const alerts: readonly Variable[] = ['ALERT_WEBHOOK_URL', 'ALERT_EMAIL'];
/** A rate that is not set follows from the sender. */
const rates: readonly Variable[] = ['SMS_PER_SECOND', 'EMAIL_PER_SECOND', 'TWILIO_FROM'];

/**
 * What each role may know beside that. The worker sends reminders, the patient role sends codes by
 * SMS, and the sandbox plays the providers: nobody else holds a provider's secret, but the scheduler
 * that of the mail server where alerts are to go by email. Where there is a key that may only send, the
 * patient role has that and not the token.
 */
const variablesOf: Record<RoleName, readonly Variable[]> = {
  api: ['API_PORT', 'TRUSTED_PROXIES', 'KEEP_EVENTS_DAYS', ...transports, ...portals],
  patient: [
    'PATIENT_PORT',
    'TRUSTED_PROXIES',
    'SMS_OPT_OUT',
    'MAIL_FROM',
    ...transports,
    ...portals,
    ...smsSender,
    ...rates,
    'TWILIO_SEND_KEY_SID',
    'TWILIO_SEND_KEY_SECRET',
    'TWILIO_AUTH_TOKEN',
  ],
  ops: [
    'OPS_PORT',
    'TRUSTED_PROXIES',
    'METRICS_TOKEN',
    'REDIS_URL',
    'SECOND_PERSON_OVER',
    'OPS_OIDC_ISSUER',
    'OPS_OIDC_CLIENT_ID',
    'OPS_OIDC_CLIENT_SECRET',
    'OPS_OIDC_ACR',
    'OPS_OIDC_AMR',
    'OPS_OIDC_LOGIN_AGE_MINUTES',
    'OPS_PASSWORDS',
    ...transports,
    ...rates,
  ],
  worker: [
    'REDIS_URL',
    ...transports,
    ...smsSender,
    'TWILIO_AUTH_TOKEN',
    'TWILIO_COPIES',
    'SETTLE_WINDOW_S',
    'SMS_OPT_OUT',
    'SMTP_URL',
    'SMTP_CONNECTIONS',
    'SMTP_MESSAGES_PER_CONNECTION',
    'MAIL_FROM',
    'MAIL_RETURN_PATH',
    'DKIM_DOMAIN',
    'DKIM_SELECTOR',
    'DKIM_KEY_FILE',
    ...rates,
    ...alerts,
  ],
  scheduler: [
    'REDIS_URL',
    'CANARY',
    'SETTLE_WINDOW_S',
    'KEEP_STATES_DAYS',
    'KEEP_EVENTS_DAYS',
    'KEEP_AUDIT_DAYS',
    ...transports,
    ...rates,
    ...alerts,
    'DEADMAN_URL',
    'AUDIT_HEADS',
    'AUDIT_HEADS_URL',
    'SMTP_URL',
    'MAIL_FROM',
  ],
  sandbox: [
    'SANDBOX_PORT',
    'SANDBOX_SMTP_PORT',
    'CALLBACK_URL',
    'PATIENT_URL',
    ...transports,
    'TWILIO_ACCOUNT_SID',
    'TWILIO_AUTH_TOKEN',
  ],
};

/**
 * What any process needs of the machine, be it ours or not. NODE_OPTIONS is not among it: it can make
 * a process write its environment, and with it its secrets, into a report.
 */
const inherited = [
  'PATH',
  'HOME',
  'LANG',
  'TMPDIR',
  'NODE_ENV',
  'NODE_EXTRA_CA_CERTS',
  'NODE_COMPILE_CACHE',
];

/**
 * The whole environment of a role's process: only what it needs, with its own way into PostgreSQL.
 *
 * @param config the configuration as this role is to see it
 */
export function roleEnvironment(
  role: RoleName,
  { config, env }: { config: Config; env: Readonly<Record<string, string | undefined>> },
): Record<string, string> {
  const variables = [
    ...everyRole,
    ...(role === 'sandbox' ? [] : everyDatabaseRole),
    ...variablesOf[role].filter((name) => !isUnused(role, name, config)),
  ];
  const pairs = [
    ...inherited.map((name) => [name, env[name]] as const),
    ...variables.map((name) => [name, asText(name, config[name])] as const),
  ];
  return Object.fromEntries(
    pairs.filter((pair): pair is [string, string] => pair[1] !== undefined),
  );
}

/** What a role has no use for, as this deployment is set up. */
function isUnused(role: RoleName, name: Variable, config: Config): boolean {
  if (role === 'patient') {
    return name === 'TWILIO_AUTH_TOKEN' && config.TWILIO_SEND_KEY_SID !== undefined;
  }
  const isMailServer = name === 'SMTP_URL' || name === 'MAIL_FROM';
  return role === 'scheduler' && isMailServer && config.ALERT_EMAIL === undefined;
}

function asText(name: Variable, value: Config[Variable]): string | undefined {
  if (value === undefined) return undefined;
  if (value instanceof Secret) return value.reveal();
  if (Array.isArray(value)) return value.join(name === 'TRUSTED_PROXIES' ? ',' : ' ');
  return String(value);
}
