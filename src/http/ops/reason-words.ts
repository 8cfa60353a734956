import type { OpeningFailure } from '../../domain/opening-failure.ts';
import type { SkipReason } from '../../domain/reminder.ts';
import type { SendReason } from '../../transport/transport.ts';

/** Every code that a reminder, an attempt or an event may carry. */
export type ReasonCode =
  | SendReason
  | OpeningFailure
  | SkipReason
  | 'too_late'
  | 'not_started'
  | 'lease_passed'
  | 'no_route'
  | 'factor_locked'
  | 'link_key_revoked'
  | 'by_recipient'
  | 'not_found'
  | 'not_settled'
  | 'held_uncertain'
  | 'proven_duplicate'
  | 'restored'
  | 'redriven'
  | 'dropped_by_check'
  | 'check_unanswered';

export interface ReasonWords {
  /** What happened. */
  readonly words: string;
  /** What to do about it; absent where nothing is to be done. */
  readonly advice?: string;
}

const anew = 'The booking system sends a new PUT with "notice": "now".';
const byItself = 'It is tried again by itself until its deadline.';
const ourSide =
  'An incident of ours, not of the patient: find the cause before you send anything again.';

/** The one table of codes in plain words. The compiler and a test keep it whole. */
export const reasonWords: Readonly<Record<ReasonCode, ReasonWords>> = {
  invalid_recipient: {
    words: 'The number or address does not exist or is written wrongly.',
    advice:
      'The practice corrects it in its booking system, which then sends a new PUT. Sent again as it is, it fails again.',
  },
  unreachable_recipient: {
    words: 'The phone or mailbox cannot be reached: off, full, a landline, or no longer in use.',
    advice:
      'If the phone may only have been off, send it again. Else the practice asks for another contact.',
  },
  opted_out: {
    words: 'This person said stop.',
    advice:
      'Nothing goes to this contact any more. If they want messages again they reply START, or the practice asks for it and you run "sotto opt-out lift".',
  },
  blocked_by_carrier: {
    words: 'A carrier or a mail server took the message for unwanted.',
    advice:
      'If it is one, the practice phones. If it is many, look at the registration and the reputation of the sender at the provider.',
  },
  sender_misconfigured: {
    words: 'The provider refuses our sender: its number, name or domain is not set up for this.',
    advice: `Put the settings of the sender right. ${byItself}`,
  },
  provider_credentials: {
    words: 'The provider does not accept our account or password.',
    advice: `Renew the credentials of the worker. ${byItself}`,
  },
  provider_refused: {
    words: 'The provider refused the message for a reason that has no word here.',
    advice: 'Look the code or the provider’s id up at the provider.',
  },
  dropped_by_check: {
    words:
      'The booking system was asked just before it would have gone out, and said not to send it.',
  },
  check_unanswered: {
    words:
      'The booking system was asked whether to send it and gave no answer; its organisation wants such reminders held.',
    advice:
      'Tell the organisation that its booking system does not answer. Sent again, it is asked about again; see "sotto send-check".',
  },
  rate_limited: {
    words: 'The provider takes no more at this rate.',
    advice: `${byItself} If it lasts, lower the rate of the sender.`,
  },
  provider_down: {
    words: 'The provider was down or answered with an error of its own.',
    advice: `Look at the provider’s status page. ${byItself}`,
  },
  not_connected: {
    words: 'No connection to the provider could be made; nothing was sent.',
    advice: `${byItself} If it lasts, look at the network and the provider’s address.`,
  },
  timeout: {
    words: 'The provider did not answer in time; it may have the message.',
    advice:
      'A worker finds out at the provider by itself. A failed one would be a second copy if sent again.',
  },
  connection_lost: {
    words: 'The connection broke before the provider answered; it may have the message.',
    advice:
      'A worker finds out at the provider by itself. A failed one would be a second copy if sent again.',
  },
  unclear_answer: {
    words: 'The provider’s answer was not understood; it may have the message.',
    advice:
      'If it is many, something may stand between us and the provider. A worker finds out there by itself.',
  },
  process_died: {
    words: 'A worker died while it handed the message over; the provider may have it.',
    advice: 'A worker finds out at the provider by itself; a delivery receipt settles it too.',
  },
  no_parcel: {
    words: 'What it is sent from was not there any more.',
    advice: anew,
  },
  no_key: {
    words: 'The day key that it was sealed to is gone.',
    advice: `${anew} If it is many, workers do not share their keys: see their KEYSTORE.`,
  },
  key_unreadable: {
    words: 'The worker could not read the day key that it was sealed to, which is not gone.',
    advice: `${byItself} If it lasts, look at the worker’s KEYSTORE, and in Vault for a deleted key.`,
  },
  no_link_key: {
    words: 'The worker could not read the key that links are signed with.',
    advice: `${byItself} If it lasts, look at the worker’s KEYSTORE.`,
  },
  no_opt_out_url: {
    words: 'The worker could not make the address for stopping messages.',
    advice: `${byItself} If it lasts, look at the worker’s KEYSTORE.`,
  },
  cannot_open: {
    words: 'What was sealed for it does not open: it was changed, or belongs to another row.',
    advice: ourSide,
  },
  LEAK_GUARD: {
    words: 'The text was not exactly the neutral sentence and the link, so nothing was sent.',
    advice: ourSide,
  },
  too_late: {
    words: 'Too little time was left to deliver it.',
    advice: 'The practice phones, if the appointment is still ahead.',
  },
  booked_late: { words: 'The appointment was booked after this reminder would have been due.' },
  quiet_hours: {
    words: 'No minute outside of quiet hours was left before the appointment.',
    advice: 'The practice phones, or shortens its quiet hours.',
  },
  quota_exceeded: {
    words: 'Its key had as much accepted as it may, so nobody is told of this cancellation.',
    advice: 'The practice phones.',
  },
  not_started: {
    words: 'The worker gave it back before it was handed over; nothing was sent.',
  },
  lease_passed: {
    words: 'No worker took it in time, so it waits again; nothing was sent.',
    advice: 'If it is many, there are too few workers, or they hang.',
  },
  no_route: {
    words: 'The worker that took it does not send on this channel.',
    advice: `${byItself} Set the transports of worker and scheduler alike.`,
  },
  factor_locked: {
    words: 'Too many wrong answers locked one way to prove who it is.',
    advice: `The practice makes sure who is calling. ${anew} That unlocks it.`,
  },
  link_key_revoked: {
    words:
      'The key that its link was signed with was revoked, so that link opens nothing any more.',
    advice: `It goes out again by itself where it is still owed. Else: ${anew}`,
  },
  by_recipient: {
    words: 'The patient erased it, on the page that the link leads to.',
  },
  not_found: {
    words: 'The provider does not have it, so it is sent once more. It is flagged, to be sure.',
  },
  not_settled: {
    words:
      'Nobody could find out whether the provider has it, so it is sent once more: it may be a second copy.',
  },
  held_uncertain: {
    words: 'Nobody could find out whether it went out, and it waits for a person.',
    advice:
      'Look the time up at the provider. If it is not there, send it again; else tell the practice that it may have arrived.',
  },
  proven_duplicate: {
    words: 'A second copy is proven to have gone out.',
    advice: 'Nothing: both say the same. If it happens often, look at the provider.',
  },
  restored: {
    words: 'The database went back to a backup, so nobody knows what became of it since.',
    advice:
      'It is looked for at the provider by itself. Settle the incident of the restore before you resume sending.',
  },
  redriven: { words: 'An operator sent it again.' },
};

/** The words of a code; one of a newer version is told as such. */
export function wordsOf(code: string): ReasonWords {
  return Object.hasOwn(reasonWords, code)
    ? reasonWords[code as ReasonCode]
    : { words: 'A code that this version has no words for.' };
}
