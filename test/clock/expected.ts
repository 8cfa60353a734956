/** The turns of the clock, in their order. */
export const steps = [
  'accepted',
  'sent and seen',
  'an hour later',
  'before the links expire',
  'links expired',
  'a month later',
  '90 days less an hour',
  '90 days',
  'their months over',
  'the far one sent',
  '90 days after it',
  'its months over',
  'three years',
] as const;
export type Step = (typeof steps)[number];

/** What says nothing of anybody, or of a month alone, and changes with when it is looked at. */
export const freeTables: ReadonlySet<string> = new Set([
  'batches',
  'audit_chain',
  'database_lives',
  'heartbeats',
  'ledger_proofs',
  'event_months',
  'kept_floors',
  'carried_ends',
  // Counts of an hour, and the story may go over the end of one.
  'code_counts',
  'credential_usage',
  'measuring',
  // A clock that is turned makes duties look silent.
  ...['s', '_entries', '_organisations', '_progress', '_alerts'].map((part) => `incident${part}`),
  'migrations',
  ...['transitions', 'hand_overs', 'lateness', 'opt_outs'].flatMap((what) => [
    `minute_${what}`,
    `total_${what}`,
  ]),
]);

/** What a turn changes of what was left at the one before it; at first there is nothing. */
const changes: Readonly<Record<Step, Readonly<Record<string, number>>>> = {
  // Of six appointments one was erased, one deleted before anybody was told, and one has no reminder left.
  accepted: {
    appointments: 6,
    reminders: 6,
    receipts: 6,
    events: 16,
    ...{ versions: 4, 'versions.content': 4 },
    ...{ links: 3, 'links.lookup': 3, 'links.seal_public_key': 3, 'links.note': 3 },
    'links.parcel': 3,
    ...{ content_keys: 3, 'content_keys.sealed_key': 3 },
    organisations: 1,
    ...{ credentials: 2, 'credentials.key_hash': 2 },
    ...{ audit: 5, 'audit.hash': 5 },
    ops_users: 1,
    ...{ ops_sessions: 1, 'ops_sessions.token_hash': 1 },
    pauses: 1,
  },
  'sent and seen': {
    ...{ attempts: 2, 'attempts.token': 2 },
    events: 23,
    // That of the delivered one is empty; the email may yet be followed by a text.
    'links.parcel': 2,
    factor_failures: 2,
    ...{ codes: 1, 'codes.session_hash': 1, 'codes.code_hash': 1 },
    ...{ phone_day_counts: 1, 'phone_day_counts.phone_index': 1 },
    ...{ ops_sessions: 0, 'ops_sessions.token_hash': 0 },
  },
  'an hour later': { 'links.parcel': 1, audit: 6, 'audit.hash': 6 },
  'before the links expire': {
    ...{ codes: 0, 'codes.session_hash': 0, 'codes.code_hash': 0 },
    ...{ phone_day_counts: 0, 'phone_day_counts.phone_index': 0 },
  },
  // All that is sealed is that of the far one.
  'links expired': {
    ...{ versions: 1, 'versions.content': 1 },
    ...{ links: 1, 'links.lookup': 1, 'links.seal_public_key': 1, 'links.note': 1 },
    ...{ content_keys: 1, 'content_keys.sealed_key': 1 },
  },
  'a month later': {},
  '90 days less an hour': { receipts: 0 },
  '90 days': {
    appointments: 1,
    reminders: 1,
    ...{ attempts: 0, 'attempts.token': 0 },
    factor_failures: 0,
    // Five reminders in five states, in one batch.
    carried_balances: 5,
  },
  'their months over': { events: 0, carried_steps: 8, carried_lives: 1 },
  'the far one sent': {
    ...{ attempts: 1, 'attempts.token': 1 },
    events: 4,
    'links.parcel': 0,
  },
  '90 days after it': {
    appointments: 0,
    reminders: 0,
    ...{ attempts: 0, 'attempts.token': 0 },
    ...{ versions: 0, 'versions.content': 0 },
    ...{ links: 0, 'links.lookup': 0, 'links.seal_public_key': 0, 'links.note': 0 },
    ...{ content_keys: 0, 'content_keys.sealed_key': 0 },
    // That of the far one is added to one of the five.
    carried_lives: 0,
  },
  'its months over': { events: 0, carried_steps: 12 },
  'three years': {
    ...{ audit: 0, 'audit.hash': 0 },
    ops_users: 0,
    pauses: 0,
    ...{ credentials: 1, 'credentials.key_hash': 1 },
  },
};

/** What is left at a turn, by table and by `table.column`; what is not named is empty. */
export function expectedAt(step: Step): ReadonlyMap<string, number> {
  const left = steps
    .slice(0, steps.indexOf(step) + 1)
    .flatMap((each) => Object.entries(changes[each]));
  return new Map(left);
}
