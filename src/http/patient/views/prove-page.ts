import { html } from 'hono/html';
import { type PageLanguage, textsIn } from '../../../texts/catalogue.ts';
import type { PatientTexts } from '../../../texts/patient-texts.ts';
import { formToken } from './button-form.ts';
import { type Html, page } from './page.ts';

/** What was wrong with an answer. A wrong PIN and a paused source are both `refused`, on purpose. */
export type ProveError = keyof PatientTexts['pin']['errors'];

/**
 * Asks for the PIN. It shows the kind of factor and the language, and depends on nothing else.
 *
 * The field takes pasted text with spaces in it (WCAG 2.2, 3.3.8), is never filled in again, and
 * asks no browser to remember. An error stands in a summary above the heading, which takes the
 * focus, and again at the field in the same words (GOV.UK Design System, error summary).
 */
export function provePinPage({
  language,
  path,
  form,
  error,
}: {
  language: PageLanguage;
  path: string;
  form: string;
  error?: ProveError | undefined;
}): string {
  const { prove, pin: texts } = textsIn(language);
  const problem = error && texts.errors[error];
  return page({
    language,
    step: 'prove',
    failed: problem !== undefined,
    content: html`${problem && errorSummary(prove.errorHeading, problem)}
<h1>${prove.heading}</h1>
<p>${texts.intro}</p>
<form method="post" action="${path}" novalidate>
${formToken(form)}
<div${problem ? html` class="wrong"` : ''}>
<label for="pin">${texts.label}</label>
<p class="hint" id="pin-hint">${texts.hint}</p>
${problem && html`<p class="error" id="pin-error">${problem}</p>`}
<input type="text" id="pin" name="pin" inputmode="numeric" autocomplete="off" autocapitalize="none" spellcheck="false" ${
      problem
        ? html`aria-invalid="true" aria-describedby="pin-error pin-hint"`
        : html`aria-describedby="pin-hint"`
    }>
</div>
<button>${texts.submit}</button>
</form>
<h2>${texts.without}</h2>
<p>${prove.call}</p>`,
  });
}

function errorSummary(heading: string, problem: string): Html {
  return html`<div class="summary" role="alert" tabindex="-1" autofocus>
<h2>${heading}</h2>
<a class="tap" href="#pin">${problem}</a>
</div>`;
}
