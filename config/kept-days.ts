/** For how many days something is kept when nothing sealed of it is left. */
export interface KeptDays {
  /** States, times and attempts of an appointment, after its links expire. */
  readonly states: number;
  /** Events and receipts. A month of events goes as a whole, when the last of it is so old. */
  readonly events: number;
  /** What administrators and operators did, and those of them who are gone. */
  readonly audit: number;
}

/** The longest, and what holds unless less is asked for. */
export const keptDaysMax: KeptDays = { states: 90, events: 90, audit: 1_096 };
/** The shortest. Events answer for a ledger of seven days; the database itself keeps three months of audit. */
export const keptDaysMin: KeptDays = { states: 1, events: 7, audit: 90 };

/** As the configuration says. */
export function keptDays(config: {
  readonly KEEP_STATES_DAYS: number;
  readonly KEEP_EVENTS_DAYS: number;
  readonly KEEP_AUDIT_DAYS: number;
}): KeptDays {
  return {
    states: config.KEEP_STATES_DAYS,
    events: config.KEEP_EVENTS_DAYS,
    audit: config.KEEP_AUDIT_DAYS,
  };
}
