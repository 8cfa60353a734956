import { html } from 'hono/html';
import type { Html } from './html.ts';

/** One choice of several, with one for all of them. Its id is the name of its field. */
export function chooser({
  id,
  label,
  all,
  options,
  chosen,
}: {
  id: string;
  label: string;
  all: string;
  /** Value and name. */
  options: readonly (readonly [string, string])[];
  chosen: string | undefined;
}): Html {
  return html`<div><label for="${id}">${label}</label><select id="${id}" name="${id}"><option value="">${all}</option>${options.map(
    ([value, name]) =>
      value === chosen
        ? html`<option value="${value}" selected>${name}</option>`
        : html`<option value="${value}">${name}</option>`,
  )}</select></div>`;
}
