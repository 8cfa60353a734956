/** Sends so many messages with a library alone, and tells how many seconds it took. */
import { randomBytes } from 'node:crypto';
import nodemailer from 'nodemailer';
import { loadConfig } from '../../../config/env.ts';
import { Secret } from '../../../src/domain/secret.ts';
import { renderMessage } from '../../../src/message/render-message.ts';
import { createTwilioClient } from '../../../src/transport/sms-twilio-client.ts';
import { connectionsOf } from '../../../workers/routes.ts';
import { accountSid, from } from '../providers.ts';
import { answerParent } from './answer-parent.ts';
import { twilioAsItComes } from './twilio-as-it-comes.ts';

const { TWILIO_BASE_URL = '', SMTP_URL, PATIENT_URL, CALLBACK_URL, BARE_LIBRARY } = process.env;
const connections = connectionsOf(loadConfig({}));
const newLink = () => new Secret(`${PATIENT_URL}/a${randomBytes(50).toString('base64url')}`);
const render = { language: 'fr', optOut: false } as const;

function sms() {
  const message = renderMessage({ ...render, channel: 'sms', link: newLink() });
  return {
    from: from.sms,
    to: '+33639980099',
    body: message.text.reveal(),
    shortenUrls: false,
    statusCallback: `${CALLBACK_URL}/callbacks/twilio/status/${randomBytes(16).toString('base64url')}`,
    validityPeriod: 36_000,
  };
}

const libraries: Record<string, () => { atOnce: number; send(): Promise<unknown> }> = {
  twilio() {
    const { client } = createTwilioClient({
      ...{ accountSid, authToken: new Secret('token'), baseUrl: TWILIO_BASE_URL },
      ...{ timeoutMs: 15_000, maxSockets: connections.sms },
    });
    return { atOnce: connections.sms, send: () => client.messages.create(sms()) };
  },
  'twilio as it comes'() {
    const client = twilioAsItComes(TWILIO_BASE_URL, connections.sms);
    return { atOnce: connections.sms, send: () => client.messages.create(sms()) };
  },
  nodemailer() {
    const mailer = nodemailer.createTransport({
      ...{ url: SMTP_URL, pool: true, ignoreTLS: true },
      ...{ maxConnections: connections.email, maxMessages: 100 },
    } as Parameters<typeof nodemailer.createTransport>[0]);
    const send = () => {
      const message = renderMessage({ ...render, channel: 'email', link: newLink() });
      if (message.channel !== 'email') throw new Error('no email');
      const token = randomBytes(16).toString('base64url');
      return mailer.sendMail({
        envelope: { from: `reminders+${token}@sotto.example`, to: 'p.example@example.org' },
        from: from.email,
        to: 'p.example@example.org',
        messageId: `<${token}@sotto.example>`,
        subject: message.subject,
        text: message.text.reveal(),
        html: message.html.reveal(),
        headers: {
          'List-Unsubscribe': `<${PATIENT_URL}/stop/${'a'.repeat(180)}>`,
          'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
          'Auto-Submitted': 'auto-generated',
          'X-Auto-Response-Suppress': 'All',
        },
      });
    };
    // Each connection has its next message at hand.
    return { atOnce: connections.email * 2, send };
  },
};

const library = libraries[BARE_LIBRARY ?? '']?.();
if (!library) throw new Error('BARE_LIBRARY says what sends');

async function sendAll(count: number): Promise<number> {
  const begunAt = performance.now();
  let left = count;
  const sendNext = async () => {
    for (; left > 0; ) {
      left -= 1;
      await library?.send();
    }
  };
  await Promise.all(Array.from({ length: library?.atOnce ?? 0 }, sendNext));
  return (performance.now() - begunAt) / 1_000;
}

answerParent(sendAll, async () => {});
