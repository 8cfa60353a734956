import { html } from 'hono/html';
import type { OpsVisitor } from '../visitor.ts';
import type { Html } from './html.ts';

/** A form that changes something, with the token that says that it is ours. */
export function postForm({
  visitor,
  action,
  content,
}: {
  visitor: Pick<OpsVisitor, 'formToken'>;
  action: string;
  content: Html;
}): Html {
  return html`<form method="post" action="${action}"><input type="hidden" name="form" value="${visitor.formToken}">${content}</form>`;
}
