import type { Config } from '../config/env.ts';
import type { Database } from '../src/store/database.ts';
import type { Log } from '../src/telemetry/log.ts';
import { openIncident } from '../src/usecases/open-incident.ts';
import { createDutyWatch } from '../src/usecases/watch-duties.ts';
import { watchFieldDrift } from '../src/usecases/watch-field-drift.ts';
import { tellOfIncidents, watchForIncidents } from '../src/usecases/watch-incidents.ts';
import { alertDuty, deadManDuty } from './alerts.ts';
import type { Duty } from './duties.ts';

/** Noticing that something is wrong, telling whom it touches, and waking somebody. */
export function incidentDuties(deps: { config: Config; database: Database; log: Log }): Duty[] {
  const { database } = deps;
  const watchDuties = createDutyWatch({ database, nowMs: () => performance.now() });
  let isEveryDutyDone = true;
  return [
    {
      name: 'incidents',
      everyMs: 15_000,
      async run() {
        isEveryDutyDone = await watchDuties();
        await watchForIncidents({ database });
      },
    },
    // By itself: to name a million may take minutes, in which what else goes wrong must be noticed.
    { name: 'touched', everyMs: 15_000, run: () => tellOfIncidents({ database }) },
    {
      name: 'drift',
      everyMs: 600_000,
      run: () =>
        watchFieldDrift({ database, openIncident: (one) => openIncident({ database }, one) }),
    },
    alertDuty({ ...deps, isWorker: false }),
    ...deadManDuty({ ...deps, isEveryDutyDone: () => isEveryDutyDone }),
  ];
}
