import type { Database } from '../store/database.ts';
import type { Log } from '../telemetry/log.ts';
import { openIncident } from './open-incident.ts';

/** Something that a person should know of now. Ids and codes only. */
export interface Alarm {
  readonly code: 'uncertain_unsettled' | 'provider_copies_overdue' | 'copies_unexplained';
  readonly count: number;
  readonly reminderIds?: readonly string[];
}

export type TellAlarm = (alarm: Alarm) => void | Promise<void>;

const phrases: Record<Alarm['code'], string> = {
  uncertain_unsettled: 'sends are in doubt with half of their time gone',
  provider_copies_overdue: 'a provider keeps messages that it was to delete',
  copies_unexplained: 'a provider shows a message more often than it was handed over',
};

/** What was handed over was so within this time. */
const explainedWithin = { hours: 24 };

/**
 * Raises alarms in the log, the first reminder of each named. What stands in the database is seen there
 * by whoever watches for incidents; what only a provider has shown opens one here.
 */
export function raiseAlarms(deps: {
  database: Pick<Database, 'transaction'>;
  log: Log;
}): TellAlarm {
  return async ({ code, count, reminderIds = [] }) => {
    const [reminderId] = reminderIds;
    deps.log.error(phrases[code], { code, count, ...(reminderId && { reminderId }) });
    if (code !== 'copies_unexplained') return;
    const since = Temporal.Now.instant().subtract(explainedWithin);
    await openIncident(deps, { code, since, facts: { count } });
  };
}
