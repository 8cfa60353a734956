import type { Channel } from '../domain/channel.ts';
import type { Language } from '../domain/language.ts';
import type { EmailMessage, Message, SmsMessage } from '../domain/message.ts';
import { Secret } from '../domain/secret.ts';
import { emailConstants, smsSentence } from './message-constants.ts';

/** All that a message depends on. Whose it is, and what about, cannot be said to the renderer. */
export interface MessageInput {
  readonly language: Language;
  readonly channel: Channel;
  readonly link: Secret<string>;
  /** Whether the deployment's one SMS sender can receive, so that STOP reaches it. */
  readonly optOut: boolean;
}

/** Renders the neutral text: the language's constants, the link in its place, and nothing else. */
export function renderMessage(input: MessageInput): Message {
  return input.channel === 'sms' ? renderSms(input) : renderEmail(input);
}

function renderSms({ language, link, optOut }: MessageInput): SmsMessage {
  return { channel: 'sms', text: new Secret(smsSentence(language, optOut) + link.reveal()) };
}

function renderEmail({ language, link }: MessageInput): EmailMessage {
  const { subject, text, html } = emailConstants(language);
  const filled = (part: string) => new Secret(part.replaceAll('{link}', () => link.reveal()));
  return { channel: 'email', subject, text: filled(text), html: filled(html) };
}
