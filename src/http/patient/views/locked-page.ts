import { html } from 'hono/html';
import type { Language } from '../../../domain/language.ts';
import { textsIn } from '../../../texts/catalogue.ts';
import { type Way, waysList } from './other-ways.ts';
import { page } from './page.ts';

/**
 * A factor is locked: what still works, whom to call, and a code by which operators can find the
 * lock.
 */
export function lockedPage({
  language,
  helpCode,
  ways = [],
}: {
  language: Language;
  helpCode: string;
  ways?: readonly Way[];
}): string {
  const texts = textsIn(language).locked;
  return page({
    language,
    step: 'locked',
    content: html`<h1>${texts.heading}</h1>
${texts.paragraphs.map((paragraph) => html`<p>${paragraph}</p>`)}
${ways.length > 0 ? html`<h2>${texts.otherWays}</h2>` : ''}
${waysList(language, ways)}
<h2>${texts.helpCode}</h2>
<p class="code">${helpCode}</p>
<p class="hint">${texts.helpCodeHint}</p>`,
  });
}
