import { randomUUID } from 'node:crypto';
import { type Config, ConfigError } from '../config/env.ts';
import { limits } from '../config/limits.ts';
import packageFile from '../package.json' with { type: 'json' };
import type { Lane } from '../src/domain/lane.ts';
import { openJournal } from '../src/journal/journal.ts';
import type { KeyStore } from '../src/keys/key-store.ts';
import { checkedKeyStore } from '../src/keys/key-store-from-config.ts';
import { lintMessages } from '../src/message/lint-messages.ts';
import { openCheckedDatabase } from '../src/roles/checked-database.ts';
import { checkedQueueUrl } from '../src/roles/checked-queue.ts';
import { openSenderPaces } from '../src/roles/sender-paces.ts';
import type { Database } from '../src/store/database.ts';
import { deleteHeartbeat, writeHeartbeat } from '../src/store/heartbeats.ts';
import { dispatchBeat, isReachedByOthers } from '../src/store/lane-load.ts';
import { createLaneLookup, findWaitingBatches, takeBatches } from '../src/store/waiting-batches.ts';
import { createLog, type Log } from '../src/telemetry/log.ts';
import { dispatchBatch } from '../src/usecases/dispatch-batch.ts';
import { makeEpochKeys } from '../src/usecases/keep-epoch-keys.ts';
import { createDispatcher } from './dispatcher.ts';
import { type Duty, startDuties } from './duties.ts';
import type { OpenProvider } from './routes.ts';
import { listenForBells } from './runner.ts';
import { createRenewedTokens, openSending, type Sending } from './sending.ts';
import { createHeldUpSigns, providerDuties, workerDuties } from './worker-duties.ts';

/** Of each lane: some are read and opened while others wait for their commit. */
const batchesAtOnce = 8;
/** Of each lane, so that bells that wait for their lane to have room keep no other from being heard. */
const bellsAtOnce = 12;
/** A bell that takes longer than this was lost. */
const withoutBellMs = 3_000;
/** A worker that is at a batch says so every two seconds; one that has not for so long is gone. */
const silentMs = 5_000;
/** What the end of the shutdown needs of the time that a process is given. */
const lastWordsMs = 1_000;
/** What it takes to store that a provider was not waited for any longer. */
const givingUpMs = 1_000;
const finishMs = limits.shutdownMs - givingUpMs - lastWordsMs;

/**
 * Runs the process that sends: it checks what it stands on, makes the keys of the days ahead, and
 * hears bells until it is closed. Closing begins nothing new, waits a while for what is in the air and
 * stores it, and gives back the rest.
 *
 * @returns `broken` resolves when it can no longer do its work, and another process is to do it
 * @param parts.openProvider other than the configured providers, for measuring without one
 * @throws {ConfigError} for a setting, a database, a queue or a text that it must not run with
 * @throws {KeyStoreError} for keys that cannot be used
 */
