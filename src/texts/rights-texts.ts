import type { Channel } from '../domain/channel.ts';
import type { HeldState } from '../domain/held-data.ts';

/** The words of the pages on what is held about a reader, and on its end; only seen after proof. */
export interface RightsTexts {
  /** The quiet way there from the details page. */
  readonly link: string;
  readonly heading: string;
  readonly intro: string;
  readonly fromBooking: string;
  readonly yourPhone: string;
  readonly yourEmail: string;
  readonly yourLanguage: string;
  readonly yourBirthDate: string;
  /** An opaque name that a portal or the place of booking knows the reader by. */
  readonly yourAccount: string;
  readonly yourPin: string;
  /** That there is one: which, is shown to nobody. */
  readonly pinSet: string;
  readonly messages: string;
  readonly channels: Readonly<Record<Channel, string>>;
  readonly states: Readonly<Record<HeldState, string>>;
  readonly stoppedSince: (date: string) => string;
  readonly keptUntil: (date: string) => string;
  readonly download: string;
  readonly eraseLink: string;
  readonly back: string;
  readonly erase: {
    readonly heading: string;
    readonly paragraphs: readonly string[];
    readonly button: string;
    readonly back: string;
  };
  readonly erased: {
    readonly heading: string;
    readonly paragraphs: readonly string[];
    readonly receiptHeading: string;
    readonly receiptHint: string;
  };
  /** To who has some. */
  readonly passkeys: {
    /** One of theirs: its four characters, and days. */
    readonly one: (of: { tag: string; madeOn: string; usedOn: string }) => string;
    /** Before an erasure. */
    readonly warning: string;
    readonly keep: string;
    /** After one that they went with. */
    readonly removed: string;
  };
}
