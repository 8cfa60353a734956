import { randomUUID } from 'node:crypto';
import { type Config, ConfigError } from '../config/env.ts';
import { limits } from '../config/limits.ts';
import packageFile from '../package.json' with { type: 'json' };
import type { Secret } from '../src/domain/secret.ts';
import { checkKeyStore } from '../src/keys/check-key-store.ts';
import { fileKeyStore, keyStoreFolder } from '../src/keys/file-key-store.ts';
import type { KeyStore } from '../src/keys/key-store.ts';
import { createLinkTokens, type LinkTokens } from '../src/keys/link-token.ts';
import { lintMessages } from '../src/message/lint-messages.ts';
import { openCheckedDatabase } from '../src/roles/checked-database.ts';
import type { Database } from '../src/store/database.ts';
import { dispatchBeat, heldUpBeat } from '../src/store/feed.ts';
import { deleteHeartbeat, writeHeartbeat } from '../src/store/heartbeats.ts';
import { createLog, type Log } from '../src/telemetry/log.ts';
import { createTwilioTransport } from '../src/transport/sms-twilio.ts';
import type { Transport } from '../src/transport/transport.ts';
import { clearSettledParcels } from '../src/usecases/clear-parcels.ts';
import { type DispatchDeps, dispatchBatch } from '../src/usecases/dispatch-batch.ts';
import { createSuppressionLookup } from '../src/usecases/find-suppressed.ts';
import { destroyOldEpochKeys, makeEpochKeys } from '../src/usecases/keep-epoch-keys.ts';
import { processCallbacks } from '../src/usecases/process-callbacks.ts';
import { createOutcomeRecorder } from '../src/usecases/record-outcome.ts';
import { resealOwedParcels } from '../src/usecases/reseal-owed-parcels.ts';
import { createSendBreaker, type SendBreaker } from '../src/usecases/send-breaker.ts';
import { createSendSlots } from '../src/usecases/send-slots.ts';
import { createDispatcher } from './dispatcher.ts';
import { type Duty, startDuties } from './duties.ts';
import { listenForBells } from './runner.ts';

const socketsMax = 32;
const batchesAtOnce = 4;
/** What the rest of the shutdown needs of the time that a process is given. */
const closingMs = 1_000;

/**
 * Runs the process that sends: it checks what it stands on, makes the keys of the days ahead, and
 * hears bells until it is closed. Closing begins nothing new, waits for what is in the air and
 * stores it, and gives back the rest.
 *
 * @throws {ConfigError} for a setting, a database or a text that it must not run with
 * @throws {KeyStoreError} for keys that cannot be used
 */
export async function runWorker(config: Config): Promise<{ close(): Promise<void> }> {
  const log = createLog({ role: 'worker', level: config.LOG_LEVEL });
  const optOut = config.SMS_OPT_OUT === 'reply';
  const problems = lintMessages({ linkHostUrl: config.PATIENT_URL, optOut });
  if (problems.length > 0) throw new ConfigError(problems);
  const folder = keyStoreFolder(config.KEYSTORE);
  await checkKeyStore(folder, 'worker');
  const keys = fileKeyStore(folder);
  await makeEpochKeys({ keys, now: Temporal.Now.instant });
  const database = await openCheckedDatabase(config, { role: 'worker', log });
  const transport = smsTransport(config);
  const linkTokens = await createRenewedTokens({
    keys,
    audience: new URL(config.PATIENT_URL).host,
  });
  const stopping = new AbortController();
  const recorder = createOutcomeRecorder({ database, log });
  const dispatchDeps = await composeDispatch({
    config,
    database,
    keys,
    linkTokens: linkTokens.mint,
    transport,
    log,
  });
  const deps: DispatchDeps = { ...dispatchDeps, recorder, stopping: stopping.signal };
  const dispatcher = createDispatcher({
    database,
    dispatch: (batchId) => dispatchBatch(deps, batchId),
    concurrency: batchesAtOnce,
    log,
  });
  const instance = randomUUID();
  const beat = (name: string) =>
    writeHeartbeat(database, { name, instance, version: packageFile.version });
  const heldUp = createHeldUpSign({ database, breaker: deps.breaker, instance, beat });
  const lookAround = async () => {
    await heldUp();
    await dispatcher.lookAround();
  };
  const duties = startDuties(
    workerDuties({ config, database, keys, lookAround, renewLinkKeys: linkTokens.renew, log }),
    {
      log,
      beat,
    },
  );
  const bells = listenForBells({
    url: queueUrl(config),
    concurrency: batchesAtOnce,
    onBatch: dispatcher.take,
    log,
  });

  return {
    async close() {
      stopping.abort();
      const finished = Promise.all([
        bells.close(limits.shutdownMs - closingMs),
        duties.close(),
        dispatcher.idle(),
      ]);
      await Promise.race([finished, wait(limits.shutdownMs - closingMs)]);
      if (recorder.pending() > 0) {
        log.error('outcomes could not be stored before the end', { count: recorder.pending() });
      }
      await transport.close();
      await Promise.race([database.close(), wait(closingMs / 2)]);
    },
  };
}

