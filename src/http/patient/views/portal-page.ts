import { html } from 'hono/html';
import type { Language } from '../../../domain/language.ts';
import { textsIn } from '../../../texts/catalogue.ts';
import type { PatientTexts } from '../../../texts/patient-texts.ts';
import type { Way } from './other-ways.ts';
import { page } from './page.ts';
import { errorSummary, waysOut } from './question.ts';

/** Leads to a login elsewhere. It says that there is one, and never whose. */
export function portalPage({
  language,
  startPath,
  ways,
  problem,
}: {
  language: Language;
  startPath: string;
  ways: readonly Way[];
  problem?: keyof PatientTexts['portal']['problems'] | undefined;
}): string {
  const { prove, portal: texts } = textsIn(language);
  return page({
    language,
    step: 'prove',
    failed: problem !== undefined,
    content: html`${problem && errorSummary(language, texts.problems[problem])}
<h1>${prove.heading}</h1>
${texts.offer.map((paragraph) => html`<p>${paragraph}</p>`)}
<p><a class="button" href="${startPath}">${texts.start}</a></p>
${waysOut(language, texts.without, ways)}`,
  });
}
