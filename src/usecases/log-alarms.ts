import type { Log } from '../telemetry/log.ts';

/** Something that a person should know of now. Ids and codes only. */
export interface Alarm {
  readonly code: 'uncertain_unsettled' | 'provider_copies_overdue';
  readonly count: number;
  readonly reminderIds?: readonly string[];
}

export type TellAlarm = (alarm: Alarm) => void;

const phrases: Record<Alarm['code'], string> = {
  uncertain_unsettled: 'sends are in doubt with half of their time gone',
  provider_copies_overdue: 'a provider keeps messages that it was to delete',
};

/** Raises alarms in the log, the first reminder of each named. */
export function logAlarms(log: Log): TellAlarm {
  return ({ code, count, reminderIds = [] }) => {
    const [reminderId] = reminderIds;
    log.error(phrases[code], { code, count, ...(reminderId && { reminderId }) });
  };
}
