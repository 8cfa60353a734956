import { expect, it } from 'vitest';
import { environment, loadConfig } from '../../config/env.ts';
import { portalForAll } from '../../config/portal.ts';
import { type RoleName, roleEnvironment } from '../../src/supervisor/role-environment.ts';

const portal = {
  PORTAL_ISSUER: 'https://login.example',
  PORTAL_CLIENT_ID: 'sotto',
  PORTAL_ACR: 'mfa hardware',
  PORTAL_MAX_AGE_MINUTES: '5',
};
/** All that may be unset, set. */
const set = {
  ...portal,
  DATABASE_URL: 'postgres://sotto@db.example/sotto',
  DATABASE_DIRECT_URL: 'postgres://sotto@db.example/sotto',
  REDIS_URL: 'redis://queue.example',
  PATIENT_URL: 'https://r.example',
  API_URL: 'https://api.example',
  TRUSTED_PROXIES: '192.0.2.1',
  KEYSTORE_TOKEN: 'a-token',
  KEYSTORE_TOKEN_FILE: '/run/token',
  TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`,
  TWILIO_AUTH_TOKEN: 'token',
  TWILIO_FROM: '+33700555100',
  TWILIO_MESSAGING_SERVICE_SID: `MG${'0'.repeat(32)}`,
  TWILIO_BASE_URL: 'https://sms.example',
  TWILIO_SEND_KEY_SID: `SK${'1'.repeat(32)}`,
  TWILIO_SEND_KEY_SECRET: 'key-secret',
  SMS_PER_SECOND: '10',
  EMAIL_PER_SECOND: '10',
  SMTP_URL: 'smtp://mail.example',
  MAIL_FROM: 'reminders@r.example',
  MAIL_RETURN_PATH: 'bounces@r.example',
  DKIM_DOMAIN: 'r.example',
  DKIM_SELECTOR: 's1',
  DKIM_KEY_FILE: '/run/dkim',
  METRICS_TOKEN: 'm'.repeat(20),
  OPS_OIDC_ISSUER: 'https://staff.example',
  OPS_OIDC_CLIENT_ID: 'sotto',
  OPS_OIDC_CLIENT_SECRET: 'secret',
  OPS_OIDC_ACR: 'mfa',
  OPS_OIDC_AMR: 'otp',
  OPS_OIDC_LOGIN_AGE_MINUTES: '15',
  SETTLE_WINDOW_S: '900',
  ALERT_WEBHOOK_URL: 'https://alerts.example',
  ALERT_EMAIL: 'ops@clinic.example',
  DEADMAN_URL: 'https://deadman.example',
  AUDIT_HEADS_URL: 'https://heads.example',
};

it('each variable that is set reaches a role of npm start, but those of Vault', () => {
  const config = loadConfig(set);
  const names = Object.keys(environment.shape) as (keyof typeof config)[];
  expect(names.filter((name) => config[name] === undefined)).toEqual([]);
  const roles: RoleName[] = ['api', 'patient', 'ops', 'worker', 'scheduler', 'sandbox'];
  const told = new Set(
    roles.flatMap((role) => Object.keys(roleEnvironment(role, { config, env: {} }))),
  );
  // It keeps keys in files, and refuses Vault.
  expect(names.filter((name) => !told.has(name))).toEqual([
    'KEYSTORE_TOKEN',
    'KEYSTORE_TOKEN_FILE',
  ]);
});

it('the portal that serves all is asked for the logins that are set, by the two roles that must agree', () => {
  const config = loadConfig(set);
  for (const role of ['api', 'patient'] as const) {
    const seen = roleEnvironment(role, { config, env: {} });
    expect(portalForAll(loadConfig(seen)), role).toEqual({
      issuer: 'https://login.example',
      clientId: 'sotto',
      acrValues: ['mfa', 'hardware'],
      maxAgeMinutes: 5,
    });
  }
});

it('a portal that lacks our name there is refused', () => {
  const { PORTAL_CLIENT_ID: _, ...half } = portal;
  expect(() => portalForAll(loadConfig(half))).toThrow('PORTAL_CLIENT_ID: required');
  expect(portalForAll(loadConfig({}))).toBeUndefined();
});
