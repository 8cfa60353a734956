import type { Channel } from '../domain/channel.ts';

/** What a page that is nothing but a notice says. */
export interface NoticeText {
  readonly heading: string;
  readonly paragraphs: readonly string[];
}

/** The notices: ends of the road, good and bad. None of them depends on whose appointment it is. */
export type NoticeKind =
  | 'linkUnusable'
  | 'sessionEnded'
  | 'cookiesRefused'
  | 'formExpired'
  | 'slowDown'
  | 'problem'
  | 'left';

/**
 * Every word of the patient pages in one language.
 *
 * Short sentences, no jargon, nothing to be ashamed of on a screen that others see. Until the
 * patient has proved who they are, no text may name a practice, a profession or a contact. A
 * language is added by filling this in and naming it in `catalogue.ts`; `tsc` finds what is missing.
 */
export interface PatientTexts {
  /** BCP 47, for `lang`. */
  readonly tag: string;
  readonly direction: 'ltr' | 'rtl';
  /** The language's name in itself. */
  readonly name: string;
  /** The same on every page, so that browser tabs and histories say nothing. */
  readonly title: string;
  /** Put before the title of a page that reports an error (GOV.UK Design System, error summary). */
  readonly errorTitlePrefix: string;
  readonly skipToContent: string;
  readonly languageMenu: string;
  readonly help: string;
  readonly checkLink: string;

  readonly landing: {
    readonly heading: string;
    readonly paragraphs: readonly string[];
    readonly continue: string;
  };
  readonly prove: {
    readonly heading: string;
    readonly intro: string;
    readonly label: string;
    readonly hint: string;
    readonly submit: string;
    readonly errorHeading: string;
    readonly errors: {
      readonly missing: string;
      readonly malformed: string;
      /** One text for wrong, paused and expired: it must be true of each, and tell none apart. */
      readonly refused: string;
    };
    readonly withoutPinHeading: string;
    readonly withoutPin: string;
  };
  readonly details: {
    readonly heading: string;
    readonly moved: string;
    readonly cancelled: string;
    readonly when: string;
    readonly plannedFor: string;
    readonly duration: string;
    readonly for: string;
    readonly practitioner: string;
    readonly specialty: string;
    readonly place: string;
    readonly instructions: string;
    readonly phone: string;
    readonly reason: string;
    readonly change: string;
    readonly again: string;
    readonly closesIn: (duration: string) => string;
    readonly closesFinally: (duration: string) => string;
    readonly moreTime: string;
    readonly leaveHint: string;
    readonly leave: string;
  };
  readonly locked: {
    readonly heading: string;
    readonly paragraphs: readonly string[];
    readonly helpCode: string;
    readonly helpCodeHint: string;
  };
  readonly notices: Readonly<Record<NoticeKind, NoticeText>>;
  /** Stopping messages, from an email's link or after proof. It holds for the whole deployment. */
  readonly optOut: {
    /** The quiet way there from the details page. */
    readonly link: string;
    readonly heading: string;
    readonly stops: Readonly<Record<Channel, string>>;
    readonly everywhere: string;
    /** Stopping messages cancels no appointment. */
    readonly unchanged: string;
    readonly button: string;
    /** Back to the details without stopping anything. */
    readonly back: string;
    readonly doneHeading: string;
    readonly stopped: Readonly<Record<Channel, string>>;
    readonly onItsWay: string;
    readonly again: string;
    /** For a phone whose messages come from a number that can be answered. */
    readonly againByReply: string;
  };
  readonly check: {
    readonly heading: string;
    readonly intro: string;
    readonly sentencesHeading: string;
    readonly sentences: string;
    readonly linkHeading: string;
    readonly link: string;
    readonly sender: (sender: string) => string;
    readonly neverHeading: string;
    readonly never: readonly string[];
    readonly doubtHeading: string;
    readonly doubt: readonly string[];
  };

  readonly writeDate: (date: Temporal.PlainDate) => string;
  /** Goes on from the date: "at 10:30 in the morning". */
  readonly writeTime: (time: Temporal.PlainTime) => string;
  /** The zone by the name of its country or city, as people there would say it. */
  readonly writeZone: (at: Temporal.ZonedDateTime) => string;
}
