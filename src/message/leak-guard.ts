import type { Secret } from '../domain/secret.ts';
import type { MessageInput } from './render-message.ts';
import { smsTexts } from './sms-texts.ts';

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
  readonly text: Secret<string>;
  /** The one origin that links lead to (`PATIENT_URL`), without a slash at its end. */
  readonly linkHostUrl: string;
}

/** Selector, link secret and MAC: 68 characters that hold no word, date or number of anyone. */
const linkToken = /^[A-Za-z0-9][A-Za-z0-9_-]{66}[AEIMQUYcgkosw048]$/;

/** The basic GSM-7 alphabet (3GPP TS 23.038, 6.2.1), one septet a character. */
const gsm7 = /^[@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&'()*+,\-./0-9:;<=>?¡A-ZÄÖÑÜ§¿a-zäöñüà]*$/;

const segmentSeptetsMax = 160;

/**
 * The last gate before a provider: passes the neutral text and nothing else.
 *
 * The text is compared with the constants character for character, not with what the renderer
 * would make, so that a changed renderer is caught as well. It is an equality and no list of
 * forbidden words: what nobody thought of is refused too.
 *
 * @throws {LeakGuardError} when the text differs from the language's constant followed by the
 *   link, when the link is not the deployment's origin and one link token, or when the whole is
 *   not one GSM-7 segment with one URL
 */
export function assertNeutral(input: GuardInput): void {
  const text = input.text.reveal();
  const link = input.link.reveal();
  const origin = `${input.linkHostUrl}/`;
  const constant = smsTexts[input.language];
  const neutral =
    text === (input.optOut ? constant.withOptOut : constant.plain) + link &&
    link.startsWith(origin) &&
    linkToken.test(link.slice(origin.length)) &&
    text.split('://').length === 2 &&
    gsm7.test(text) &&
    text.length <= segmentSeptetsMax;
  if (!neutral) throw new LeakGuardError();
}
