import { limits } from '../../config/limits.ts';
import type { KeyStore } from '../keys/key-store.ts';

/** A day either side: an api whose clock is off by minutes must still find its day's key. */
const spareDays = 3;

/** Makes the epoch keys of every day that something may be sealed to. Cheap when they exist. */
export async function makeEpochKeys(deps: {
  keys: Pick<KeyStore, 'ensureEpochKeys'>;
  now: () => Temporal.Instant;
}): Promise<void> {
  const from = utcDay(deps.now()).subtract({ days: 1 });
  await deps.keys.ensureEpochKeys({
    from: from.toString(),
    days: limits.keyHorizonDays + spareDays,
  });
}

export function utcDay(instant: Temporal.Instant): Temporal.PlainDate {
  return instant.toZonedDateTimeISO('UTC').toPlainDate();
}
