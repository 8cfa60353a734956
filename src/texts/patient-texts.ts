import type { Channel } from '../domain/channel.ts';

/** A part of a birth date, asked for in a field of its own. */
export type BirthDatePart = 'day' | 'month' | 'year';

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
  /** What every page that asks a question shares. */
  readonly prove: {
    readonly heading: string;
    readonly errorHeading: string;
    /** The way to another question, as a link. */
    readonly ways: {
      readonly passkey: string;
      readonly pin: string;
      readonly portal: string;
      readonly birth_date: string;
      readonly code: string;
    };
    /** The way that is always left: to call. */
    readonly call: string;
  };
  readonly pin: {
    readonly intro: string;
    readonly label: string;
    readonly hint: string;
    readonly submit: string;
    readonly errors: {
      readonly missing: string;
      readonly malformed: string;
      /** One text for wrong and paused: it must be true of each, and tell none apart. */
      readonly refused: string;
    };
    /** Heading over the other ways. */
    readonly without: string;
  };
  readonly birthDate: {
    readonly intro: string;
    /** Whose date is asked for: the reader may be a parent or a carer. */
    readonly legend: string;
    readonly hint: string;
    /** The three fields, in the order in which the language writes a date. */
    readonly fields: readonly { readonly part: BirthDatePart; readonly label: string }[];
    readonly submit: string;
    readonly errors: {
      readonly missing: string;
      readonly dayMissing: string;
      readonly monthMissing: string;
      readonly yearMissing: string;
      readonly yearShort: string;
      /** A day that does not exist, is yet to come, or is too long ago. */
      readonly impossible: string;
      readonly refused: string;
    };
    readonly without: string;
  };
  readonly code: {
    /** Before a code was sent: where it goes, and that nothing goes without the button. */
    readonly offer: readonly string[];
    readonly send: string;
    /** The way to the field, for someone whose code has come already. */
    readonly haveOne: string;
    /** With the field: a code is under way. */
    readonly heading: string;
    readonly sent: string;
    readonly label: string;
    readonly hint: string;
    readonly submit: string;
    readonly errors: {
      readonly missing: string;
      readonly malformed: string;
      /** One text for wrong, expired, used, replaced, and paused. */
      readonly refused: string;
    };
    readonly againHeading: string;
    readonly againHint: string;
    readonly again: string;
    readonly without: string;
    /** What else asking for a code may lead to. */
    readonly sending: {
      readonly tooSoon: string;
      readonly limit: string;
      readonly refused: string;
      readonly optedOut: string;
      readonly uncertain: string;
    };
  };
  /** Logging in elsewhere: whoever reads this must not learn where, nor be asked for a password here. */
  readonly portal: {
    readonly offer: readonly string[];
    readonly start: string;
    readonly problems: {
      readonly unavailable: string;
      readonly cancelled: string;
      /** One text for another account, and for whatever did not fit. */
      readonly refused: string;
    };
    readonly without: string;
  };
  /** Passkeys: proving with one, and making and removing them after proof. */
  readonly passkeys: {
    /** The quiet way from the details page. */
    readonly link: string;
    readonly ask: string;
    readonly use: string;
    /** Where no script runs, or the browser has none: true of both. */
    readonly missing: string;
    /** The phone said no, or its owner did. */
    readonly failed: string;
    readonly refused: string;
    readonly without: string;
    readonly heading: string;
    readonly about: readonly string[];
    readonly make: string;
    readonly yours: string;
    /** @param tag what tells it from the others of the same phone */
    readonly remove: (tag: string) => string;
    readonly back: string;
    readonly news: {
      readonly made: string;
      readonly refused: string;
      readonly tooMany: string;
    };
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
    /** After a birth date, which opens no more than the time: heading over the ways to the rest. */
    readonly restHeading: string;
    readonly rest: string;
    readonly closesIn: (duration: string) => string;
    readonly closesFinally: (duration: string) => string;
    readonly moreTime: string;
    readonly leaveHint: string;
    readonly leave: string;
  };
  readonly locked: {
    readonly heading: string;
    readonly paragraphs: readonly string[];
    /** Heading over the ways that are still open. */
    readonly otherWays: string;
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
    /** Leads to the subject of our emails. */
    readonly subject: string;
    readonly emailSender: (address: string) => string;
    /** Leads to the text that a code comes in. */
    readonly code: string;
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
