import type { EmailMessage, SmsMessage } from '../domain/message.ts';
import type { Secret } from '../domain/secret.ts';

/** What goes with every message to its provider. All of it is personal, or leads to what is. */
interface HandOff {
  readonly to: Secret<string>;
  /** Opaque, unguessable; comes back in the provider's callbacks. */
  readonly attemptToken: string;
  /** After this many seconds the provider must give up delivering. */
  readonly validitySeconds: number;
}

export type OutgoingSms = SmsMessage & HandOff;

export interface OutgoingEmail extends EmailMessage, HandOff {
  /** The same for every attempt of a reminder, so that receivers drop a second copy (RFC 5322, 3.6.4). */
  readonly messageKey: string;
  /** Where one click stops all messages (RFC 8058); opaque, and made for this contact point. */
  readonly optOutUrl: Secret<string>;
}

/** A rendered message on its way to a provider. */
export type OutgoingMessage = OutgoingSms | OutgoingEmail;

/** Codes for what went wrong at a provider: ours, closed, safe to store and show. */
export type SendReason =
  | 'invalid_recipient'
  | 'unreachable_recipient'
  | 'opted_out'
  | 'blocked_by_carrier'
  | 'sender_misconfigured'
  | 'provider_credentials'
  | 'provider_refused'
  | 'rate_limited'
  | 'provider_down'
  | 'not_connected'
  | 'timeout'
  | 'connection_lost'
  | 'unclear_answer'
  | 'process_died';

/**
 * What is known after one hand-off.
 *
 * `accepted`: the provider has it. `refused`: it certainly has not; `transient` may be tried again.
 * `uncertain`: nobody knows; it must be settled with the provider before anything is sent again.
 */
export type SendOutcome =
  | { readonly kind: 'accepted'; readonly providerId: string }
  | {
      readonly kind: 'refused';
      readonly permanent: boolean;
      readonly reason: SendReason;
      readonly retryAfterMs?: number;
    }
  | { readonly kind: 'uncertain'; readonly reason: SendReason };

/** One provider, spoken to once per message; it never throws and never repeats a request. */
export interface Transport<Message extends OutgoingMessage = OutgoingMessage> {
  readonly name: string;
  send(message: Message): Promise<SendOutcome>;
  close(): Promise<void>;
}