function workerDuties(deps: {
  config: Config;
  database: Database;
  keys: KeyStore;
  lookAround: () => Promise<void>;
  renewLinkKeys: () => Promise<void>;
  log: Log;
}): Duty[] {
  const { config, database, keys, log } = deps;
  const now = () => Temporal.Now.instant();
  const { authToken } = twilioAccount(config);
  const callbackUrl = config.CALLBACK_URL;
  return [
    { name: dispatchBeat, everyMs: 2_000, run: deps.lookAround },
    {
      name: 'callbacks',
      everyMs: 1_000,
      run: () => processCallbacks({ database, keys, authToken, callbackUrl, log }),
    },
    { name: 'link-keys', everyMs: 30_000, run: deps.renewLinkKeys },
    { name: 'clear-parcels', everyMs: 60_000, run: () => clearSettledParcels({ database }) },
    {
      name: 'epoch-keys',
      everyMs: 3_600_000,
      run: async () => {
        await makeEpochKeys({ keys, now });
        await clearSettledParcels({ database });
        await resealOwedParcels({ database, keys, now, log });
        await destroyOldEpochKeys({ database, keys, now, log });
      },
    },
  ];
}

type LinkMint = Pick<LinkTokens, 'mint' | 'newestSelector'>;

/** Link tokens under the keys that are in the store now: a new one is used without a restart. */
async function createRenewedTokens({
  keys,
  audience,
}: {
  keys: KeyStore;
  audience: string;
}): Promise<{ mint: LinkMint; renew: () => Promise<void> }> {
  let tokens = createLinkTokens({ keys: await keys.ensureLinkKey(), audience });
  return {
    mint: {
      get newestSelector() {
        return tokens.newestSelector;
      },
      mint: (secret, selector) => tokens.mint(secret, selector),
    },
    async renew() {
      tokens = createLinkTokens({ keys: await keys.linkKeys(), audience });
    },
  };
}

/** Tells the feeder while the provider is down for this process, and takes it back after. */
function createHeldUpSign(deps: {
  database: Database;
  breaker: SendBreaker;
  instance: string;
  beat: (name: string) => Promise<void>;
}): () => Promise<void> {
  const name = heldUpBeat('sms');
  let told = false;
  return async () => {
    const heldUp = deps.breaker.allows() !== 'all';
    if (heldUp) await deps.beat(name);
    else if (told) await deleteHeartbeat(deps.database, { name, instance: deps.instance });
    told = heldUp;
  };
}

async function composeDispatch(deps: {
  config: Config;
  database: Database;
  keys: KeyStore;
  linkTokens: LinkMint;
  transport: Transport;
  log: Log;
}): Promise<Omit<DispatchDeps, 'recorder' | 'stopping'>> {
  const { config, database, keys, linkTokens, transport, log } = deps;
  return {
    database,
    transport,
    log,
    linkTokens,
    linkHostUrl: config.PATIENT_URL,
    optOut: config.SMS_OPT_OUT === 'reply',
    epochPrivateKey: keys.epochPrivateKey,
    findSuppressed: createSuppressionLookup({
      database,
      pepper: await keys.symmetricKey('pepper'),
    }),
    slots: createSendSlots(socketsMax),
    breaker: createSendBreaker({
      onChange: (open) =>
        log.warn('the breaker of a provider changed', { state: open ? 'open' : 'closed' }),
    }),
  };
}

function smsTransport(config: Config): Transport {
  return createTwilioTransport({
    ...twilioAccount(config),
    from: config.TWILIO_FROM,
    messagingServiceSid: config.TWILIO_MESSAGING_SERVICE_SID,
    baseUrl: config.TWILIO_BASE_URL,
    statusCallbackUrl: (token) => `${config.CALLBACK_URL}/callbacks/twilio/status/${token}`,
    timeoutMs: limits.sendTimeoutMs,
    maxSockets: socketsMax,
  });
}

function twilioAccount(config: Config): { accountSid: string; authToken: Secret<string> } {
  const { TWILIO_ACCOUNT_SID: accountSid, TWILIO_AUTH_TOKEN: authToken } = config;
  if (!accountSid || !authToken) {
    throw new ConfigError(['TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN: required by this role']);
  }
  return { accountSid, authToken };
}

function queueUrl(config: Config) {
  const url = config.DATABASE_DIRECT_URL ?? config.DATABASE_URL;
  if (!url) throw new ConfigError(['DATABASE_URL: required by this role']);
  return url;
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
