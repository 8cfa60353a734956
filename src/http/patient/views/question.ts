import { html } from 'hono/html';
import type { Language } from '../../../domain/language.ts';
import { textsIn } from '../../../texts/catalogue.ts';
import type { Way } from './other-ways.ts';
import { waysList } from './other-ways.ts';
import type { Html } from './page.ts';

/** What every page that asks something is given. */
export interface QuestionView {
  readonly language: Language;
  /** Where the form goes. */
  readonly path: string;
  readonly form: string;
  readonly ways: readonly Way[];
}

/**
 * What went wrong, above the heading, where it takes the focus; the same words stand at the field
 * (GOV.UK Design System, error summary).
 *
 * @param target id of the field to mend, if there is one
 */
export function errorSummary(language: Language, problem: string, target?: string): Html {
  return html`<div class="summary" role="alert" tabindex="-1" autofocus>
<h2>${textsIn(language).prove.errorHeading}</h2>
${target === undefined ? html`<p>${problem}</p>` : html`<a class="tap" href="#${target}">${problem}</a>`}
</div>`;
}

/** A field for digits: takes pasted text with spaces (WCAG 2.2, 3.3.8), and is never filled in again. */
export function digitsField({
  name,
  label,
  hint,
  error,
  autocomplete,
}: {
  name: string;
  label: string;
  hint: string;
  error: string | undefined;
  autocomplete: 'off' | 'one-time-code';
}): Html {
  return html`<div${error ? html` class="wrong"` : ''}>
<label for="${name}">${label}</label>
<p class="hint" id="${name}-hint">${hint}</p>
${error && html`<p class="error" id="${name}-error">${error}</p>`}
<input type="text" dir="ltr" id="${name}" name="${name}" inputmode="numeric" autocomplete="${autocomplete}" autocapitalize="none" spellcheck="false" ${
    error
      ? html`aria-invalid="true" aria-describedby="${name}-error ${name}-hint"`
      : html`aria-describedby="${name}-hint"`
  }>
</div>`;
}

/** What to do for someone who cannot answer: other questions, and in the end the telephone. */
export function waysOut(language: Language, heading: string, ways: readonly Way[]): Html {
  return html`<h2>${heading}</h2>
${waysList(language, ways)}
<p>${textsIn(language).prove.call}</p>`;
}
