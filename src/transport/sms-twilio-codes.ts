import type { SendReason } from './transport.ts';

export type Refusal = { readonly permanent: boolean; readonly reason: SendReason };
const gone = (reason: SendReason): Refusal => ({ permanent: true, reason });
/** For what is wrong with us rather than with the recipient: a mistake of ours burns no reminder. */
const again = (reason: SendReason): Refusal => ({ permanent: false, reason });

/**
 * What Twilio's error codes mean to us. A code that is not here is a permanent `provider_refused`:
 * Twilio understood the request and will not send this message.
 *
 * @see https://www.twilio.com/docs/api/errors
 */
const refusals: Readonly<Record<string, Refusal>> = {
  20003: again('provider_credentials'), // wrong credentials
  20004: again('provider_credentials'), // method not allowed for these credentials
  20005: again('provider_credentials'), // account not active
  20006: again('provider_credentials'), // access denied
  20008: again('provider_credentials'), // test credentials used for a live resource
  20403: again('provider_credentials'), // forbidden
  20404: again('provider_credentials'), // the account in the address is not there
  90010: again('provider_credentials'), // account not active

  20429: again('rate_limited'), // too many concurrent requests
  21611: again('rate_limited'), // the sender's queue is full
  30022: again('rate_limited'), // rate of a registered US campaign
  63038: again('rate_limited'), // messages a day

  21212: again('sender_misconfigured'), // From is no number
  21603: again('sender_misconfigured'), // From is missing
  21606: again('sender_misconfigured'), // From cannot send to this destination
  21609: again('sender_misconfigured'), // StatusCallback is no URL
  21659: again('sender_misconfigured'), // From is not a Twilio number
  21660: again('sender_misconfigured'), // From belongs to another account
  21661: again('sender_misconfigured'), // From cannot send SMS
  21701: again('sender_misconfigured'), // no such messaging service
  21703: again('sender_misconfigured'), // messaging service without senders
  30034: again('sender_misconfigured'), // sender not registered for the US

  21211: gone('invalid_recipient'), // To is no number
  21265: gone('invalid_recipient'), // To is a short code
  21266: gone('invalid_recipient'), // To equals From
  21401: gone('invalid_recipient'), // To is no number
  21421: gone('invalid_recipient'), // To is no number
  21604: gone('invalid_recipient'), // To is missing

  21214: gone('unreachable_recipient'), // To cannot be reached
  21408: gone('unreachable_recipient'), // the region is not enabled
  21608: gone('unreachable_recipient'), // a trial account may not reach it
  21612: gone('unreachable_recipient'), // no route to To from this sender
  21614: gone('unreachable_recipient'), // not a mobile number
  21635: gone('unreachable_recipient'), // a landline
  30003: gone('unreachable_recipient'), // handset off or away
  30005: gone('unreachable_recipient'), // unknown number
  30006: gone('unreachable_recipient'), // landline, or carrier out of reach

  21610: gone('opted_out'), // replied STOP
  30004: gone('blocked_by_carrier'), // blocked
  30007: gone('blocked_by_carrier'), // filtered
};

/** Reads one of Twilio's error codes, as an answer or a callback carries it. */
export function refusalForTwilioCode(code: string | number): Refusal {
  return refusals[code] ?? gone('provider_refused');
}
