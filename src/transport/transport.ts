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

/** What to look for at a provider: any of these marks in a message to one contact point. */
export interface LookUpQuestion {
  readonly to: Secret<string>;
  /** Each the part of a link that no other link holds. */
  readonly marks: readonly Secret<string>[];
  /** Nothing was handed over before, by our clock. */
  readonly sinceMs: number;
}

/** A message as a provider shows it, with nothing personal in it. */
export interface SeenMessage {
  readonly providerId: string;
  readonly createdAtMs: number;
  readonly status: 'sent' | 'delivered' | 'undelivered' | 'other';
  /** The provider's own number for what went wrong, and what it means to us. */
  readonly code?: string | undefined;
  readonly reason?: SendReason | undefined;
}

export type LookedUp =
  | {
      readonly kind: 'answered';
      /** All that the provider has of the time in question was seen. */
      readonly isWhole: boolean;
      /** Messages that hold one of the marks. */
      readonly holding: readonly SeenMessage[];
      /** Messages of that time that are shown without a text: any of them may be the one. */
      readonly textless: readonly SeenMessage[];
    }
  | { readonly kind: 'unanswered' };

/**
 * What a provider offers to find out whether it took a message: a list to look it up in, which shows
 * a message at most `lagMs` after it was taken, or nothing.
 */
export type Idempotency =
  | {
      readonly kind: 'lookup';
      readonly lagMs: number;
      /** Never throws. */
      find(question: LookUpQuestion): Promise<LookedUp>;
    }
  | { readonly kind: 'none' };

/** A provider that keeps what it was handed, until it is told to delete it. */
export interface ProviderCopies {
  /** `kept`: not now. `unanswered`: nobody knows. Doing it twice does no harm; it never throws. */
  remove(providerId: string): Promise<'gone' | 'kept' | 'unanswered'>;
}

/** One provider, spoken to once per message; it never throws and never repeats a request. */
export interface Transport<Message extends OutgoingMessage = OutgoingMessage> {
  readonly name: string;
  readonly idempotency: Idempotency;
  /** Absent where nothing is kept, or where it is to stay. */
  readonly copies?: ProviderCopies | undefined;
  send(message: Message): Promise<SendOutcome>;
  close(): Promise<void>;
}
