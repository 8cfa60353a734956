import { html } from 'hono/html';
import { textsIn } from '../../../texts/catalogue.ts';
import type { PatientTexts } from '../../../texts/patient-texts.ts';
import { formToken } from './button-form.ts';
import { page } from './page.ts';
import { digitsField, errorSummary, type QuestionView, waysOut } from './question.ts';

/** What was wrong with an answer. A wrong PIN and a paused source are both `refused`, on purpose. */
export type PinError = keyof PatientTexts['pin']['errors'];

/**
 * Asks for the PIN. It shows the kinds of factors and the language, and depends on nothing else. No
 * browser is asked to remember what is typed.
 */
export function provePinPage({
  language,
  path,
  form,
  ways,
  error,
}: QuestionView & { error?: PinError | undefined }): string {
  const { prove, pin: texts } = textsIn(language);
  const problem = error && texts.errors[error];
  return page({
    language,
    step: 'prove',
    failed: problem !== undefined,
    content: html`${problem && errorSummary(language, problem, 'pin')}
<h1>${prove.heading}</h1>
<p>${texts.intro}</p>
<form method="post" action="${path}" novalidate>
${formToken(form)}
${digitsField({ name: 'pin', label: texts.label, hint: texts.hint, error: problem, autocomplete: 'off' })}
<button>${texts.submit}</button>
</form>
${waysOut(language, texts.without, ways)}`,
  });
}
