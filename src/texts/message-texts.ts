/** The constant sentence of an SMS, as it is and for a sender that can receive an answer. */
export interface SmsText {
  readonly plain: string;
  readonly withOptOut: string;
}

/** What an email says, in the order in which it says it. */
export interface EmailText {
  readonly subject: string;
  readonly opening: string;
  /** Leads to the link. */
  readonly reading: string;
  /** The words of the link itself, in the HTML part. */
  readonly link: string;
  readonly never: string;
  /** Names what the mail program offers by itself (RFC 2369, RFC 8058), so that no second link is needed. */
  readonly stopping: string;
  /** Leads to the link written out, for those who look where it goes. */
  readonly address: string;
}

/**
 * Every word of the messages in one language.
 *
 * The texts are constants in the code so that no setting and no request can put a word into them.
 * They speak of no health, appointment, date, place or organisation, and are checked for it when a
 * process that sends starts (`lint-messages.ts`).
 *
 * What goes out by SMS in Latin script keeps to the GSM-7 alphabet (3GPP TS 23.038, 6.2.1):
 * `ç ê á í ó ú ’` and the no-break space are not in it, and one of them would cut a message from
 * 160 characters to 70. Beside a link of 93 characters a sentence has 67; in Arabic, over two
 * segments, it has 41. STOP stands before the link, and never CANCEL, which carriers take for STOP.
 */
export interface MessageTexts {
  readonly sms: SmsText;
  /** What goes out with a code, around `{code}`; a line for the browser follows. */
  readonly code: string;
  readonly email: EmailText;
}
