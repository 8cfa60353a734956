import type { Language } from '../domain/language.ts';
import { Secret } from '../domain/secret.ts';
import { codeConstant } from './message-constants.ts';

/** All that the SMS with a code depends on. */
export interface CodeInput {
  readonly language: Language;
  /** Where the code is entered, as `codeHost` writes it. */
  readonly host: string;
  /** Six digits. */
  readonly code: Secret<string>;
}

/**
 * The host that codes are bound to: that of the patient pages, without scheme and port.
 *
 * The format knows no port, so a code for `http://localhost:3001` is bound to `localhost`.
 *
 * @param linkHostUrl the origin of links
 * @see https://wicg.github.io/sms-one-time-codes/#format
 */
export function codeHost(linkHostUrl: string): string {
  return new URL(linkHostUrl).hostname;
}

/** Renders the SMS that carries a code: one constant sentence, and a line for the browser. */
export function renderCode({ language, host, code }: CodeInput): Secret<string> {
  const values: Record<string, string> = { '{host}': host, '{code}': code.reveal() };
  return new Secret(
    codeConstant(language).replaceAll(/\{(?:host|code)\}/g, (hole) => values[hole] ?? hole),
  );
}
