import { html } from 'hono/html';
import { directionOf, type Language, languages } from '../../../domain/language.ts';
import { codeConstant, emailConstants, smsSentence } from '../../../message/message-constants.ts';
import { textsIn } from '../../../texts/catalogue.ts';
import { type Html, page } from './page.ts';

/**
 * How to tell our messages from others': meant to be typed by hand, open to everyone, static.
 *
 * The sentences are the constants that are sent, so this page cannot drift from them.
 */
export function checkPage({
  language,
  linkHostUrl,
  sender,
  emailSender,
  codes,
  optOut,
}: {
  language: Language;
  linkHostUrl: string;
  /** Number or name that messages come from; undefined where the provider picks one of several. */
  sender?: string | undefined;
  /** Address that emails come from; undefined where none are sent. */
  emailSender?: string | undefined;
  /** Whether codes are sent by SMS. */
  codes: boolean;
  optOut: boolean;
}): string {
  const { check: texts, direction } = textsIn(language);
  // A number keeps its plus, and an address its order, among words that run the other way.
  const apart = (text: string) => (direction === 'rtl' ? `\u2066${text}\u2069` : text);
  return page({
    language,
    content: html`<h1>${texts.heading}</h1>
<p>${texts.intro}</p>
<h2>${texts.sentencesHeading}</h2>
<p>${texts.sentences}</p>
${sentences((each) => smsSentence(each, optOut).trimEnd())}
${
  emailSender &&
  html`<p>${texts.subject}</p>
${sentences((each) => emailConstants(each).subject)}`
}
${
  codes &&
  html`<p>${texts.code}</p>
${sentences((each) => codeExample(each, linkHostUrl))}`
}
<h2>${texts.linkHeading}</h2>
<p>${texts.link}<br><strong dir="ltr">${linkHostUrl}/</strong></p>
${sender && html`<p>${texts.sender(apart(sender))}</p>`}
${emailSender && html`<p>${texts.emailSender(apart(emailSender))}</p>`}
<h2>${texts.neverHeading}</h2>
<ul>${texts.never.map((thing) => html`<li>${thing}</li>`)}</ul>
<h2>${texts.doubtHeading}</h2>
${texts.doubt.map((paragraph) => html`<p>${paragraph}</p>`)}`,
  });
}

/** One sentence in every language, each marked as what it is. */
function sentences(textIn: (language: Language) => string): Html {
  return html`<ul class="sentences">${languages.map(
    (each) => html`<li lang="${each}" dir="${directionOf(each)}">${textIn(each)}</li>`,
  )}</ul>`;
}

function codeExample(language: Language, linkHostUrl: string): string {
  return codeConstant(language)
    .replaceAll('{host}', new URL(linkHostUrl).hostname)
    .replaceAll('{code}', '123456');
}
