/** Everything that opens an incident. A code is for ever: runbooks, booking systems and the register name it. */
export const incidentCodes = [
  'canary_missing',
  'canary_different',
  'stored_differently',
  'field_drift',
  'ledger_broken',
  'reminders_late',
  'duty_silent',
  'restored_behind',
  'key_missing',
  'cannot_open',
  'leak_guard',
  'uncertain_unsettled',
  'copies_unexplained',
  'provider_copies_overdue',
] as const;
export type IncidentCode = (typeof incidentCodes)[number];

/** Counts by name, and nothing else: no ids, no words. */
export type IncidentFacts = Readonly<Record<string, number>>;
