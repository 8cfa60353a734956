import DKIM from 'nodemailer/lib/dkim';
import { encodeWords, foldLines } from 'nodemailer/lib/mime-funcs';
import { encode, wrap } from 'nodemailer/lib/qp';
import type { Secret } from '../domain/secret.ts';
import { rsaKeyFrom } from './dkim-record.ts';
import type { OutgoingEmail } from './transport.ts';

export interface DkimSettings {
  readonly domain: string;
  readonly selector: string;
  /** RSA, in PEM. */
  readonly privateKey: Secret<string>;
}

/** What a receiver must be able to rely on; the one-click headers count only when signed (RFC 8058, 4). */
const signedFields = [
  'From',
  'To',
  'Subject',
  'Date',
  'Message-ID',
  'List-Unsubscribe',
  'List-Unsubscribe-Post',
  'Auto-Submitted',
  'MIME-Version',
  'Content-Type',
].join(':');

const opaque = /^[\w.-]{1,200}$/;
const oneClickUrl = /^https?:\/\/[\x21-\x3b\x3d\x3f-\x7e]{1,900}$/;

/** What is fine in a header as it is; any other address is only one inside angle brackets. */
const plainAddress = /^[\w.!#$%&'*+/=?^`{|}~-]+@[A-Za-z0-9.-]+$/;

/** Stands in no part: after an equals sign, quoted-printable has two digits or the end of a line. */
const boundary = '=_part';

/**
 * Composes emails: one sender, one recipient, text and HTML, nothing that tracks or names a machine.
 *
 * All of them have the same headers and parts, so they are written here and only encoded by the
 * library: its own composer took a third of what an email costs.
 *
 * @throws when the DKIM key is no RSA key; its error says nothing of the key
 * @returns a function that gives the whole message, signed when there is a key
 */
export function createComposer(options: {
  from: string;
  dkim?: DkimSettings | undefined;
}): (message: OutgoingEmail) => Promise<Buffer> {
  const domain = options.from.slice(options.from.lastIndexOf('@') + 1);
  const sign = options.dkim && dkimSigner(options.dkim);
  return async (message) => {
    const optOutUrl = message.optOutUrl.reveal();
    // These become header lines as they are.
    if (!opaque.test(message.messageKey) || !oneClickUrl.test(optOutUrl)) {
      throw new Error('unfit_for_a_header');
    }
    const composed = Buffer.from(
      [
        `List-Unsubscribe: <${optOutUrl}>`,
        'List-Unsubscribe-Post: List-Unsubscribe=One-Click',
        'Auto-Submitted: auto-generated',
        'X-Auto-Response-Suppress: All',
        `From: ${addressField(options.from)}`,
        `To: ${addressField(message.to.reveal())}`,
        foldLines(`Subject: ${encodeWords(oneLine(message.subject), 'Q', 52, true)}`, 76),
        `Message-ID: <${message.messageKey}@${domain}>`,
        `Date: ${new Date().toUTCString().replace('GMT', '+0000')}`,
        'MIME-Version: 1.0',
        `Content-Type: multipart/alternative; boundary="${boundary}"`,
        '',
        ...part('text/plain', message.text.reveal()),
        ...part('text/html', message.html.reveal()),
        `--${boundary}--`,
        '',
      ].join('\r\n'),
    );
    return sign ? sign(composed) : composed;
  };
}

function part(type: string, content: string): string[] {
  return [
    `--${boundary}`,
    `Content-Type: ${type}; charset=utf-8`,
    'Content-Transfer-Encoding: quoted-printable',
    '',
    wrap(encode(content.replace(/\r?\n|\r/g, '\r\n'))),
  ];
}

function addressField(address: string): string {
  const line = address.replace(/[\s<>]/g, '');
  return plainAddress.test(line) ? line : `<${line}>`;
}

function oneLine(text: string): string {
  return text.replace(/[\r\n]+/g, ' ');
}

/** @see RFC 6376 */
function dkimSigner(settings: DkimSettings): (message: Buffer) => Promise<Buffer> {
  const privateKey = settings.privateKey.reveal();
  if (!rsaKeyFrom(settings.privateKey)) throw new Error('dkim_key_is_not_rsa');
  const dkim = new DKIM({
    domainName: settings.domain,
    keySelector: settings.selector,
    privateKey,
    headerFieldNames: signedFields,
  });
  return async (message) => {
    const chunks: Buffer[] = [];
    for await (const chunk of dkim.sign(message)) chunks.push(chunk as Buffer);
    const signed = Buffer.concat(chunks);
    // The library lets a message go unsigned when it cannot sign it.
    if (!signed.subarray(0, 15).equals(Buffer.from('DKIM-Signature:'))) throw new Error('unsigned');
    return signed;
  };
}
