import PostalMime, { type Email } from 'postal-mime';
import type { Header } from './accepted.ts';

/** A mail as it was read, and what is refused about it. */
export interface ReadMail {
  readonly from: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string | null;
  readonly headers: readonly Header[];
  readonly messageId: string;
  /** As it came, a character a byte. */
  readonly raw: string;
}

export interface Refusal {
  readonly code: number;
  readonly words: string;
}

/** RFC 5322, 2.1.1. */
const lineCharactersMax = 998;

/**
 * Reads a mail, refusing what careful receivers refuse: no Message-ID, Date or From, any of them
 * twice, a second recipient, lines that are too long, headers that are not ASCII.
 *
 * @see RFC 5322, 3.6: what a message must have, and how many times
 */
export async function readMail(raw: Buffer): Promise<ReadMail | Refusal> {
  const text = raw.toString('latin1');
  const head = text.slice(0, /\r?\n\r?\n/.exec(text)?.index ?? text.length);
  if (text.split('\n').some((line) => line.length > lineCharactersMax + 1)) {
    return { code: 550, words: '5.6.0 A line is longer than 998 characters' };
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: whatever is beyond ASCII.
  if (/[^\x00-\x7f]/.test(head)) {
    return { code: 550, words: '5.6.7 Headers must be ASCII' };
  }
  let email: Email;
  try {
    email = await PostalMime.parse(raw);
  } catch {
    return { code: 550, words: '5.6.0 The message cannot be read' };
  }
  return refusalOf(email) ?? asRead(email, text);
}

function refusalOf(email: Email): Refusal | undefined {
  for (const name of ['Message-ID', 'Date', 'From']) {
    const count = email.headers.filter(({ key }) => key === name.toLowerCase()).length;
    if (count === 0) return { code: 550, words: `5.7.1 ${name} is missing (RFC 5322)` };
    if (count > 1) return { code: 550, words: `5.7.1 ${name} stands there twice (RFC 5322)` };
  }
  if (!/^<[^<>@\s]+@[^<>@\s]+>$/.test(email.messageId ?? '')) {
    return { code: 550, words: '5.7.1 Message-ID is not one (RFC 5322)' };
  }
  // A parser hands back what it could not read as a date.
  if (Number.isNaN(Date.parse(email.date ?? ''))) {
    return { code: 550, words: '5.7.1 Date is not one (RFC 5322)' };
  }
  if (!email.from?.address) return { code: 550, words: '5.7.1 From is not one address (RFC 5322)' };
  const named = [...(email.to ?? []), ...(email.cc ?? []), ...(email.bcc ?? [])];
  const addresses = named.flatMap((one) => one.group ?? [one]);
  if (addresses.length > 1) return { code: 550, words: '5.5.3 One recipient a message' };
  return undefined;
}

function asRead(email: Email, raw: string): ReadMail {
  return {
    from: email.from?.address ?? '',
    subject: email.subject ?? '',
    text: email.text ?? '',
    html: email.html ?? null,
    headers: email.headers.map(({ originalKey, value }) => [originalKey, value] as const),
    messageId: email.messageId ?? '',
    raw,
  };
}
