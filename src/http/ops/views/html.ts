import assert from 'node:assert/strict';
import type { html } from 'hono/html';

/** A piece of a page: what the `html` tag makes, every value in it escaped. */
export type Html = ReturnType<typeof html>;

/** A whole page as text. */
export function asText(document: Html): string {
  // The tag turns asynchronous when a promise is put into it; views are pure and hold none.
  assert(!(document instanceof Promise));
  return document.toString();
}
