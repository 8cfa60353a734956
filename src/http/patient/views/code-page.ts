import { html } from 'hono/html';
import { textsIn } from '../../../texts/catalogue.ts';
import type { PatientTexts } from '../../../texts/patient-texts.ts';
import { buttonForm, formToken } from './button-form.ts';
import { page } from './page.ts';
import { digitsField, errorSummary, type QuestionView, waysOut } from './question.ts';

/** What was wrong with a code. One that is wrong, expired, used or replaced is `refused`, as in a pause. */
export type CodeError = keyof PatientTexts['code']['errors'];

/** What to know of a code that was asked for again, or may not have gone out. */
export type CodeNews = Extract<
  keyof PatientTexts['code']['sending'],
  'tooSoon' | 'limit' | 'uncertain'
>;

/**
 * Asks for the code that came by SMS. Phones offer it above the keyboard, from the last line of the
 * message, on this host alone.
 *
 * @see https://wicg.github.io/sms-one-time-codes/
 */
export function codePage({
  language,
  path,
  sendPath,
  form,
  ways,
  error,
  news,
}: QuestionView & {
  sendPath: string;
  error?: CodeError | undefined;
  news?: CodeNews | undefined;
}): string {
  const { code: texts } = textsIn(language);
  const problem = error && texts.errors[error];
  const send = { method: 'post', path: sendPath, form } as const;
  return page({
    language,
    step: 'code',
    failed: problem !== undefined,
    content: html`${problem && errorSummary(language, problem, 'code')}
<h1>${texts.heading}</h1>
${news ? html`<p class="state" role="status">${texts.sending[news]}</p>` : html`<p>${texts.sent}</p>`}
<form method="post" action="${path}" novalidate>
${formToken(form)}
${digitsField({ name: 'code', label: texts.label, hint: texts.hint, error: problem, autocomplete: 'one-time-code' })}
<button>${texts.submit}</button>
</form>
${
  news === 'limit'
    ? ''
    : html`<h2>${texts.againHeading}</h2>
<p>${texts.againHint}</p>
${buttonForm(send, texts.again, 'quiet')}`
}
${waysOut(language, texts.without, ways)}`,
  });
}
