/** What both halves of the sandbox keep of a message that was accepted. */
interface Accepted {
  readonly id: string;
  /** The phone or the mailbox that it went to: of an email, the one that RCPT named. */
  readonly to: string;
  /** Who it says it is from. */
  readonly from: string;
  readonly text: string;
  readonly receivedAt: string;
  /** Whether it is on the phone or in the mailbox; both can be emptied. */
  readonly shown: boolean;
}

/**
 * An SMS. The phone's copy and the provider's are two things: redacting or deleting at the provider
 * takes nothing off the phone, and emptying the phone nothing from there.
 */
export interface AcceptedSms extends Accepted {
  readonly channel: 'sms';
  readonly length: number;
  readonly segments: number;
  readonly encoding: 'GSM-7' | 'UCS-2';
  readonly provider: {
    readonly body: string;
    readonly deleted: boolean;
    readonly status: 'queued' | 'sent' | 'delivered' | 'undelivered';
    readonly errorCode: number | null;
    readonly sentAt: string | null;
    readonly updatedAt: string;
    readonly messagingServiceSid: string | null;
    readonly statusCallback: string | null;
    readonly receiptsOwed: boolean;
  };
}

export type Header = readonly [name: string, value: string];

export interface AcceptedMail extends Accepted {
  readonly channel: 'email';
  readonly subject: string;
  readonly html: string | null;
  /** As received, in order; folded lines joined. */
  readonly headers: readonly Header[];
  readonly messageId: string;
  /** The whole message as it came, a character a byte; absent of what an older file holds. */
  readonly raw?: string;
  /** Where MAIL said that bounces go; empty for none. */
  readonly returnPath: string;
  /** The message in the mailbox that this one repeats: same Message-ID, so it was dropped. */
  readonly copyOf: string | null;
  readonly bounce: Bounce | null;
  /** What answered when somebody pressed the unsubscribe button; 0 for nobody. */
  readonly unsubscribed: number | null;
}

/** What comes back for a mail after it was accepted. */
export interface Bounce {
  readonly kind: 'failed' | 'delayed' | 'auto_reply';
  /** @see RFC 3463 */
  readonly status: string;
  readonly says: string;
  readonly state: 'owed' | 'told' | 'untold';
}

export type AcceptedMessage = AcceptedSms | AcceptedMail;