export async function runWorker(
  config: Config,
  { openProvider, deafAfterMs }: { openProvider?: OpenProvider; deafAfterMs?: number } = {},
): Promise<{ broken: Promise<void>; close(): Promise<void> }> {
  const log = createLog({ role: 'worker', level: config.LOG_LEVEL });
  const keys = await openKeys(config, log);
  const queueUrl = await checkedQueueUrl(config, log);
  const database = await openCheckedDatabase(config, { role: 'worker', log });
  const tokens = await createRenewedTokens({ keys, database, config });
  const journal = await openJournal(config.JOURNAL, 'worker');

  const stopping = new AbortController();
  const stop = stopping.signal;
  const paces = openSenderPaces(config, { role: 'worker', log });
  const sending = await openSending({
    ...{ config, database, journal, keys, tokens, log, stop, openProvider, paceOf: paces.of },
  });
  const sign = signOfLife(database);
  const { lanes, routeOf } = sending;
  const heldUp = createHeldUpSigns({ ...sign, lanes, routeOf });
  const dispatching = { ...sending, areOthersWell: heldUp.areOthersWell };
  const dispatcher = createDispatcher({
    findWaiting: (countMax) =>
      findWaitingBatches(database, {
        waitingMs: withoutBellMs,
        leaseMs: limits.batchLeaseMs,
        leaseMarginMs: limits.leaseMarginMs,
        ...{ countMax, silentMs },
      }),
    claim: (batchIds) => takeBatches(database, { batchIds, silentMs }),
    keep: (batchIds) => takeBatches(database, { batchIds, silentMs: 0 }),
    laneOf: createLaneLookup(database),
    dispatch: (batchId) => dispatchBatch(dispatching, batchId),
    isLeft: heldUp.isLeft,
    concurrency: batchesAtOnce,
    log,
  });
  const dispatchDuty: Duty = {
    name: dispatchBeat,
    everyMs: 2_000,
    async run() {
      await heldUp.renew();
      await dispatcher.lookAround();
    },
  };
  const others = workerDuties({ config, database, journal, keys, renewTokens: tokens.renew, log });
  const atProviders = providerDuties({ config, database, keys, lanes, routeOf, log });
  const duties = startDuties([dispatchDuty, ...others, ...atProviders], { log, beat: sign.beat });
  const broken = Promise.withResolvers<void>();
  const bells = listenForBells({
    url: queueUrl,
    concurrency: bellsAtOnce * lanes.length,
    onBatch: dispatcher.take,
    onDeaf: broken.resolve,
    ...(deafAfterMs === undefined ? {} : { deafAfterMs }),
    log,
  });
  log.info('waiting for bells');

  return {
    broken: broken.promise,
    async close() {
      stopping.abort();
      // Nothing new begins, so no moment is waited for any more.
      const paced = paces.close();
      const stored = dispatcher.idle().then(sending.recorder.idle);
      const finished = [bells.close(finishMs), duties.close(), stored];
      await atMost(finishMs, Promise.all(finished));
      // Who has not answered by now is left. What a provider had not asked for yet is certainly with
      // nobody, and is stored as that rather than left in doubt.
      await sending.close();
      await atMost(givingUpMs, stored);
      reportUnstored(sending, log);
      // The feeder takes nothing more for a worker that has left.
      const farewell = sign.takeBack(dispatchBeat).then(heldUp.takeBackAll);
      await atMost(lastWordsMs / 3, farewell);
      await atMost(lastWordsMs / 3, Promise.all([database.close(), paced]));
      await journal.close();
    },
  };
}

/** Checks the texts and the keys, and makes the keys of every day that may be sealed to. */
async function openKeys(config: Config, log: Log): Promise<KeyStore> {
  const optOut = config.SMS_OPT_OUT === 'reply';
  const problems = lintMessages({ linkHostUrl: config.PATIENT_URL, optOut });
  if (problems.length > 0) throw new ConfigError(problems);
  const keys = await checkedKeyStore(config, 'worker', log);
  await makeEpochKeys({ keys, now: () => Temporal.Now.instant() });
  // Made at the first start and not when first needed, so that the patient role can be given the same.
  await keys.symmetricKeys('pepper');
  await keys.symmetricKeys('opt-out');
  return keys;
}

function signOfLife(database: Database) {
  const instance = randomUUID();
  const { version } = packageFile;
  return {
    beat: (name: string) => writeHeartbeat(database, { name, instance, version }),
    takeBack: (name: string) => deleteHeartbeat(database, { name, instance }),
    lookForOthers: (lane: Lane) => isReachedByOthers(database, { ...lane, instance }),
  };
}

function reportUnstored({ recorder }: Sending, log: Sending['log']): void {
  const count = recorder.pending();
  if (count > 0) log.error('outcomes could not be stored before the end', { count });
}

async function atMost(ms: number, work: Promise<unknown>): Promise<void> {
  const patience = new Promise((resolve) => setTimeout(resolve, ms).unref());
  await Promise.race([work.catch(() => {}), patience]);
}
