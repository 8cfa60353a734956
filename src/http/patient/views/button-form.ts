import { html } from 'hono/html';
import type { Html } from './page.ts';

/** Where a form goes. A POST carries the form token in the field `form`. */
export type FormAction =
  | { readonly method: 'get'; readonly path: string }
  | { readonly method: 'post'; readonly path: string; readonly form: string };

/** A form that is nothing but a button. */
export function buttonForm(action: FormAction, label: string, look: 'main' | 'quiet'): Html {
  return html`<form method="${action.method}" action="${action.path}">
${action.method === 'post' ? formToken(action.form) : ''}
<button${look === 'quiet' ? html` class="quiet"` : ''}>${label}</button>
</form>`;
}

/** The hidden field that proves a form came from our own page. */
export function formToken(form: string): Html {
  return html`<input type="hidden" name="form" value="${form}">`;
}
