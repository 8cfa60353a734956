import type { Config } from '../../config/env.ts';
import { senderRates } from '../../config/sender-rates.ts';
import packageFile from '../../package.json' with { type: 'json' };
import { buildOps } from '../http/ops/build-ops.ts';
import { checkNoKeys, vaultLineFromConfig } from '../keys/key-store-from-config.ts';
import { verifyPassword } from '../keys/password.ts';
import { createLog } from '../telemetry/log.ts';
import { formatOpsMetrics } from '../telemetry/ops-metrics.ts';
import { createOpsProvider, type OpsProvider } from '../transport/ops-openid.ts';
import { recordForbidden } from '../usecases/manage-sessions.ts';
import { measureOperations } from '../usecases/measure-operations.ts';
import { opsReadiness } from '../usecases/ops-readiness.ts';
import { readOverview } from '../usecases/read-overview.ts';
import { recordQueueAction } from '../usecases/record-queue-action.ts';
import { createRefusalRecord } from '../usecases/refusal-record.ts';
import { findVisitor, signIn, signOut } from '../usecases/sign-in.ts';
import { signInElsewhere } from '../usecases/sign-in-elsewhere.ts';
import { createSignInThrottle } from '../usecases/sign-in-throttle.ts';
import { openCheckedDatabase } from './checked-database.ts';
import { operatorActions } from './operator-actions.ts';
import { watchQueue } from './watch-queue.ts';

/**
 * Runs the listener for operators: pages behind a sign-in, health and metrics.
 *
 * @throws {ConfigError} without DATABASE_URL, or for a database that this role must not run on
 * @throws {KeyStoreError} for a token of Vault that could read keys
 */
export async function runOps(config: Config): Promise<{ close(): Promise<void> }> {
  const log = createLog({ role: 'ops', level: config.LOG_LEVEL });
  await checkNoKeys(config, 'ops');
  const database = await openCheckedDatabase(config, { role: 'ops', log });
  const queue = watchQueue(config, log);
  const throttle = createSignInThrottle(() => performance.now());
  const refusals = createRefusalRecord(() => performance.now());
  const provider = providerFrom(config);
  const findVault = vaultLineFromConfig(config, 'ops');
  try {
    const app = await buildOps({
      log,
      opsUrl: config.OPS_URL,
      apiUrl: config.API_URL,
      trustedProxies: config.TRUSTED_PROXIES,
      metricsToken: config.METRICS_TOKEN,
      findVisitor: (token, use) => findVisitor({ database }, token, use),
      signIn: (input) => signIn({ database, throttle, refusals, verifyPassword }, input),
      isPasswordTaken: config.OPS_PASSWORDS === 'on',
      provider: provider && {
        begin: (secrets) => provider.begin(secrets),
        finish: (input) => signInElsewhere({ database, refusals, provider }, input),
      },
      recordForbidden: (entry) => recordForbidden({ database }, entry),
      signOut: (token) => signOut({ database }, token),
      queue,
      recordQueueAction: (entry) => recordQueueAction({ database }, entry),
      ...operatorActions(database, { aloneMax: config.SECOND_PERSON_OVER }),
      perSecond: senderRates(config),
      readOverview: (input) => readOverview({ database }, input),
      ready: async () => ({
        ...(await opsReadiness({ database })),
        ...(findVault && { vault: await findVault() }),
      }),
      metrics: async () =>
        formatOpsMetrics({
          ...(await measureOperations({ database })),
          version: packageFile.version,
          nowMs: Date.now(),
        }),
    });
    await app.listen({ host: config.HOST, port: config.OPS_PORT });
    log.info('listening', { port: config.OPS_PORT });
    return {
      async close() {
        await app.close();
        await queue.close();
        await database.close();
      },
    };
  } catch (error) {
    await database.close();
    throw error;
  }
}

function providerFrom(config: Config): OpsProvider | undefined {
  const { OPS_OIDC_ISSUER: issuer, OPS_OIDC_CLIENT_ID: clientId } = config;
  const { OPS_OIDC_LOGIN_AGE_MINUTES: age } = config;
  if (issuer === undefined || clientId === undefined) return undefined;
  return createOpsProvider({
    ...{ issuer, clientId, clientSecret: config.OPS_OIDC_CLIENT_SECRET },
    redirectUri: `${config.OPS_URL}/login/return`,
    acr: config.OPS_OIDC_ACR ?? [],
    amr: config.OPS_OIDC_AMR ?? [],
    loginAgeS: age === undefined ? undefined : age * 60,
  });
}
