import { html } from 'hono/html';
import type { Language } from '../../../domain/language.ts';
import { textsIn } from '../../../texts/catalogue.ts';
import { buttonForm, type FormAction } from './button-form.ts';
import { page } from './page.ts';

/** The first page behind a link: the same for everyone, whatever the link leads to. */
export function landingPage({
  language,
  action,
}: {
  language: Language;
  action: FormAction;
}): string {
  const texts = textsIn(language).landing;
  return page({
    language,
    step: 'landing',
    content: html`<h1>${texts.heading}</h1>
${texts.paragraphs.map((paragraph) => html`<p>${paragraph}</p>`)}
${buttonForm(action, texts.continue, 'main')}`,
  });
}
