import type { EmailMessage, Message, SmsMessage } from '../domain/message.ts';
import type { Secret } from '../domain/secret.ts';
import { codeConstant, emailConstants, smsSentence } from './message-constants.ts';
import { type CodeInput, codeHost } from './render-code.ts';
import type { MessageInput } from './render-message.ts';
import { smsAlphabet } from './sms-alphabet.ts';

/** The text was not the neutral one, so it must not be sent. Says nothing of what it was. */
export class LeakGuardError extends Error {
  readonly code = 'LEAK_GUARD';

  constructor() {
    super('LEAK_GUARD');
    this.name = 'LeakGuardError';
  }
}

/** What is about to be handed to a provider, and what it was to be rendered from. */
export interface GuardInput extends MessageInput {
  readonly message: Message;
  /** The one origin that links lead to (`PATIENT_URL`), without a slash at its end. */
  readonly linkHostUrl: string;
}

/** An SMS with a code that is about to be handed over, and what it was to be rendered from. */
export interface CodeGuardInput extends CodeInput {
  readonly text: Secret<string>;
  /** The origin of links, whose host the code must be bound to. */
  readonly linkHostUrl: string;
}

/** Selector, link secret and MAC: 68 characters that hold no word, date or number of anyone. */
const linkToken = /^[A-Za-z0-9][A-Za-z0-9_-]{66}[AEIMQUYcgkosw048]$/;

/** What runs, loads or sends by itself in a mail program. */
const active =
  /<(?!\/?(?:html|head|meta|title|body|div|h1|p|a|br|span)\b|!doctype html>)|\s(?:src|srcset|background|http-equiv|on\w+)\s*=|url\(|@import/i;

/**
 * The last gate before a provider: passes the neutral message and nothing else.
 *
 * Every part is compared with its constant character for character, not with what the renderer
 * would make, so that a changed renderer is caught as well. It is an equality and no list of
 * forbidden words: what nobody thought of is refused too.
 *
 * @throws {LeakGuardError} when a part differs from the language's constant with the link in its
 *   place, when the link is not the deployment's origin and one link token, when anything else is
 *   an address, when an SMS needs more segments than its language may have, or when an email loads
 *   or runs something
 */
export function assertNeutral(input: GuardInput): void {
  const { message } = input;
  const neutral =
    isOurLink(input.link.reveal(), input.linkHostUrl) &&
    message.channel === input.channel &&
    (message.channel === 'sms' ? isNeutralSms(message, input) : isNeutralEmail(message, input));
  if (!neutral) throw new LeakGuardError();
}

/**
 * The same gate for the SMS with a code.
 *
 * @throws {LeakGuardError} when the text differs from the language's constant with the deployment's
 *   own host and a code of six digits in their places, or needs more segments than it may have
 */
export function assertNeutralCode(input: CodeGuardInput): void {
  const text = input.text.reveal();
  const code = input.code.reveal();
  const constant = codeConstant(input.language).split('{host}').join(input.host);
  const neutral =
    text === constant.split('{code}').join(code) &&
    /^\d{6}$/.test(code) &&
    input.host === codeHost(input.linkHostUrl) &&
    addressesIn(text) === 0 &&
    fitsSms(text, input);
  if (!neutral) throw new LeakGuardError();
}

function isOurLink(link: string, linkHostUrl: string): boolean {
  const origin = `${linkHostUrl}/`;
  return link.startsWith(origin) && linkToken.test(link.slice(origin.length));
}

function isNeutralSms(message: SmsMessage, { language, optOut, link }: GuardInput): boolean {
  const text = message.text.reveal();
  return (
    text === smsSentence(language, optOut) + link.reveal() &&
    addressesIn(text) === 1 &&
    fitsSms(text, { language })
  );
}

function isNeutralEmail(message: EmailMessage, { language, link }: GuardInput): boolean {
  const constants = emailConstants(language);
  const filled = (constant: string) => constant.split('{link}').join(link.reveal());
  const text = message.text.reveal();
  const html = message.html.reveal();
  return (
    message.subject === constants.subject &&
    addressesIn(message.subject) === 0 &&
    !/[\r\n]/.test(message.subject) &&
    text === filled(constants.text) &&
    addressesIn(text) === 1 &&
    html === filled(constants.html) &&
    addressesIn(html) === 2 &&
    html.split(`<a href="${link.reveal()}"`).length === 2 &&
    !active.test(html)
  );
}

function addressesIn(text: string): number {
  return text.split('://').length - 1;
}

function fitsSms(text: string, { language }: Pick<MessageInput, 'language'>): boolean {
  const { characters, unitsMax } = smsAlphabet(language);
  return characters.test(text) && text.length <= unitsMax;
}
