import { html } from 'hono/html';
import type { Language } from '../../../domain/language.ts';
import { textsIn } from '../../../texts/catalogue.ts';
import { passkeyScript } from '../script.ts';
import { formToken } from './button-form.ts';
import type { Html } from './page.ts';

/**
 * A button that asks the phone for a passkey, or to make one. It shows where the script runs and the
 * browser can; otherwise there is a sentence in its place.
 */
export function passkeyForm({
  language,
  use,
  label,
  path,
  form,
  options,
}: {
  language: Language;
  use: 'get' | 'create';
  label: string;
  path: string;
  form: string;
  /** What the browser is asked with. */
  options: object;
}): Html {
  const texts = textsIn(language).passkeys;
  return html`<p data-passkey-missing>${texts.missing}</p>
<p class="error" role="alert" data-passkey-failed hidden>${texts.failed}</p>
<form method="post" action="${path}" data-passkey="${use}" data-options="${JSON.stringify(options)}">
${formToken(form)}
<input type="hidden" name="passkey">
<button hidden>${label}</button>
</form>
<script src="${passkeyScript.href}" defer></script>`;
}
