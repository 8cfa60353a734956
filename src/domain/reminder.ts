/**
 * The life of a reminder: its states and the one table of transitions.
 *
 * Nothing may change a reminder's state in a way that this table does not hold; the store asserts
 * it before it writes. A late word from a provider follows the table too, so a slow 200 is never
 * a lost update, and states that stay (`cancelled`, `expired`, …) take it on the attempt alone.
 */
export const reminderStates = [
  'scheduled',
  'queued',
  'sending',
  'sent',
  'delivered',
  'undelivered',
  'uncertain',
  'failed',
  'skipped',
  'cancelled',
  'superseded',
  'expired',
  'suppressed',
  'erased',
] as const;
export type ReminderState = (typeof reminderStates)[number];

const transitions: Record<ReminderState, readonly ReminderState[]> = {
  scheduled: [
    'queued',
    'cancelled',
    'superseded',
    'expired',
    'failed',
    'sent',
    'delivered',
    'uncertain',
  ],
  queued: [
    'sending',
    'scheduled',
    'cancelled',
    'superseded',
    'expired',
    'suppressed',
    'failed',
    'sent',
    'delivered',
    'uncertain',
  ],
  sending: [
    'sent',
    'delivered',
    'undelivered',
    'scheduled',
    'failed',
    'suppressed',
    'uncertain',
    'cancelled',
    'superseded',
  ],
  uncertain: [
    'sent',
    'delivered',
    'undelivered',
    'scheduled',
    'failed',
    'cancelled',
    'superseded',
    'expired',
  ],
  sent: ['delivered', 'undelivered', 'scheduled'],
  undelivered: ['delivered', 'scheduled'],
  failed: ['scheduled', 'expired', 'cancelled', 'superseded', 'sent', 'delivered', 'undelivered'],
  delivered: [],
  skipped: [],
  cancelled: [],
  superseded: [],
  expired: [],
  suppressed: [],
  erased: [],
};

/** Whether the table holds this step. Erasure shreds a record in any state and is always allowed. */
export function canTransition(from: ReminderState, to: ReminderState): boolean {
  return to === 'erased' ? from !== 'erased' : transitions[from].includes(to);
}

/** Still owed: a message may yet be handed to a provider. */
export const owedStates: readonly ReminderState[] = ['scheduled', 'queued', 'sending', 'uncertain'];

/** A message has gone out, as far as we know. */
export const toldStates: readonly ReminderState[] = ['sent', 'delivered', 'undelivered'];

/** Nothing changes any more but by late proof on the attempt. */
export const finalStates: readonly ReminderState[] = [
  'skipped',
  'cancelled',
  'superseded',
  'expired',
  'suppressed',
  'erased',
];

/** Why a reminder is skipped at acceptance. */
export type SkipReason = 'booked_late' | 'quiet_hours' | 'quota_exceeded';
