import type { AcceptedMail, AcceptedSms } from '../accepted.ts';
import type { MessageStore, Reply } from '../message-store.ts';
import type { Person } from '../people.ts';

const phonesMax = 24;
const entriesMax = 6;
const entriesOfOnePhoneMax = 200;
const mailsMax = 24;
const mailsOfOneMailboxMax = 200;

export type Entry =
  | { readonly kind: 'received'; readonly at: string; readonly message: AcceptedSms }
  | { readonly kind: 'typed'; readonly at: string; readonly reply: Reply };

export interface PhoneView {
  readonly number: string;
  readonly person: Person | undefined;
  readonly optedOut: boolean;
  /** Oldest first, as on a phone; the newest few unless one phone was asked for. */
  readonly entries: readonly Entry[];
  readonly older: number;
}

export interface MailView {
  readonly mail: AcceptedMail;
  readonly person: Person | undefined;
  /** How many more copies of it came and were dropped. */
  readonly copiesDropped: number;
}

/** What was asked for: one phone, one mailbox, one mail to be open. */
export interface Chosen {
  readonly phone?: string;
  readonly mailbox?: string;
  readonly mail?: string;
}

export interface View {
  /** The phone that heard something last comes first; people who heard nothing yet, last. */
  readonly phones: readonly PhoneView[];
  readonly otherPhones: number;
  /** Newest first. */
  readonly mails: readonly MailView[];
  readonly olderMails: number;
  readonly opened: MailView | undefined;
  readonly received: number;
  readonly chosen: Chosen;
}

/**
 * What the page shows of all that the sandbox remembers.
 *
 * @param chosen a phone or a mailbox: that alone, with all it received
 */
export function viewOf(store: MessageStore, people: readonly Person[], chosen: Chosen): View {
  const sms = store.sms().filter(({ shown }) => shown);
  const entries = entriesByPhone(sms, store.replies());
  const lastAt = (phone: string) => entries.get(phone)?.at(-1)?.at ?? '';
  const heard = [...entries.keys()].sort((a, b) => compare(lastAt(b), lastAt(a)));
  const waiting = people
    .map(({ phone }) => phone)
    .filter((phone) => phone !== undefined)
    .filter((phone) => !entries.has(phone));
  const numbers = chosen.phone === undefined ? [...heard, ...waiting] : [chosen.phone];
  const shown = numbers.slice(0, phonesMax);
  const max = chosen.phone === undefined ? entriesMax : entriesOfOnePhoneMax;
  return {
    phones: shown.map((number) => {
      const all = entries.get(number) ?? [];
      return {
        number,
        person: people.find(({ phone }) => phone === number),
        optedOut: store.hasOptedOut(number),
        entries: all.slice(-max),
        older: Math.max(0, all.length - max),
      };
    }),
    otherPhones: numbers.length - shown.length,
    ...mailboxOf(store.mails(), people, chosen),
    received: sms.length + store.mails().filter((mail) => mail.shown).length,
    chosen,
  };
}

function entriesByPhone(
  messages: readonly AcceptedSms[],
  replies: readonly Reply[],
): Map<string, Entry[]> {
  const entries = new Map<string, Entry[]>();
  const add = (phone: string, entry: Entry) => {
    const known = entries.get(phone);
    if (known) known.push(entry);
    else entries.set(phone, [entry]);
  };
  for (const message of messages) {
    add(message.to, { kind: 'received', at: message.receivedAt, message });
  }
  for (const reply of replies) add(reply.phone, { kind: 'typed', at: reply.sentAt, reply });
  for (const list of entries.values()) list.sort((a, b) => compare(a.at, b.at));
  return entries;
}

function mailboxOf(
  all: readonly AcceptedMail[],
  people: readonly Person[],
  { mailbox, mail: openedId }: Chosen,
): Pick<View, 'mails' | 'olderMails' | 'opened'> {
  const asView = (mail: AcceptedMail): MailView => ({
    mail,
    person: people.find(({ email }) => email === mail.to),
    copiesDropped: all.filter(({ copyOf }) => copyOf === mail.id).length,
  });
  const listed = all
    .filter(({ shown, to }) => shown && (mailbox === undefined || to === mailbox))
    .toReversed();
  const max = mailbox === undefined ? mailsMax : mailsOfOneMailboxMax;
  const asked = all.find(({ id, shown }) => shown && id === openedId);
  const opened = asked ?? listed[0];
  return {
    mails: listed.slice(0, max).map(asView),
    olderMails: Math.max(0, listed.length - max),
    opened: opened && asView(opened),
  };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
