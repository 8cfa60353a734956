import type { Channel } from '../domain/channel.ts';
import type { Language } from '../domain/language.ts';
import { Secret } from '../domain/secret.ts';
import { smsSentence } from './sms-texts.ts';

/** The channels that a message can be rendered for. */
export type MessageChannel = Extract<Channel, 'sms'>;

/** All that a message depends on. Whose it is, and what about, cannot be said to the renderer. */
export interface MessageInput {
  readonly language: Language;
  readonly channel: MessageChannel;
  readonly link: Secret<string>;
  /** Whether the deployment's one sender can receive, so that STOP reaches it. */
  readonly optOut: boolean;
}

/** Renders the neutral text: the language's constant sentence, then the link, and nothing else. */
export function renderMessage({ language, link, optOut }: MessageInput): Secret<string> {
  return new Secret(smsSentence(language, optOut) + link.reveal());
}
