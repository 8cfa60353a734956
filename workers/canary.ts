import type { Config } from '../config/env.ts';
import { channelsAvailable, settleWindowS } from '../config/transports.ts';
import { createBookingSystem } from '../src/canary/booking-system.ts';
import { apiKeyOf } from '../src/keys/api-key.ts';
import type { KeyStore } from '../src/keys/key-store.ts';
import { deleteEndedRuns, ensureCanary } from '../src/store/canary-runs.ts';
import type { Database } from '../src/store/database.ts';
import { maySend } from '../src/store/lives.ts';
import type { Log } from '../src/telemetry/log.ts';
import { advanceCanary } from '../src/usecases/advance-canary.ts';
import { clearUpAfterCanary } from '../src/usecases/clear-up-after-canary.ts';
import { openIncident } from '../src/usecases/open-incident.ts';
import { readCanaryMessages } from '../src/usecases/read-canary-messages.ts';
import type { Duty } from './duties.ts';

/**
 * What sends an appointment through every door each minute, and clears up after it. Off, it still is
 * heard of, clears up, and lets nothing that was found before alarm anybody any more.
 */
export function canaryDuties(deps: {
  config: Config;
  database: Database;
  keys: Pick<KeyStore, 'symmetricKey' | 'canaryKeys'>;
  log: Log;
}): Duty[] {
  const { config, database, keys, log } = deps;
  const clearUp: Duty = {
    name: 'retire-canary',
    everyMs: 60_000,
    run: () => clearUpAfterCanary({ database }),
  };
  if (config.CANARY === 'off') {
    return [{ name: 'canary', everyMs: 60_000, run: () => deleteEndedRuns(database) }, clearUp];
  }
  const credential = async () => apiKeyOf('test', await keys.symmetricKey('canary-credential'));
  const api = createBookingSystem({
    apiUrl: config.API_URL,
    apiKey: async () => (await credential()).key,
  });
  let known: Buffer | undefined;
  return [
    {
      name: 'canary',
      everyMs: 1_000,
      roundMaxMs: 120_000,
      async run(stopping) {
        // What was restored from a backup is compared first; until then nothing is sent.
        if (!(await maySend(database))) return;
        const { hash } = await credential();
        if (!known?.equals(hash)) await ensureCanary(database, hash);
        known = hash;
        await advanceCanary({
          ...{ database, api, stopping, log },
          patientUrl: config.PATIENT_URL,
          readMessages: () => readCanaryMessages({ database, keys }),
          channelsAvailable: channelsAvailable(config),
          settleWindowS: settleWindowS(config),
          openIncident: (incident) => openIncident({ database }, incident),
        });
      },
    },
    clearUp,
  ];
}
