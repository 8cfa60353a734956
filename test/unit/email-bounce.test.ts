import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseBounce } from '../../src/transport/email-bounce.ts';
import {
  bouncedTo,
  bouncedToken,
  mail,
  patientAddress,
  plainMail,
  statusNotification,
} from '../support/bounce-samples.ts';
import { cpuMsOf } from '../support/cpu-ms.ts';

const other = { token: bouncedToken, status: 'other', code: undefined, reason: undefined };
const undelivered = (code: string | undefined, reason: string) => ({
  token: bouncedToken,
  status: 'undelivered',
  code,
  reason,
});

describe('a delivery status notification', () => {
  it.each([
    ['5.1.1', 'smtp; 550 5.1.1 no such user', '5.1.1', 'invalid_recipient'],
    ['5.1.10', undefined, '5.1.10', 'invalid_recipient'],
    ['5.2.2', 'smtp; 552 5.2.2 over quota', '5.2.2', 'unreachable_recipient'],
    ['4.4.7', undefined, '4.4.7', 'unreachable_recipient'],
    ['4.4.1', 'X-Postfix; connection timed out', '4.4.1', 'unreachable_recipient'],
    ['5.7.1', 'smtp; 550 5.7.1 spam', '5.7.1', 'blocked_by_carrier'],
    ['5.7.26', undefined, '5.7.26', 'sender_misconfigured'],
    ['5.0.0', 'smtp;550 5.1.1 no such user', '5.1.1', 'invalid_recipient'],
    ['5.0.0', 'smtp;550-5.1.1 no\r\n 550 5.1.1 such user', '5.1.1', 'invalid_recipient'],
    ['5.0.0', undefined, '5.0.0', 'provider_refused'],
    ['5.0.0 (permanent failure)', undefined, '5.0.0', 'provider_refused'],
    [undefined, 'smtp; 554 5.7.1 no', '5.7.1', 'blocked_by_carrier'],
    [undefined, undefined, undefined, 'provider_refused'],
    ['nonsense', undefined, undefined, 'provider_refused'],
  ])('of a failure, %s and %s, is undelivered', async (status, diagnostic, code, reason) => {
    const raw = statusNotification({
      action: 'failed',
      ...(status === undefined ? {} : { status }),
      ...(diagnostic === undefined ? {} : { diagnostic }),
    });
    expect(await parseBounce(raw)).toEqual(undelivered(code, reason));
  });

  it('of a delivery is delivered', async () => {
    const raw = statusNotification({ action: 'delivered', status: '2.1.5' });
    expect(await parseBounce(raw)).toEqual({ ...other, status: 'delivered', code: '2.1.5' });
  });

  it.each([
    ['delayed', '4.4.1'],
    ['relayed', '2.1.9'],
    ['expanded', '2.1.5'],
  ])('that says %s decides nothing', async (action, status) => {
    expect(await parseBounce(statusNotification({ action, status }))).toEqual({
      ...other,
      code: status,
    });
  });

  it.each(['unheard-of', '__proto__', ''])('that says %j decides nothing', async (action) => {
    expect(await parseBounce(statusNotification({ action, status: '5.1.1' }))).toEqual(other);
    expect(await parseBounce(statusNotification({ status: '5.1.1' }))).toEqual(other);
  });

  it('of several recipients of an alias is delivered when one has it', async () => {
    const failed = 'Final-Recipient: rfc822; a@x.org\nAction: failed\nStatus: 5.1.1';
    const delivered = 'Final-Recipient: rfc822; b@x.org\nAction: Delivered\nStatus: 2.0.0';
    const delayed = 'Final-Recipient: rfc822; c@x.org\nAction: delayed\nStatus: 4.4.1';
    const read = (recipients: string[]) => parseBounce(statusNotification({ recipients }));
    expect(await read([failed, delivered, delayed])).toMatchObject({ status: 'delivered' });
    expect(await read([delayed, failed])).toEqual(undelivered('5.1.1', 'invalid_recipient'));
  });

  it('is read with bare line feeds, and out of a mailbox file', async () => {
    const raw = statusNotification({ action: 'failed', status: '5.1.1' });
    const bare = Buffer.from(raw.toString().replaceAll('\r\n', '\n'));
    const boxed = Buffer.concat([
      Buffer.from('From MAILER-DAEMON Sun Nov 22 10:00:00 2026\n'),
      bare,
    ]);
    for (const one of [bare, boxed]) {
      expect(await parseBounce(one)).toEqual(undelivered('5.1.1', 'invalid_recipient'));
    }
  });
});

