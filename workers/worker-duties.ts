import type { Config } from '../config/env.ts';
import { settleWindowS } from '../config/transports.ts';
import { heldUpBeat, type Lane, laneKey } from '../src/domain/lane.ts';
import type { Journal } from '../src/journal/journal.ts';
import type { KeyStore } from '../src/keys/key-store.ts';
import type { Database } from '../src/store/database.ts';
import type { Log } from '../src/telemetry/log.ts';
import { clearSettledParcels, createParcelClearing } from '../src/usecases/clear-parcels.ts';
import {
  deleteProviderCopies,
  watchProviderCopies,
} from '../src/usecases/delete-provider-copies.ts';
import {
  destroyOldEpochKeys,
  makeEpochKeys,
  readEpochKeysAhead,
} from '../src/usecases/keep-epoch-keys.ts';
import { processCallbacks } from '../src/usecases/process-callbacks.ts';
import { raiseAlarms } from '../src/usecases/raise-alarms.ts';
import { resealOwedParcels, resealRevokedDays } from '../src/usecases/reseal-owed-parcels.ts';
import type { Route, RouteOf } from '../src/usecases/routes.ts';
import { settleUncertain, watchDoubts } from '../src/usecases/settle-uncertain.ts';
import { createDutyWatch } from '../src/usecases/watch-duties.ts';
import { alertDuty } from './alerts.ts';
import type { Duty } from './duties.ts';

/** For what goes through everything there is, or waits for a provider. */
const longRoundMs = 600_000;

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
  const clearEnded = createParcelClearing({ database, now });
  return [
    {
      name: 'callbacks',
      everyMs: 1_000,
      run: () => processCallbacks({ database, journal, keys, authToken, callbackUrl, log }),
    },
    { name: 'link-keys', everyMs: 5_000, run: deps.renewTokens },
    {
      name: 'clear-parcels',
      everyMs: 60_000,
      roundMaxMs: longRoundMs,
      async run() {
        await clearEnded();
        await resealRevokedDays({ database, keys, now, log });
      },
    },
    {
      name: 'epoch-keys',
      everyMs: 3_600_000,
      roundMaxMs: longRoundMs,
      async run() {
        await makeEpochKeys({ keys, now });
        await readEpochKeysAhead({ keys, now });
        // In this order: what is settled is emptied, what is left is sealed anew, and then nothing
        // needs the keys of days that are over. What could not be sealed anew keeps its key.
        await clearSettledParcels({ database, now }, { endedWithinMs: 0 });
        try {
          await resealOwedParcels({ database, keys, now, log });
        } finally {
          await destroyOldEpochKeys({ database, keys, now, log });
        }
      },
    },
    // As the scheduler does, which may be what has stopped.
    {
      name: 'watch',
      everyMs: 15_000,
      run: createDutyWatch({ database, nowMs: () => performance.now() }),
    },
    alertDuty({ config, database, log, isWorker: true }),
  ];
}

/**
 * What a worker finds out, and clears away, at the providers it sends through: each lane by itself, so
 * that a provider that takes its time holds up no other.
 */
export function providerDuties(deps: {
  config: Config;
  database: Database;
  keys: KeyStore;
  lanes: readonly Lane[];
  routeOf: RouteOf;
  log: Log;
}): Duty[] {
  const { config, database, keys, lanes, routeOf, log } = deps;
  const onAlarm = raiseAlarms({ database, log });
  const settling = {
    ...{ database, routeOf, onAlarm, log },
    epochPrivateKey: keys.epochPrivateKey,
    settleWindowMs: settleWindowS(config) * 1_000,
  };
  const settle = lanes.map(
    (lane): Duty => ({
      name: `settle ${laneKey(lane)}`,
      sign: 'settle',
      everyMs: 2_000,
      roundMaxMs: longRoundMs,
      run: (stopping) => settleUncertain({ ...settling, stopping }, lane),
    }),
  );
  const routes = new Map(
    lanes.flatMap((lane) => {
      const route = routeOf(lane);
      return route ? [[route.transport, route] as const] : [];
    }),
  );
  // There also where no provider keeps copies, so that whoever hears nothing of them knows of a fault.
  const forEachRoute = (run: (route: Route) => Promise<unknown>) =>
    Promise.all(Array.from(routes.values(), run));
  return [
    ...settle,
    { name: 'doubts', everyMs: 10_000, run: () => watchDoubts({ database, onAlarm }) },
    {
      name: 'copies',
      everyMs: 5_000,
      roundMaxMs: longRoundMs,
      run: (stopping) =>
        forEachRoute((route) => deleteProviderCopies({ database, onAlarm, stopping }, route)),
    },
    {
      name: 'late-copies',
      everyMs: 600_000,
      run: () => forEachRoute((route) => watchProviderCopies({ database, onAlarm }, route)),
    },
  ];
}

/** What a process tells the feeder of its lanes, and what it hears of others. */
export interface HeldUpSigns {
  /** Tells which lanes are held up, because their provider is down, and takes back which were. */
  renew(): Promise<void>;
  /** For a process that ends: what it found is nobody's any more. */
  takeBackAll(): Promise<void>;
  /** Whether this process finds a lane's provider down and another one does not. */
  areOthersWell(lane: Lane): boolean;
  /** Whether a lane is to be left to those: this process may not even try it now. */
  isLeft(lane: Lane): boolean;
}

export function createHeldUpSigns(deps: {
  lanes: readonly Lane[];
  routeOf: RouteOf;
  beat: (name: string) => Promise<void>;
  takeBack: (name: string) => Promise<void>;
  /** Whether another process does not find this lane's provider down. */
  lookForOthers: (lane: Lane) => Promise<boolean>;
}): HeldUpSigns {
  const told = new Map<string, Lane>();
  const wellElsewhere = new Set<string>();

  async function takeBack(lane: Lane): Promise<void> {
    await deps.takeBack(heldUpBeat(lane));
    told.delete(laneKey(lane));
  }

  async function lookForOthers(lane: Lane): Promise<void> {
    // Who cannot ask believes in nobody.
    const areThere = await deps.lookForOthers(lane).catch(() => false);
    if (areThere) wellElsewhere.add(laneKey(lane));
    else wellElsewhere.delete(laneKey(lane));
  }

  const areOthersWell = (lane: Lane) => told.has(laneKey(lane)) && wellElsewhere.has(laneKey(lane));

  return {
    async renew() {
      for (const lane of deps.lanes) {
        const heldUp = deps.routeOf(lane)?.breaker.allows() !== 'all';
        if (heldUp) {
          told.set(laneKey(lane), lane);
          await deps.beat(heldUpBeat(lane));
          await lookForOthers(lane);
        } else if (told.has(laneKey(lane))) {
          await takeBack(lane);
        }
      }
    },
    async takeBackAll() {
      for (const lane of Array.from(told.values())) await takeBack(lane);
    },
    areOthersWell,
    isLeft: (lane) => areOthersWell(lane) && deps.routeOf(lane)?.breaker.allows() === 'none',
  };
}
