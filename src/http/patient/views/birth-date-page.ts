import { html } from 'hono/html';
import type { TypedBirthDate } from '../../../domain/birth-date.ts';
import { textsIn } from '../../../texts/catalogue.ts';
import type { BirthDatePart, PatientTexts } from '../../../texts/patient-texts.ts';
import { formToken } from './button-form.ts';
import { type Html, page } from './page.ts';
import { errorSummary, type QuestionView, waysOut } from './question.ts';

/** What was wrong with an answer. A wrong date and a paused source are both `refused`, on purpose. */
export type BirthDateError = keyof PatientTexts['birthDate']['errors'];

/** The fields that an error is about; all three where it may be any. */
const partsOf: Readonly<Partial<Record<BirthDateError, BirthDatePart>>> = {
  dayMissing: 'day',
  monthMissing: 'month',
  yearMissing: 'year',
  yearShort: 'year',
};

/**
 * Asks for the birth date in three fields, in the order of the language (GOV.UK Design System, date
 * input).
 *
 * No browser may fill them in or remember them: the date is that of whoever has the appointment,
 * often a child's or a parent's rather than the reader's own, so WCAG 2.2, 1.3.5 does not ask for
 * `bday`; and on a shared phone a date that is offered opens the page to whoever holds it.
 *
 * @param typed what to fill in again, where something only has to be mended
 */
export function birthDatePage({
  language,
  path,
  form,
  ways,
  error,
  typed,
}: QuestionView & {
  error?: BirthDateError | undefined;
  typed?: TypedBirthDate | undefined;
}): string {
  const { prove, birthDate: texts } = textsIn(language);
  const problem = error && texts.errors[error];
  const part = error && partsOf[error];
  const first = part ?? texts.fields[0]?.part ?? 'day';
  return page({
    language,
    step: 'prove',
    failed: problem !== undefined,
    content: html`${problem && errorSummary(language, problem, `birth-${first}`)}
<h1>${prove.heading}</h1>
<p>${texts.intro}</p>
<form method="post" action="${path}" novalidate>
${formToken(form)}
<div${problem ? html` class="wrong"` : ''}>
<fieldset aria-describedby="${problem ? 'birth-error ' : ''}birth-hint">
<legend>${texts.legend}</legend>
<p class="hint" id="birth-hint">${texts.hint}</p>
${problem && html`<p class="error" id="birth-error">${problem}</p>`}
<div class="parts">${texts.fields.map((field) =>
      dateField({
        ...field,
        value: typed?.[field.part] ?? '',
        invalid: problem !== undefined && (part === undefined || part === field.part),
      }),
    )}</div>
</fieldset>
</div>
<button>${texts.submit}</button>
</form>
${waysOut(language, texts.without, ways)}`,
  });
}

function dateField({
  part,
  label,
  value,
  invalid,
}: {
  part: BirthDatePart;
  label: string;
  value: string;
  invalid: boolean;
}): Html {
  const name = `birth-${part}`;
  return html`<div class="part"><label for="${name}">${label}</label>
<input type="text" dir="ltr" class="${part}" id="${name}" name="${name}" inputmode="numeric" autocomplete="off"${
    invalid ? html` aria-invalid="true"` : ''
  }${value ? html` value="${value.slice(0, 10)}"` : ''}></div>`;
}
