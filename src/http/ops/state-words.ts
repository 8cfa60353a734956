import type { ReceiptState } from '../../domain/attempt.ts';
import type { Factor } from '../../domain/factor.ts';
import type { RedriveRefusal } from '../../domain/redrive.ts';
import type { ReminderState } from '../../domain/reminder.ts';

export type Tone = 'ok' | 'late' | 'stop' | 'plain';

/** What each state means to whoever asks about a reminder: goes on from "It". */
export const stateWords: Readonly<Record<ReminderState, { words: string; tone: Tone }>> = {
  scheduled: { words: 'waits for its time', tone: 'plain' },
  queued: { words: 'is about to be sent', tone: 'plain' },
  sending: { words: 'is being handed to the provider', tone: 'plain' },
  sent: { words: 'was taken by the provider; no word yet that it arrived', tone: 'ok' },
  delivered: { words: 'arrived, says the provider', tone: 'ok' },
  undelivered: { words: 'did not arrive, says the provider', tone: 'stop' },
  uncertain: { words: 'may have gone out or not: nobody knows yet', tone: 'late' },
  failed: { words: 'did not go out; a person must decide', tone: 'stop' },
  skipped: { words: 'was never to be sent', tone: 'plain' },
  cancelled: { words: 'was cancelled by the booking system', tone: 'plain' },
  superseded: { words: 'was replaced by a newer version of the appointment', tone: 'plain' },
  expired: { words: 'was given up when its time had passed', tone: 'stop' },
  suppressed: { words: 'was not sent: the person said stop', tone: 'late' },
  erased: { words: 'was erased', tone: 'plain' },
};

/** What a reminder's state means, where it is also known that a copy may have gone out. */
export function wordsOfState({
  state,
  possiblySent,
}: {
  state: ReminderState;
  possiblySent: boolean;
}): string {
  return state === 'failed' && possiblySent
    ? 'may have gone out or not; a person must decide'
    : stateWords[state].words;
}

export const outcomeWords = {
  accepted: 'the provider took it',
  refused: 'certainly not sent',
  uncertain: 'unknown whether it was sent',
} as const;

export const receiptWords: Readonly<Record<ReceiptState, string>> = {
  sent: 'on its way',
  delivered: 'delivered',
  undelivered: 'not delivered',
};

export const factorWords: Readonly<Record<Factor, string>> = {
  passkey: 'Passkey',
  pin: 'PIN',
  portal: 'Portal login',
  code: 'Code by SMS',
  birth_date: 'Date of birth',
};

export const refusalWords: Readonly<Record<RedriveRefusal, string>> = {
  alone_limit:
    'You have sent as many again within the hour as one person may alone. Let somebody else do it, or ask for all of them under Send again: then another approves.',
  not_failed: 'It is not failed, or not any more.',
  needs_reissue:
    'Nothing is left that it could be sent from. The booking system must send a new PUT with "notice": "now".',
  too_late: 'Too little time is left before its deadline to deliver it. The practice phones.',
};

/** How the question to the booking system ended. */
export const decisionWords = {
  proceed: 'it said to send',
  drop: 'it said not to send',
  send_unanswered: 'no answer came, and its organisation wants such reminders sent',
  hold_unanswered: 'no answer came, and its organisation wants such reminders held',
} as const;

/** What happened to an appointment, by the type of its event. */
export const eventWords: Readonly<Record<string, string>> = {
  'appointment.accepted': 'accepted from the booking system',
  'appointment.replaced': 'replaced by a newer version',
  'appointment.cancelled': 'cancelled by the booking system',
  'appointment.erased': 'erased',
};
