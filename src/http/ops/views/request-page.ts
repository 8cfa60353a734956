import { html } from 'hono/html';
import { type ApprovalFault, approvalFault } from '../../../domain/second-person.ts';
import type { OpsRequest, RequestEnd } from '../../../usecases/decide-request.ts';
import type { ActionReason } from '../action-reason.ts';
import { paths } from '../paths.ts';
import type { OpsVisitor } from '../visitor.ts';
import { actionForm, titleOf } from './action-form.ts';
import type { Html } from './html.ts';
import { moment } from './moment.ts';
import { opsPage } from './ops-page.ts';
import { quantity } from './quantity.ts';

const askerGone =
  'Whoever asked may not do this any more. It can only be declined; who wants it asks for it again.';

/** What an address may say became of it; anything else says nothing. */
const ends: Readonly<Record<RequestEnd['kind'], { good: boolean; text: string }>> = {
  done: { good: true, text: 'It is approved, and done.' },
  declined: { good: true, text: 'It is declined. Nothing was done.' },
  own: {
    good: false,
    text: 'You asked for this: somebody else must approve it. Nothing was done.',
  },
  decided: { good: false, text: 'Somebody has decided it already. Nothing was done now.' },
  expired: { good: false, text: 'Its hour is over. Ask for it again.' },
  asker_gone: { good: false, text: `${askerGone} Nothing was done.` },
  grown: {
    good: false,
    text: 'Nothing was done: far more would be touched now than was asked for. Ask for it again.',
  },
  over: { good: false, text: 'Nothing was done: that pause is over already.' },
};

/** Everything that was asked for within a day. */
export function requestsPage({
  visitor,
  requests,
  now,
}: {
  visitor: OpsVisitor;
  requests: readonly OpsRequest[];
  now: Date;
}): string {
  return opsPage({
    title: 'A second person',
    visitor,
    current: 'controls',
    content: html`<h1>A second person</h1>
<p>What touches many reminders is asked for by one person and approved by another within an hour.</p>
${requests.length === 0 ? html`<p>Nothing was asked for within a day.</p>` : html`<ul>${requests.map((asked) => html`<li><a href="${paths.request(asked.id)}">${whatOf(asked)}</a>, asked by ${asked.askedBy} ${moment(asked.askedAt, now)}: ${stateOf(asked, now)}</li>`)}</ul>`}`,
  });
}

/** One of them, with what there is to decide. */
export function requestPage({
  visitor,
  asked,
  said,
  reason,
  now,
}: {
  visitor: OpsVisitor;
  asked: OpsRequest;
  said: string;
  reason?: ActionReason | undefined;
  now: Date;
}): string {
  const end = Object.hasOwn(ends, said) ? ends[said as RequestEnd['kind']] : undefined;
  const fault = approvalFault(asked, { actor: visitor.name, now });
  return opsPage({
    title: titleOf('A second person', reason),
    visitor,
    current: 'controls',
    content: html`<div class="narrow"><h1>${whatOf(asked)}</h1>
${end ? html`<div class="notice ${end.good ? 'ok' : 'stop'}" role="${end.good ? 'status' : 'alert'}"><p>${end.text}</p></div>` : ''}
<p>Asked for by <strong>${asked.askedBy}</strong> ${moment(asked.askedAt, now)}: ${asked.reason}</p>
<p>${stateOf(asked, now)}</p>
${previewLink(asked)}
${fault === 'decided' || fault === 'expired' ? '' : decisionForm({ visitor, asked, fault, reason })}
<p><a href="${paths.requests}">Everything that was asked for</a></p></div>`,
  });
}

function decisionForm({
  visitor,
  asked,
  fault,
  reason,
}: {
  visitor: OpsVisitor;
  asked: OpsRequest;
  fault: ApprovalFault | undefined;
  reason: ActionReason | undefined;
}): Html {
  const action = paths.decideRequest(asked.id);
  if (fault === 'asker_gone') {
    return html`<div class="notice late"><p>${askerGone}</p></div>
${actionForm({ visitor, action, hidden: { decision: 'decline' }, button: 'Decline', reason })}`;
  }
  if (fault === 'own') {
    return html`<p>Somebody else, operator or administrator, opens this page to approve it: <code>${paths.request(asked.id)}</code></p>
${actionForm({ visitor, action, hidden: { decision: 'decline' }, button: 'Take it back', reason })}`;
  }
  return actionForm({
    visitor,
    action,
    fields: html`<fieldset><legend>Your decision</legend>
<p><label><input type="radio" name="decision" value="approve" required> Approve: it is done at once</label></p>
<p><label><input type="radio" name="decision" value="decline"> Decline</label></p></fieldset>`,
    button: 'Decide',
    reason,
  });
}

function whatOf({ action, shown }: OpsRequest): string {
  const many = quantity(shown, 'reminder');
  return action === 'sending.resume'
    ? `Resume a pause that holds ${many}`
    : `Send ${many} again that failed`;
}

function stateOf({ decision, decidedBy, decidedAt, expiresAt }: OpsRequest, now: Date): Html {
  if (decision !== null && decidedAt !== null) {
    return html`${decision} by ${decidedBy} ${moment(decidedAt, now)}`;
  }
  return expiresAt <= now
    ? html`not decided in time`
    : html`waits for a second person until ${moment(expiresAt, now)}`;
}

/** Where to see what it would do now. */
function previewLink({ action, details, decision }: OpsRequest): Html {
  if (decision !== null) return html``;
  const query = new URLSearchParams(details);
  return action === 'sending.resume'
    ? html`<p><a href="${paths.resume}?pause=${details.pause}">What resuming would do now</a></p>`
    : html`<p><a href="${paths.redrive}?${query}">What would go out now</a></p>`;
}
