import { html } from 'hono/html';
import type { Person } from '../people.ts';

/** What somebody types behind a link, as they were told or know it. */
export function proof(person: Person | undefined) {
  if (!person) return '';
  const { pin, birthDate, hint } = person;
  return html`
    ${pin && html`<p class="proof">PIN <strong>${pin}</strong></p>`}
    ${birthDate && html`<p class="proof">Born <strong>${birthDate}</strong></p>`}
    ${hint && html`<p class="hint">${hint}</p>`}`;
}
