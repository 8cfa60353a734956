import PostalMime, { type Attachment, type Email } from 'postal-mime';
import { reasonForStatus } from './email-smtp-replies.ts';
import { tokenOfLetters, tokenOfVerpAddress } from './email-verp.ts';
import type { SendReason } from './transport.ts';

export { verpAddress } from './email-verp.ts';

/** What came back to an attempt's return path, with nothing personal left in it. */
export interface Bounce {
  /** Of the attempt, 16 bytes. */
  readonly token: Buffer;
  /** `other` changes no state, and still proves that a server had taken the message. */
  readonly status: 'undelivered' | 'delivered' | 'other';
  /** Enhanced status code, say `5.1.1`. */
  readonly code: string | undefined;
  readonly reason: SendReason | undefined;
}

/** A report comes before what it returns; what is past this is not read. */
const readBytesMax = 256 * 1024;
const nestingMax = 16;

/**
 * Reads a message that came to a return path: a report of delivery status, a bounce of a server
 * that knows none, or anything else, such as an automatic reply.
 *
 * @param raw as the mail server passed it on
 * @returns undefined when it holds no attempt's token, or cannot be read; it never rejects
 * @see RFC 3464
 */
export async function parseBounce(raw: Buffer): Promise<Bounce | undefined> {
  try {
    const email = await PostalMime.parse(withoutMboxLine(raw.subarray(0, readBytesMax)), {
      forceRfc822Attachments: true,
      attachmentEncoding: 'arraybuffer',
      maxNestingDepth: nestingMax,
      maxHeadersSize: readBytesMax,
    });
    const report = partsOf(email, /^message\/(global-)?delivery-status$/)[0];
    const token = tokenOf(email, report);
    if (!token) return undefined;
    const word = report === undefined ? wordOfPlainBounce(email) : wordOfReport(report);
    return { token, ...(word ?? { status: 'other', code: undefined, reason: undefined }) };
  } catch {
    return undefined;
  }
}

type Word = Omit<Bounce, 'token'>;

/** Where mail servers write the address that a message really came to. */
const recipientHeaders = ['to', 'delivered-to', 'x-original-to', 'envelope-to'];

function tokenOf(email: Email, report: string | undefined): Buffer | undefined {
  const recipients = email.headers.filter(({ key }) => recipientHeaders.includes(key));
  for (const { value } of recipients) {
    const token = tokenOfVerpAddress(value);
    if (token) return token;
  }
  const envelopeId = /^original-envelope-id:[ \t]*(\S+)[ \t]*$/im.exec(report ?? '')?.[1];
  const token = envelopeId === undefined ? undefined : tokenOfLetters(envelopeId);
  if (token) return token;
  for (const returned of partsOf(email, /^(message\/rfc822|text\/rfc822-headers)$/)) {
    const path = /^return-path:[ \t]*([^\r\n]{1,320})$/im.exec(returned)?.[1];
    const found = path === undefined ? undefined : tokenOfVerpAddress(path);
    if (found) return found;
  }
  return undefined;
}

const actions: Readonly<Record<string, Word['status']>> = {
  failed: 'undelivered',
  delivered: 'delivered',
  // These went on to where nobody reports from, or are still on their way.
  relayed: 'other',
  expanded: 'other',
  delayed: 'other',
};
const strongestFirst: readonly Word['status'][] = ['delivered', 'undelivered', 'other'];

/** Our messages have one recipient; an alias may have made several of it, and one is enough. */
function wordOfReport(report: string): Word | undefined {
  const words = report
    .replace(/\r\n?/g, '\n')
    .replace(/\n[ \t]+/g, ' ')
    .split(/\n{2,}/)
    .flatMap((group) => wordOfRecipient(group) ?? []);
  return strongestFirst.map((status) => words.find((word) => word.status === status)).find(Boolean);
}

function wordOfRecipient(group: string): Word | undefined {
  const action = /^action:[ \t]*([a-z]{1,20})/im.exec(group)?.[1]?.toLowerCase();
  if (action === undefined || !Object.hasOwn(actions, action)) return undefined;
  const status = actions[action] as Word['status'];
  const code = statusCode(group);
  return { status, code, reason: status === 'undelivered' ? reasonOf(code) : undefined };
}

/** The diagnostic of the server that refused often says more than the status made of it. */
function statusCode(group: string): string | undefined {
  const status = /^status:[ \t]*([245]\.\d{1,3}\.\d{1,3})(?![\d.])/im.exec(group)?.[1];
  if (status !== undefined && !status.endsWith('.0.0')) return status;
  const diagnostic = /^diagnostic-code:[ \t]*smtp;([^\n]{0,500})/im.exec(group)?.[1];
  const more =
    diagnostic && /\b[45]\d\d[ -]([45]\.\d{1,3}\.\d{1,3})(?![\d.])/.exec(diagnostic)?.[1];
  return more || status;
}

/**
 * Servers without reports: a bounce comes from nobody or from the mail system itself, and names an
 * enhanced code beside the reply it belongs to. Automatic replies of people do neither.
 */
function wordOfPlainBounce(email: Email): Word | undefined {
  const header = (name: string) => email.headers.find(({ key }) => key === name)?.value ?? '';
  const isOfMailSystem = /^(mailer-daemon|postmaster)(@|$)/i.test(email.from?.address ?? '');
  const isOfNobody =
    /^\s*<\s*>\s*$/.test(header('return-path')) &&
    !/^\s*auto-(replied|generated)/i.test(header('auto-submitted'));
  if (!isOfMailSystem && !isOfNobody) return undefined;
  const code = /\b5\d\d[ -]#?(5\.\d{1,3}\.\d{1,3})(?![\d.])/.exec(email.text ?? '')?.[1];
  return code === undefined ? undefined : { status: 'undelivered', code, reason: reasonOf(code) };
}

function reasonOf(code: string | undefined): SendReason {
  return code === undefined ? 'provider_refused' : reasonForStatus(code);
}

function partsOf(email: Email, type: RegExp): string[] {
  return email.attachments.filter(({ mimeType }) => type.test(mimeType)).map(textOf);
}

function textOf({ content }: Attachment): string {
  if (typeof content === 'string') return content;
  return Buffer.from(content instanceof Uint8Array ? content : new Uint8Array(content)).toString();
}

/** Mailbox files begin each message with a line that is no header. */
function withoutMboxLine(raw: Buffer): Buffer {
  if (!raw.subarray(0, 5).equals(Buffer.from('From '))) return raw;
  return raw.subarray(raw.indexOf('\n') + 1);
}
