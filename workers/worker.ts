import { randomUUID } from 'node:crypto';
import { type Config, ConfigError } from '../config/env.ts';
import { limits } from '../config/limits.ts';
import packageFile from '../package.json' with { type: 'json' };
import { checkKeyStore } from '../src/keys/check-key-store.ts';
import { fileKeyStore, keyStoreFolder } from '../src/keys/file-key-store.ts';
import type { KeyStore } from '../src/keys/key-store.ts';
import { createLinkTokens } from '../src/keys/link-token.ts';
import { lintMessages } from '../src/message/lint-messages.ts';
import { openCheckedDatabase } from '../src/roles/checked-database.ts';
import type { Database } from '../src/store/database.ts';
import { writeHeartbeat } from '../src/store/heartbeats.ts';
import { createLog, type Log } from '../src/telemetry/log.ts';
import { createTwilioTransport } from '../src/transport/sms-twilio.ts';
import type { Transport } from '../src/transport/transport.ts';
import { type DispatchDeps, dispatchBatch } from '../src/usecases/dispatch-batch.ts';
import { createSuppressionLookup } from '../src/usecases/find-suppressed.ts';
import { makeEpochKeys } from '../src/usecases/keep-epoch-keys.ts';
import { createOutcomeRecorder } from '../src/usecases/record-outcome.ts';
import { createSendBreaker } from '../src/usecases/send-breaker.ts';
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
  const stopping = new AbortController();
  const recorder = createOutcomeRecorder({ database, log });
  const dispatchDeps = await composeDispatch({ config, database, keys, transport, log });
  const deps: DispatchDeps = { ...dispatchDeps, recorder, stopping: stopping.signal };
  const dispatcher = createDispatcher({
    database,
    dispatch: (batchId) => dispatchBatch(deps, batchId),
    concurrency: batchesAtOnce,
    log,
  });
  const instance = randomUUID();
  const duties = startDuties(workerDuties({ keys, lookAround: dispatcher.lookAround }), {
    log,
    beat: (name) => writeHeartbeat(database, { name, instance, version: packageFile.version }),
  });
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

function workerDuties(deps: { keys: KeyStore; lookAround: () => Promise<void> }): Duty[] {
  return [
    { name: 'dispatch', everyMs: 2_000, run: deps.lookAround },
    {
      name: 'epoch-keys',
      everyMs: 3_600_000,
      run: () => makeEpochKeys({ keys: deps.keys, now: Temporal.Now.instant }),
    },
  ];
}

async function composeDispatch(deps: {
  config: Config;
  database: Database;
  keys: KeyStore;
  transport: Transport;
  log: Log;
}): Promise<Omit<DispatchDeps, 'recorder' | 'stopping'>> {
  const { config, database, keys, transport, log } = deps;
  return {
    database,
    transport,
    log,
    linkTokens: createLinkTokens({
      keys: await keys.ensureLinkKey(),
      audience: new URL(config.PATIENT_URL).host,
    }),
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
  const { TWILIO_ACCOUNT_SID: accountSid, TWILIO_AUTH_TOKEN: authToken } = config;
  if (!accountSid || !authToken) {
    throw new ConfigError(['TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN: required by this role']);
  }
  return createTwilioTransport({
    accountSid,
    authToken,
    from: config.TWILIO_FROM,
    messagingServiceSid: config.TWILIO_MESSAGING_SERVICE_SID,
    baseUrl: config.TWILIO_BASE_URL,
    statusCallbackUrl: (token) => `${config.CALLBACK_URL}/callbacks/twilio/status/${token}`,
    timeoutMs: limits.sendTimeoutMs,
    maxSockets: socketsMax,
  });
}

function queueUrl(config: Config) {
  const url = config.DATABASE_DIRECT_URL ?? config.DATABASE_URL;
  if (!url) throw new ConfigError(['DATABASE_URL: required by this role']);
  return url;
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