describe('the attempt that came back', () => {
  const failed = { action: 'failed', status: '5.1.1' };

  it.each(['Delivered-To', 'X-Original-To', 'Envelope-To'])('is found in %s', async (header) => {
    const raw = statusNotification({ ...failed, to: 'bounces@sotto.test' });
    const headed = Buffer.concat([Buffer.from(`${header}: ${bouncedTo.toUpperCase()}\r\n`), raw]);
    expect(await parseBounce(headed)).toMatchObject({ token: bouncedToken });
  });

  it('is found in the envelope id, and at last in the return path of what came back', async () => {
    const envelopeId = bouncedTo.split(/[+@]/)[1] as string;
    const to = 'postmaster@sotto.test';
    expect(await parseBounce(statusNotification({ ...failed, to, envelopeId }))).toMatchObject({
      token: bouncedToken,
    });
    const returned = `Return-Path: <${bouncedTo}>`;
    expect(await parseBounce(statusNotification({ ...failed, to, returned }))).toMatchObject({
      token: bouncedToken,
    });
  });

  it('is nobody’s when no address of ours is in it', async () => {
    for (const to of [
      'bounces@sotto.test',
      'bounces+AAAAAAAAAAAAAAAAAAAAAA@sotto.test',
      `bounces+${'b'.repeat(26)}@sotto.test`,
      `bounces+${'a'.repeat(27)}@sotto.test`,
      'undisclosed-recipients:;',
    ]) {
      expect(await parseBounce(statusNotification({ ...failed, to }))).toBeUndefined();
    }
  });

  it('takes nothing personal with it', async () => {
    const raw = statusNotification({
      ...failed,
      diagnostic: `smtp; 550 5.1.1 <${patientAddress}>`,
    });
    const bounce = await parseBounce(raw);
    expect(Object.keys(bounce ?? {}).sort()).toEqual(['code', 'reason', 'status', 'token']);
    expect(JSON.stringify(bounce)).not.toMatch(/marie|curie|hospital/i);
  });
});

describe('a message without a status notification', () => {
  it.each([
    ['qmail', { From: 'MAILER-DAEMON@qmail.example' }, 'Remote host said: 550 5.1.1 unknown'],
    ['a postmaster', { From: 'Mail <postmaster@x.org>' }, '<<< 550 5.1.1 User unknown'],
    ['Exchange', { From: '<PostMaster@x.org>', 'Auto-Submitted': 'auto-replied' }, '550 #5.1.1 no'],
    ['nobody', { From: 'x@x.org', 'Return-Path': '<>' }, 'failed: 550-5.1.1 unknown'],
  ])('is a bounce from %s when it names the code', async (_, headers, text) => {
    const raw = plainMail(headers, `Hi.\n\n<${patientAddress}>:\n${text}\n`);
    expect(await parseBounce(raw)).toEqual(undelivered('5.1.1', 'invalid_recipient'));
  });

  it.each([
    [
      'an absence',
      { From: 'a@x.org', 'Auto-Submitted': 'auto-replied', 'Return-Path': '<>' },
      'away',
    ],
    [
      'an absence that quotes a code',
      { From: 'a@x.org', 'Auto-Submitted': 'auto-replied', 'Return-Path': '<>' },
      '550 5.1.1',
    ],
    ['an answer of a person', { From: 'a@x.org' }, 'I got "550 5.1.1 no such user", what is it?'],
    ['a daemon without a code', { From: 'MAILER-DAEMON@x.org' }, 'It did not work.'],
    ['a warning', { From: 'MAILER-DAEMON@x.org' }, '451 4.4.1 will try again'],
    ['a version number', { From: 'MAILER-DAEMON@x.org' }, 'qmail 5.1.1 has 1550 5.1.1.2 users'],
    ['a name like a daemon’s', { From: '"mailer-daemon@x.org" <a@x.org>' }, '550 5.1.1'],
  ])('decides nothing: %s', async (_, headers, text) => {
    expect(await parseBounce(plainMail(headers, text))).toEqual(other);
  });

  it('decides nothing when somebody complains of it', async () => {
    const raw = mail([
      'From: <fbl@provider.example>',
      `To: ${bouncedTo}`,
      'MIME-Version: 1.0',
      'Content-Type: multipart/report; report-type=feedback-report; boundary="b"',
      '',
      '--b',
      'Content-Type: message/feedback-report',
      '',
      'Feedback-Type: abuse',
      '',
      '--b--',
    ]);
    expect(await parseBounce(raw)).toEqual(other);
  });
});

