import { html } from 'hono/html';
import { directionOf, languages } from '../../../domain/language.ts';
import { smsSentence } from '../../../message/message-constants.ts';
import { type PageLanguage, textsIn } from '../../../texts/catalogue.ts';
import { page } from './page.ts';

/**
 * How to tell our messages from others': meant to be typed by hand, open to everyone, static.
 *
 * The sentences are the constants that are sent, so this page cannot drift from them.
 */
export function checkPage({
  language,
  linkHostUrl,
  sender,
  optOut,
}: {
  language: PageLanguage;
  linkHostUrl: string;
  /** Number or name that messages come from; undefined where the provider picks one of several. */
  sender?: string | undefined;
  optOut: boolean;
}): string {
  const texts = textsIn(language).check;
  return page({
    language,
    content: html`<h1>${texts.heading}</h1>
<p>${texts.intro}</p>
<h2>${texts.sentencesHeading}</h2>
<p>${texts.sentences}</p>
<ul class="sentences">${languages.map((each) => html`<li lang="${each}" dir="${directionOf(each)}">${smsSentence(each, optOut).trimEnd()}</li>`)}</ul>
<h2>${texts.linkHeading}</h2>
<p>${texts.link}<br><strong>${linkHostUrl}/</strong></p>
${sender && html`<p>${texts.sender(sender)}</p>`}
<h2>${texts.neverHeading}</h2>
<ul>${texts.never.map((thing) => html`<li>${thing}</li>`)}</ul>
<h2>${texts.doubtHeading}</h2>
${texts.doubt.map((paragraph) => html`<p>${paragraph}</p>`)}`,
  });
}
