import type { Config } from '../config/env.ts';
import type { Journal } from '../src/journal/journal.ts';
import type { KeyStore } from '../src/keys/key-store.ts';
import type { LinkTokens } from '../src/keys/link-token.ts';
import { createRenewedLinkTokens } from '../src/keys/renewed-link-tokens.ts';
import type { Database } from '../src/store/database.ts';
import { findRevokedSelectors } from '../src/store/revoked-keys.ts';
import type { Log } from '../src/telemetry/log.ts';
import type { DispatchDeps } from '../src/usecases/dispatch-batch.ts';
import { createSuppressionLookup } from '../src/usecases/find-suppressed.ts';
import { keepCanaryMessage } from '../src/usecases/keep-canary-message.ts';
import { createOptOutLinks } from '../src/usecases/opt-out-links.ts';
import { recordDeliveryReceipts } from '../src/usecases/record-delivery-receipt.ts';
import { recordOptOut } from '../src/usecases/record-opt-out.ts';
import { createOutcomeRecorder } from '../src/usecases/record-outcome.ts';
import { type OpenProvider, openRoutes, type Routes } from './routes.ts';

/** All that one process needs to send batches. */
export interface Sending extends DispatchDeps, Routes {}

export async function openSending(parts: {
  config: Config;
  database: Database;
  journal: Journal;
  keys: KeyStore;
  tokens: RenewedTokens;
  log: Log;
  stop: AbortSignal;
  paceOf?: Parameters<typeof openRoutes>[0]['paceOf'];
  openProvider?: OpenProvider | undefined;
}): Promise<Sending> {
  const { config, database, journal, keys, tokens, log, stop, paceOf, openProvider } = parts;
  const routes = await openRoutes({
    config,
    openProvider,
    paceOf,
    recordOptOut: (said) =>
      recordOptOut({ database, journal, keys }, { ...said, source: 'provider' }),
    storeReceipts: (receipts) => recordDeliveryReceipts({ database }, receipts),
    keepForCanary: (message) => keepCanaryMessage({ database, keys }, message),
    log,
  });
  return {
    ...routes,
    database,
    log,
    stopping: stop,
    linkTokens: tokens.mint,
    linkHostUrl: config.PATIENT_URL,
    optOut: config.SMS_OPT_OUT === 'reply',
    epochPrivateKey: keys.epochPrivateKey,
    findSuppressed: createSuppressionLookup({ database, keys }),
    recorder: createOutcomeRecorder({ database, log }),
    optOutUrlOf: createOptOutLinks({ keys, patientUrl: config.PATIENT_URL }),
  };
}

export interface RenewedTokens {
  readonly mint: Pick<LinkTokens, 'mint' | 'newestSelector'>;
  renew(): Promise<void>;
}

/**
 * Link tokens under the keys that are in the store now: a new one is used without a restart. None is used
 * that the database knows as revoked, though the store may not have told that it is gone.
 */
export async function createRenewedTokens(parts: {
  keys: KeyStore;
  database: Pick<Database, 'query'>;
  config: Pick<Config, 'PATIENT_URL'>;
}): Promise<RenewedTokens> {
  const { keys, database, config } = parts;
  const tokens = await createRenewedLinkTokens({
    keys,
    audience: new URL(config.PATIENT_URL).host,
    usable: async (held) => {
      const revoked = new Set(await findRevokedSelectors(database));
      return held.filter(({ selector }) => !revoked.has(selector));
    },
  });
  return {
    mint: {
      get newestSelector() {
        return tokens.current().newestSelector;
      },
      mint: (secret, selector) => tokens.current().mint(secret, selector),
    },
    renew: tokens.renew,
  };
}
