import { html } from 'hono/html';
import { roleAllows } from '../../../domain/ops-role.ts';
import { type ActionReason, reasonMax, reasonMin } from '../action-reason.ts';
import type { OpsVisitor } from '../visitor.ts';
import type { Html } from './html.ts';
import { postForm } from './post-form.ts';

/** The form of an action: what it is about, the reason, the button. Who may only look gets words. */
export function actionForm({
  visitor,
  action,
  hidden = {},
  fields = html``,
  button,
  danger = false,
  reason,
}: {
  visitor: OpsVisitor;
  action: string;
  hidden?: Readonly<Record<string, string>>;
  fields?: Html;
  button: string;
  danger?: boolean;
  /** As it was typed into a form that was refused; it comes back, so that nothing is lost. */
  reason?: ActionReason | undefined;
}): Html {
  if (!roleAllows(visitor.role, 'operator')) {
    return html`<p>You may look. An operator or an administrator can do this.</p>`;
  }
  const isMissing = reason?.isGiven === false;
  const problem = isMissing
    ? html`<p class="notice stop" id="reason-fault" role="alert">Give a reason of ${reasonMin} to ${reasonMax} characters, in words. Nothing was done.</p>`
    : '';
  const described = isMissing
    ? html` aria-invalid="true" aria-describedby="reason-hint reason-fault"`
    : html` aria-describedby="reason-hint"`;
  return postForm({
    visitor,
    action,
    content: html`${Object.entries(hidden).map(
      ([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`,
    )}<div class="stack">${fields}
<div><label for="reason">Reason</label>
<p class="hint" id="reason-hint">No names, no numbers: this is kept for three years or more.</p>
${problem}<textarea id="reason" name="reason" rows="2" required minlength="${reasonMin}" maxlength="${reasonMax}"${described}>${reason?.text ?? ''}</textarea></div>
<div><button${danger ? html` class="danger"` : ''}>${button}</button></div></div>`,
  });
}

/** `Error: ` before the title of a page whose form was refused, as screen readers read titles first. */
export function titleOf(title: string, reason: ActionReason | undefined): string {
  return reason ? `Error: ${title}` : title;
}
