/** Bounds of the histogram of lateness, in seconds. Totals are kept by their order: never change it. */
export const latenessBoundsS = [
  0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600,
] as const;

/** A reminder that has been due for so long and was not handed over opens an incident. */
export const lateIncidentS = 600;

/**
 * What a mail server that knows nobody yet puts off is told to come again, in the words of a rate. It is seldom
 * for so long.
 */
export const greylistedMaxS = 3_600;

/** What came with less than this to go may end unsent though all is well. */
export const leastTimeS = 300;

/** Reasons to try again that are about one recipient: others may well be reached. */
export const recipientReasons: readonly string[] = [
  'invalid_recipient',
  'unreachable_recipient',
  'opted_out',
  'blocked_by_carrier',
  'provider_refused',
];

/** Reasons to hold a reminder for a person, who has seen it before its time is over. */
export const heldReasons: readonly string[] = [
  'cannot_open',
  'LEAK_GUARD',
  'no_parcel',
  'no_key',
  'held_uncertain',
  'check_unanswered',
];
