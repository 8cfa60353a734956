import { html } from 'hono/html';
import { textsIn } from '../../../texts/catalogue.ts';
import type { PatientTexts } from '../../../texts/patient-texts.ts';
import { buttonForm } from './button-form.ts';
import { page } from './page.ts';
import { errorSummary, type QuestionView, waysOut } from './question.ts';

/** Why no code went out. */
export type OfferProblem = keyof PatientTexts['code']['sending'];

/** Offers to send a code by SMS; nothing goes out before the button is pressed. */
export function sendCodePage({
  language,
  problem,
  sendPath,
  codePath,
  form,
  ways,
}: Omit<QuestionView, 'path'> & {
  problem?: OfferProblem | undefined;
  sendPath: string;
  /** Where a code that has come already is entered, if one may have. */
  codePath: string | undefined;
}): string {
  const { prove, code: texts } = textsIn(language);
  const send = { method: 'post', path: sendPath, form } as const;
  return page({
    language,
    step: 'prove',
    failed: problem !== undefined,
    content: html`${problem && errorSummary(language, texts.sending[problem])}
<h1>${prove.heading}</h1>
${problem === 'limit' ? '' : texts.offer.map((paragraph) => html`<p>${paragraph}</p>`)}
${problem === 'limit' ? '' : buttonForm(send, texts.send, 'main')}
${codePath && html`<p><a class="tap" href="${codePath}">${texts.haveOne}</a></p>`}
${waysOut(language, texts.without, ways)}`,
  });
}
