import { environment, loadConfig } from '../../config/env.ts';
import type { DatabaseRole } from '../../src/store/role-logins.ts';
import { roleEnvironment } from '../../src/supervisor/role-environment.ts';

/** What `npm start` would let a process of this role know. */
export function variablesOf(role: DatabaseRole): string[] {
  const secrets = Object.keys(environment.shape).filter((name) =>
    /URL|KEY|TOKEN|SECRET|SID|FROM|DKIM|PATH|PROXIES/.test(name),
  );
  const valid: Record<string, string> = {
    ...Object.fromEntries(secrets.map((name) => [name, 'a'])),
    ...Object.fromEntries(
      secrets.filter((name) => name.endsWith('URL')).map((name) => [name, 'http://a']),
    ),
    ...{ DATABASE_URL: 'postgres://a', DATABASE_DIRECT_URL: 'postgres://a', SMTP_URL: 'smtp://a' },
    ...{ REDIS_URL: 'redis://a', TRUSTED_PROXIES: '127.0.0.1', TWILIO_FROM: '+33644000000' },
    ...{ TWILIO_ACCOUNT_SID: `AC${'a'.repeat(32)}`, TWILIO_SEND_KEY_SID: `SK${'a'.repeat(32)}` },
    ...{ TWILIO_MESSAGING_SERVICE_SID: `MG${'a'.repeat(32)}`, MAIL_FROM: 'a@a.org' },
    ...{ MAIL_RETURN_PATH: 'a@a.org', DKIM_DOMAIN: 'a.org', KEYSTORE: 'file:a', JOURNAL: 'file:a' },
    ...{ PORTAL_ISSUER: 'https://a', PORTAL_CLIENT_ID: 'a', PORTAL_ACR: 'a' },
    ...{ OPS_OIDC_ISSUER: 'https://a', OPS_OIDC_CLIENT_ID: 'a', OPS_OIDC_ACR: 'a' },
    ...{ OPS_OIDC_AMR: 'a', OPS_OIDC_LOGIN_AGE_MINUTES: '1' },
    OPS_URL: 'http://a',
    ALERT_EMAIL: 'a@a.org',
    SETTLE_WINDOW_S: '900',
    SMS_PER_SECOND: '1',
    EMAIL_PER_SECOND: '1',
  };
  return Object.keys(roleEnvironment(role, { config: loadConfig(valid), env: {} }));
}
