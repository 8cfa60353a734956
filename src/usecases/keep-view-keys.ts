import { utcDay, utcMonth } from '../domain/link-expiry.ts';
import type { KeyStore } from '../keys/key-store.ts';
import type { Database } from '../store/database.ts';
import { readDatabaseDay } from '../store/epoch-days.ts';
import { listSealedOrganisationIds } from '../store/organisation-ids.ts';
import type { Log } from '../telemetry/log.ts';

export interface KeepViewKeysDeps {
  readonly database: Pick<Database, 'query'>;
  readonly keys: Pick<KeyStore, 'ensureViewKeys' | 'listViewMonths' | 'destroyViewKey'>;
  readonly log: Log;
  readonly now: () => Temporal.Instant;
}

/** Links expire at most 400 days and the life after the end ahead: 14 months hold the last of them. */
const monthsAhead = 14;

/**
 * Keeps the view keys of every organisation: one for each month in which links may expire, and
 * none whose month has been over for a day.
 *
 * The function it returns is called at boot and every few seconds, since a new organisation waits
 * for its public halves; what is known to be in place costs no look at the store again.
 */
export function createViewKeyKeeper(deps: KeepViewKeysDeps): () => Promise<void> {
  const keptMonth = new Map<string, string>();
  return async () => {
    const now = deps.now();
    const months = monthsFrom(now);
    const oldest = await oldestMonth(deps);
    // Two dates decide: the months to make, and the ones that are over.
    const wanted = `${months[0]} ${oldest}`;
    for (const organisationId of await listSealedOrganisationIds(deps.database)) {
      if (keptMonth.get(organisationId) === wanted) continue;
      await deps.keys.ensureViewKeys({ organisationIds: [organisationId], months });
      await destroyBefore(deps, organisationId, oldest);
      keptMonth.set(organisationId, wanted);
    }
  };
}

/**
 * The earliest month whose keys may still be needed: that of yesterday, by the clock that is behind.
 * What a key sealed is gone with it, so a clock that jumped ahead must not destroy one.
 */
async function oldestMonth({ database, now }: KeepViewKeysDeps): Promise<string> {
  const [today = ''] = [utcDay(now()), await readDatabaseDay(database)].sort();
  return Temporal.PlainDate.from(today).subtract({ days: 1 }).toPlainYearMonth().toString();
}

function monthsFrom(now: Temporal.Instant): string[] {
  const first = Temporal.PlainYearMonth.from(utcMonth(now));
  return Array.from({ length: monthsAhead + 1 }, (_, step) =>
    first.add({ months: step }).toString(),
  );
}

async function destroyBefore(
  { keys, log }: KeepViewKeysDeps,
  organisationId: string,
  oldest: string,
): Promise<void> {
  for (const month of await keys.listViewMonths(organisationId)) {
    if (month >= oldest) continue;
    await keys.destroyViewKey(organisationId, month);
    log.info('a view key was destroyed', { organisationId });
  }
}
