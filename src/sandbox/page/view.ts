import type { AcceptedMessage, MessageStore, Reply } from '../message-store.ts';
import type { Person } from '../people.ts';

const phonesMax = 24;
const entriesMax = 6;
const entriesOfOnePhoneMax = 200;

export type Entry =
  | { readonly kind: 'received'; readonly at: string; readonly message: AcceptedMessage }
  | { readonly kind: 'typed'; readonly at: string; readonly reply: Reply };

export interface PhoneView {
  readonly number: string;
  readonly person: Person | undefined;
  readonly optedOut: boolean;
  /** Oldest first, as on a phone; the newest few unless one phone was asked for. */
  readonly entries: readonly Entry[];
  readonly older: number;
}

export interface View {
  /** The phone that heard something last comes first; people who heard nothing yet, last. */
  readonly phones: readonly PhoneView[];
  readonly otherPhones: number;
  readonly received: number;
  readonly only: string | undefined;
}

/**
 * What the page shows of all that the sandbox remembers.
 *
 * @param only a number: that phone alone, with all it received
 */
export function viewOf(
  store: MessageStore,
  people: readonly Person[],
  only: string | undefined,
): View {
  const entries = new Map<string, Entry[]>();
  const add = (phone: string, entry: Entry) => {
    const known = entries.get(phone);
    if (known) known.push(entry);
    else entries.set(phone, [entry]);
  };
  for (const message of store.all()) {
    if (!message.onPhone) continue;
    add(message.to, { kind: 'received', at: message.receivedAt, message });
  }
  for (const reply of store.replies()) {
    add(reply.phone, { kind: 'typed', at: reply.sentAt, reply });
  }
  for (const list of entries.values()) list.sort((a, b) => compare(a.at, b.at));

  const heard = [...entries.keys()].sort((a, b) => compare(lastAt(b), lastAt(a)));
  function lastAt(phone: string): string {
    return entries.get(phone)?.at(-1)?.at ?? '';
  }
  const waiting = people.map(({ phone }) => phone).filter((phone) => !entries.has(phone));
  const numbers = only === undefined ? [...heard, ...waiting] : [only];
  const shown = numbers.slice(0, phonesMax);
  const max = only === undefined ? entriesMax : entriesOfOnePhoneMax;
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
    received: store.all().filter(({ onPhone }) => onPhone).length,
    only,
  };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
