import type { Config } from '../config/env.ts';
import type { Journal } from '../src/journal/journal.ts';
import type { KeyStore } from '../src/keys/key-store.ts';
import type { Database } from '../src/store/database.ts';
import { heldUpBeat } from '../src/store/feed.ts';
import type { Log } from '../src/telemetry/log.ts';
import { clearSettledParcels } from '../src/usecases/clear-parcels.ts';
import { destroyOldEpochKeys, makeEpochKeys } from '../src/usecases/keep-epoch-keys.ts';
import { processCallbacks } from '../src/usecases/process-callbacks.ts';
import { resealOwedParcels } from '../src/usecases/reseal-owed-parcels.ts';
import type { SendBreaker } from '../src/usecases/send-breaker.ts';
import type { Duty } from './duties.ts';
import { twilioAccount } from './sending.ts';

/** What a worker does beside sending: all of it needs the worker's keys. */
export function workerDuties(deps: {
  config: Config;
  database: Database;
  journal: Journal;
  keys: KeyStore;
  renewTokens: () => Promise<void>;
  log: Log;
}): Duty[] {
  const { config, database, journal, keys, log } = deps;
  const now = () => Temporal.Now.instant();
  const { authToken } = twilioAccount(config);
  const callbackUrl = config.CALLBACK_URL;
  return [
    {
      name: 'callbacks',
      everyMs: 1_000,
      run: () => processCallbacks({ database, journal, keys, authToken, callbackUrl, log }),
    },
    { name: 'link-keys', everyMs: 30_000, run: deps.renewTokens },
    { name: 'clear-parcels', everyMs: 60_000, run: () => clearSettledParcels({ database }) },
    {
      name: 'epoch-keys',
      everyMs: 3_600_000,
      async run() {
        await makeEpochKeys({ keys, now });
        // In this order: what is settled is emptied, what is left is sealed anew, and then nothing
        // needs the keys of days that are over.
        await clearSettledParcels({ database });
        await resealOwedParcels({ database, keys, now, log });
        await destroyOldEpochKeys({ database, keys, now, log });
      },
    },
  ];
}

/** Tells the feeder while the provider is down for this process, and takes it back after. */
export function createHeldUpSign(deps: {
  breaker: Pick<SendBreaker, 'allows'>;
  beat: (name: string) => Promise<void>;
  takeBack: (name: string) => Promise<void>;
}): () => Promise<void> {
  const name = heldUpBeat('sms');
  let told = false;
  return async () => {
    const heldUp = deps.breaker.allows() !== 'all';
    if (heldUp) await deps.beat(name);
    else if (told) await deps.takeBack(name);
    told = heldUp;
  };
}
