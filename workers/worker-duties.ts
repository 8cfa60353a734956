import type { Config } from '../config/env.ts';
import { heldUpBeat, type Lane, laneKey } from '../src/domain/lane.ts';
import type { Journal } from '../src/journal/journal.ts';
import type { KeyStore } from '../src/keys/key-store.ts';
import type { Database } from '../src/store/database.ts';
import type { Log } from '../src/telemetry/log.ts';
import { clearSettledParcels } from '../src/usecases/clear-parcels.ts';
import { destroyOldEpochKeys, makeEpochKeys } from '../src/usecases/keep-epoch-keys.ts';
import { processCallbacks } from '../src/usecases/process-callbacks.ts';
import { resealOwedParcels } from '../src/usecases/reseal-owed-parcels.ts';
import type { RouteOf } from '../src/usecases/routes.ts';
import type { Duty } from './duties.ts';

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
  const { TWILIO_AUTH_TOKEN: authToken, CALLBACK_URL: callbackUrl } = config;
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

/** What a process tells the feeder of its lanes. */
export interface HeldUpSigns {
  /** Tells which lanes are held up, because their provider is down, and takes back which were. */
  renew(): Promise<void>;
  /** For a process that ends: what it found is nobody's any more. */
  takeBackAll(): Promise<void>;
}

export function createHeldUpSigns(deps: {
  lanes: readonly Lane[];
  routeOf: RouteOf;
  beat: (name: string) => Promise<void>;
  takeBack: (name: string) => Promise<void>;
}): HeldUpSigns {
  const told = new Map<string, Lane>();

  async function takeBack(lane: Lane): Promise<void> {
    await deps.takeBack(heldUpBeat(lane));
    told.delete(laneKey(lane));
  }

  return {
    async renew() {
      for (const lane of deps.lanes) {
        const heldUp = deps.routeOf(lane)?.breaker.allows() !== 'all';
        if (heldUp) {
          told.set(laneKey(lane), lane);
          await deps.beat(heldUpBeat(lane));
        } else if (told.has(laneKey(lane))) {
          await takeBack(lane);
        }
      }
    },
    async takeBackAll() {
      for (const lane of Array.from(told.values())) await takeBack(lane);
    },
  };
}
