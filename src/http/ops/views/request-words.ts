import { html } from 'hono/html';
import type { Html } from './html.ts';
import { grouped } from './quantity.ts';

/** Why the button asks instead of doing it. */
export function secondPersonNote(aloneMax: number): Html {
  return html`<div class="notice late"><p>That is more than ${grouped(aloneMax)} reminders, so another operator or administrator must approve it within an hour. Until then nothing goes out.</p></div>`;
}