describe('what anybody may send', () => {
  const isSound = (bounce: Awaited<ReturnType<typeof parseBounce>>) => {
    if (bounce === undefined) return;
    expect(bounce.token).toHaveLength(16);
    expect(['undelivered', 'delivered', 'other']).toContain(bounce.status);
    expect(bounce.code ?? '5.0.0').toMatch(/^[245]\.\d{1,3}\.\d{1,3}$/);
  };

  it('is read or left, and never throws', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 4_000 }), async (bytes) => {
        isSound(await parseBounce(Buffer.from(bytes)));
      }),
    );
  });

  it('may be a bounce with anything changed, cut out or put in twice', async () => {
    const whole = statusNotification({
      action: 'failed',
      status: '5.1.1',
      diagnostic: 'smtp; 550',
    });
    const place = fc.nat(whole.length);
    await fc.assert(
      fc.asyncProperty(place, place, fc.uint8Array({ maxLength: 40 }), async (from, to, bytes) => {
        const raw = Buffer.concat([
          whole.subarray(0, from),
          Buffer.from(bytes),
          whole.subarray(to),
        ]);
        const bounce = await parseBounce(raw);
        isSound(bounce);
        const isUntouched = raw.includes(bouncedTo);
        if (isUntouched && bounce) expect(bounce.token).toEqual(bouncedToken);
      }),
    );
  });

  it('may be large or deep, and takes no time', async () => {
    const tookMs = await cpuMsOf(async () => {
      const head = statusNotification({ action: 'failed', status: '5.1.1' });
      const large = Buffer.concat([head, Buffer.alloc(20 * 1024 * 1024, 'x')]);
      expect(await parseBounce(large)).toEqual(undelivered('5.1.1', 'invalid_recipient'));
      const deep = Array.from({ length: 40 }, (_, level) => [
        `Content-Type: multipart/mixed; boundary="b${level}"`,
        '',
        `--b${level}`,
      ]);
      expect(await parseBounce(mail([`To: ${bouncedTo}`, ...deep.flat()]))).toBeUndefined();
      for (const line of ['+', 'to:', ' '.repeat(50), '550 5.1.1', `${'a'.repeat(26)}@`, '<']) {
        const many = line.repeat(Math.ceil((512 * 1024) / line.length));
        isSound(
          await parseBounce(mail([`To: ${bouncedTo}`, 'From: MAILER-DAEMON@x.org', '', many])),
        );
        isSound(await parseBounce(mail([`To: ${many}`, `From: ${many}`, '', many])));
        isSound(await parseBounce(statusNotification({ action: 'failed', diagnostic: many })));
        isSound(await parseBounce(statusNotification({ action: 'failed', returned: many })));
      }
    });
    expect(tookMs).toBeLessThan(8_000);
  });
});
