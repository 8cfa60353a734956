import { randomBytes } from 'node:crypto';
import type { AcceptedMail, Bounce } from './accepted.ts';

const host = 'mx.sandbox.invalid';

/**
 * Writes what a mail system sends back to the return path of a mail: a delivery report, or the
 * answer of somebody who is away.
 *
 * @returns the whole message, lines ended by CRLF
 * @see RFC 3464 (delivery status), RFC 6522 (multipart/report), RFC 3834 (automatic answers)
 */
export function writeBounce(mail: AcceptedMail, bounce: Bounce, at: Date): string {
  const parts = bounce.kind === 'auto_reply' ? autoReply(mail, bounce) : report(mail, bounce, at);
  return [
    'Return-Path: <>',
    `Date: ${rfc5322(at)}`,
    `Message-ID: <${randomBytes(12).toString('hex')}@${host}>`,
    `To: ${mail.returnPath}`,
    'MIME-Version: 1.0',
    ...parts,
    '',
  ].join('\r\n');
}

function report(mail: AcceptedMail, { kind, status, says }: Bounce, at: Date): string[] {
  const boundary = randomBytes(12).toString('hex');
  const failed = kind === 'failed';
  return [
    `From: Mail Delivery System <MAILER-DAEMON@${host}>`,
    `Subject: ${failed ? 'Undelivered Mail Returned to Sender' : 'Delayed Mail (still being retried)'}`,
    'Auto-Submitted: auto-replied',
    `Content-Type: multipart/report; report-type=delivery-status; boundary="${boundary}"`,
    '',
    'This is a MIME-encapsulated message.',
    '',
    `--${boundary}`,
    'Content-Description: What happened',
    'Content-Type: text/plain; charset=us-ascii',
    '',
    `This is the mail system at host ${host}.`,
    '',
    failed
      ? 'Your message could not be delivered to the recipient below.'
      : 'Your message could not be delivered yet. It will be retried.',
    '',
    `<${mail.to}>: ${says}`,
    '',
    `--${boundary}`,
    'Content-Description: Delivery report',
    'Content-Type: message/delivery-status',
    '',
    `Reporting-MTA: dns; ${host}`,
    `X-Sandbox-Sender: rfc822; ${mail.returnPath}`,
    `Arrival-Date: ${rfc5322(new Date(mail.receivedAt))}`,
    '',
    `Final-Recipient: rfc822; ${mail.to}`,
    `Original-Recipient: rfc822;${mail.to}`,
    `Action: ${kind}`,
    `Status: ${status}`,
    `Remote-MTA: dns; ${host}`,
    `Diagnostic-Code: smtp; ${says}`,
    `Last-Attempt-Date: ${rfc5322(at)}`,
    '',
    `--${boundary}`,
    'Content-Description: Undelivered Message Headers',
    'Content-Type: text/rfc822-headers',
    '',
    ...mail.headers.map(([name, value]) => folded(`${name}: ${value}`)),
    '',
    `--${boundary}--`,
  ];
}

function autoReply(mail: AcceptedMail, { says }: Bounce): string[] {
  return [
    `From: ${mail.to}`,
    'Subject: Out of office',
    'Auto-Submitted: auto-replied (vacation)',
    `In-Reply-To: ${mail.messageId}`,
    'Content-Type: text/plain; charset=us-ascii',
    '',
    says,
  ];
}

/** Folds a header at white space, as it may have been before it was read (RFC 5322, 2.2.3). */
function folded(line: string): string {
  return line.replace(/(.{1,76})(\s|$)/g, '$1\r\n$2').replace(/\r\n$/, '');
}

function rfc5322(at: Date): string {
  return at.toUTCString().replace('GMT', '+0000');
}
