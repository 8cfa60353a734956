import { html } from 'hono/html';
import { textsIn } from '../../../texts/catalogue.ts';
import { page } from './page.ts';
import { passkeyForm } from './passkey-form.ts';
import { errorSummary, type QuestionView, waysOut } from './question.ts';

/** Asks for a passkey. It names none, so that it is the same for everybody who has one. */
export function provePasskeyPage({
  language,
  path,
  form,
  options,
  ways,
  refused = false,
}: QuestionView & { options: object; refused?: boolean }): string {
  const { prove, passkeys: texts } = textsIn(language);
  return page({
    language,
    step: 'prove',
    failed: refused,
    content: html`${refused && errorSummary(language, texts.refused)}
<h1>${prove.heading}</h1>
<p>${texts.ask}</p>
${passkeyForm({ ...{ language, path, form, options }, use: 'get', label: texts.use })}
${waysOut(language, texts.without, ways)}`,
  });
}
