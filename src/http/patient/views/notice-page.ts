import { html } from 'hono/html';
import type { Language } from '../../../domain/language.ts';
import { textsIn } from '../../../texts/catalogue.ts';
import type { NoticeKind } from '../../../texts/patient-texts.ts';
import { page } from './page.ts';

/**
 * A page that only tells something, the same for everyone.
 *
 * `linkUnusable` is the one answer to a bad, unknown, expired, revoked or erased link: byte for
 * byte, it depends on nothing but the language.
 */
export function noticePage({ language, kind }: { language: Language; kind: NoticeKind }): string {
  const texts = textsIn(language).notices[kind];
  return page({
    language,
    content: html`<h1>${texts.heading}</h1>
${texts.paragraphs.map((paragraph) => html`<p>${paragraph}</p>`)}`,
  });
}
