import { verpAddress } from '../../src/transport/email-bounce.ts';

export const bouncedToken = Buffer.from('00112233445566778899aabbccddeeff', 'hex');
export const bouncedTo = verpAddress(
  'bounces@sotto.test',
  bouncedToken.toString('base64url'),
) as string;
export const patientAddress = 'marie.curie@hospital.example';

/** A delivery status notification as Postfix writes it. */
export function statusNotification(changes: {
  action?: string;
  status?: string;
  diagnostic?: string;
  to?: string;
  recipients?: readonly string[];
  envelopeId?: string;
  returned?: string;
}): Buffer {
  const group = [
    `Final-Recipient: rfc822; ${patientAddress}`,
    `Original-Recipient: rfc822;${patientAddress}`,
    ...(changes.action === undefined ? [] : [`Action: ${changes.action}`]),
    ...(changes.status === undefined ? [] : [`Status: ${changes.status}`]),
    'Remote-MTA: dns; mx.hospital.example',
    ...(changes.diagnostic === undefined ? [] : [`Diagnostic-Code: ${changes.diagnostic}`]),
  ];
  return mail([
    'Return-Path: <>',
    'Date: Sun, 22 Nov 2026 10:00:00 +0100 (CET)',
    'From: MAILER-DAEMON@mx.sotto.test (Mail Delivery System)',
    'Subject: Undelivered Mail Returned to Sender',
    `To: ${changes.to ?? bouncedTo}`,
    'Auto-Submitted: auto-replied',
    'MIME-Version: 1.0',
    'Content-Type: multipart/report; report-type=delivery-status;',
    '\tboundary="7B2A.1795342800/mx.sotto.test"',
    'Message-Id: <20261122090000.7B2A@mx.sotto.test>',
    '',
    'This is a MIME-encapsulated message.',
    '',
    '--7B2A.1795342800/mx.sotto.test',
    'Content-Description: Notification',
    'Content-Type: text/plain; charset=us-ascii',
    '',
    `<${patientAddress}>: host mx.hospital.example said: no (in reply to RCPT TO command)`,
    '',
    '--7B2A.1795342800/mx.sotto.test',
    'Content-Description: Delivery report',
    'Content-Type: message/delivery-status',
    '',
    'Reporting-MTA: dns; mx.sotto.test',
    ...(changes.envelopeId === undefined ? [] : [`Original-Envelope-Id: ${changes.envelopeId}`]),
    'X-Postfix-Queue-ID: 7B2A',
    'Arrival-Date: Sun, 22 Nov 2026 10:00:00 +0100 (CET)',
    '',
    ...(changes.recipients?.flatMap((one) => [...one.split('\n'), '']) ?? group),
    '',
    '--7B2A.1795342800/mx.sotto.test',
    'Content-Description: Undelivered Message Headers',
    'Content-Type: text/rfc822-headers',
    '',
    changes.returned ?? 'Return-Path: <rappel@sotto.test>',
    'Subject: Rappel',
    '',
    '--7B2A.1795342800/mx.sotto.test--',
  ]);
}

/** A message without parts. */
export function plainMail(headers: Record<string, string>, text: string): Buffer {
  const lines = Object.entries({ To: bouncedTo, ...headers }).map(
    ([key, value]) => `${key}: ${value}`,
  );
  return mail([...lines, '', ...text.split('\n')]);
}

export function mail(lines: readonly string[]): Buffer {
  return Buffer.from(lines.join('\r\n'));
}
