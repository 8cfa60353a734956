import { html } from 'hono/html';
import type { Timeline, TimelineLock } from '../../../usecases/read-timeline.ts';
import { wordsOf } from '../reason-words.ts';
import { eventWords, factorWords } from '../state-words.ts';
import type { OpsVisitor } from '../visitor.ts';
import type { Html } from './html.ts';
import { moment } from './moment.ts';
import { opsPage } from './ops-page.ts';
import { answersOf } from './timeline-answers.ts';
import { reminderBlock } from './timeline-reminder.ts';

/** All that is known of one appointment, and what can be done about it. */
export function timelinePage({
  visitor,
  timeline,
  done,
  now,
}: {
  visitor: OpsVisitor;
  timeline: Timeline;
  /** What the visitor has just done. */
  done?: string | undefined;
  now: Date;
}): string {
  const { appointment, reminders, events, locks, pauses } = timeline;
  return opsPage({
    title: `Appointment ${appointment.reference}`,
    visitor,
    current: 'find',
    content: html`<h1>Appointment <code>${appointment.reference}</code></h1>
${done ? html`<div class="notice ok" role="status"><p>${done}</p></div>` : ''}
${
  appointment.pausedAt
    ? html`<div class="notice stop"><p>Held since ${moment(appointment.pausedAt, now)}: what was stored was not what was sent to us. Nothing of it goes out until the booking system sends it again.</p></div>`
    : ''
}
${pauses.map(
  (pause) =>
    html`<div class="notice late"><p>Sending is paused for ${pause.organisationId ? 'this organisation' : 'everyone'}, ${pause.channel ?? 'both channels'}, since ${moment(pause.since, now)}: ${pause.reason}</p></div>`,
)}
<div class="blocks">
<section class="block"><h2>What to answer</h2>
<dl>${answersOf(timeline, now).map(({ question, answer }) => html`<dt><strong>${question}</strong></dt><dd>${answer}</dd>`)}</dl></section>
<section class="block"><h2>What it is</h2>${facts(timeline, now)}</section>
${locks.length > 0 ? html`<section class="block"><h2>Wrong answers</h2>${locks.map((lock) => lockOf(lock, now))}</section>` : ''}
</div>
<div class="blocks">
${reminders.length === 0 ? html`<p>It has no reminders.</p>` : ''}
${reminders.map((reminder) => reminderBlock({ reminder, visitor, now }))}
<section class="block wide"><h2>The appointment over time</h2>
${
  events.length === 0
    ? html`<p>Events older than 90 days are gone.</p>`
    : html`<ol>${events.map(({ at, type }) => html`<li>${moment(at, now)}: ${eventWords[type] ?? type}</li>`)}</ol>`
}</section>
</div>`,
  });
}

function facts({ appointment: it }: Timeline, now: Date): Html {
  return html`<dl class="pairs">
<dt>Organisation</dt><dd>${it.organisationName}</dd>
<dt>Mode</dt><dd>${it.mode}${it.mode === 'test' ? ': not a patient’s' : ''}</dd>
<dt>State</dt><dd>${it.state}${it.deletedAt ? html`, deleted ${moment(it.deletedAt, now)}` : ''}</dd>
<dt>Start</dt><dd>${moment(it.startsAt, now)}${it.moved ? html` <span class="tag late">moved after it was told</span>` : ''}</dd>
<dt>Accepted</dt><dd>${moment(it.acceptedAt, now)}, now version ${it.version}</dd>
<dt>Id</dt><dd><code>${it.id}</code></dd>
</dl>`;
}

function lockOf({ factor, failedCount, lockedAt, helpCode }: TimelineLock, now: Date): Html {
  if (!lockedAt) {
    return html`<p>${factorWords[factor]}: ${failedCount} wrong so far, not locked.</p>`;
  }
  const { words, advice } = wordsOf('factor_locked');
  return html`<div class="notice stop"><p><strong>${factorWords[factor]}: locked</strong> ${moment(lockedAt, now)}${helpCode ? html`, help code <code>${helpCode}</code>` : ''}. ${words}</p>
<p>${advice ?? ''} Other ways that the page still offers work meanwhile. Never read anything of the appointment out to a caller.</p></div>`;
}
