import { html } from 'hono/html';
import type { RedriveDecision } from '../../../domain/redrive.ts';
import type { ActionReason } from '../action-reason.ts';
import { paths } from '../paths.ts';
import { refusalWords } from '../state-words.ts';
import type { OpsVisitor } from '../visitor.ts';
import { actionForm, titleOf } from './action-form.ts';
import { opsPage } from './ops-page.ts';

/** What sending one reminder again would do, and the button. */
export function redriveReminderPage({
  visitor,
  reminderId,
  appointmentId,
  decision,
  reason,
}: {
  visitor: OpsVisitor;
  reminderId: string;
  appointmentId: string;
  decision: RedriveDecision;
  reason?: ActionReason | undefined;
}): string {
  const title = 'Send a reminder again';
  const back = html`<p><a href="${paths.appointment(appointmentId)}">Back to the appointment</a></p>`;
  return opsPage({
    title: titleOf(title, reason),
    visitor,
    current: 'find',
    content: html`<div class="narrow"><h1>${title}</h1>
<p>Reminder <code>${reminderId}</code></p>
${
  decision.kind === 'refused'
    ? html`<div class="notice late"><p>It cannot be sent again. ${refusalWords[decision.reason]}</p></div>`
    : html`<p>It goes out by ${decision.channel === 'sms' ? 'SMS' : 'email'} at once, with as many attempts as a new one. If sending is paused it waits; if the person has said stop it is not sent.</p>
${
  decision.possibleDuplicate
    ? html`<div class="notice late"><p><strong>It may be a second copy.</strong> An earlier attempt may have arrived. Look its time up at the provider first. The copy is flagged as a possible duplicate.</p></div>`
    : ''
}
${actionForm({ visitor, action: paths.redriveReminder(reminderId), button: 'Send again', reason })}`
}
${back}</div>`,
  });
}
