import { html } from 'hono/html';
import { roleAllows } from '../../../domain/ops-role.ts';
import type {
  ExplainedAttempt,
  ReminderHistory,
  TimelineLink,
} from '../../../usecases/read-timeline.ts';
import { paths } from '../paths.ts';
import { wordsOf } from '../reason-words.ts';
import {
  decisionWords,
  outcomeWords,
  receiptWords,
  refusalWords,
  stateWords,
  wordsOfState,
} from '../state-words.ts';
import type { OpsVisitor } from '../visitor.ts';
import type { Html } from './html.ts';
import { moment } from './moment.ts';

const channelNames = { sms: 'SMS', email: 'email' } as const;

/** One reminder: where it stands, what can be done, and how it came there. */
export function reminderBlock({
  reminder,
  visitor,
  now,
}: {
  reminder: ReminderHistory;
  visitor: OpsVisitor;
  now: Date;
}): Html {
  const { tone } = stateWords[reminder.state];
  const isLate = reminder.state === 'scheduled' && reminder.dueAt <= now;
  const words = isLate ? 'is due, and waits to be taken' : wordsOfState(reminder);
  const code = reminder.skippedReason ?? reminder.reasonCode;
  return html`<section class="block wide" id="r-${reminder.id}">
<h2>${titleOf(reminder)} <span class="tag${tone === 'plain' ? '' : ` ${tone}`}">${reminder.state}</span></h2>
<p>It ${words}.${code ? html` ${codeOf(code)}` : ''}${reminder.possibleDuplicate ? html` <span class="tag late">possible duplicate</span>` : ''}${reminder.possiblySent ? html` <span class="tag late">possibly sent</span>` : ''}</p>
${whatToDo(reminder, visitor, now)}
<dl class="pairs">
<dt>Due</dt><dd>${moment(reminder.state === 'scheduled' ? reminder.dueAt : reminder.sendAt, now)}</dd>
<dt>Of use until</dt><dd>${moment(reminder.notAfter, now)}</dd>
<dt>Id</dt><dd><code>${reminder.id}</code></dd>
</dl>
${questionOf(reminder, now)}
${attemptsOf(reminder, now)}
${linksOf(reminder, now)}
${historyOf(reminder, now)}
</section>`;
}

function titleOf({ kind, channel, requestedChannel, before }: ReminderHistory): string {
  const by =
    requestedChannel === 'auto' ? `${channelNames[channel]} (auto)` : channelNames[channel];
  return kind === 'notice' || before === null
    ? `Notice by ${by}`
    : `Reminder by ${by}, ${inWords(before)} before`;
}

/** `PT3H` as "3 hours". */
function inWords(before: string): string {
  return Temporal.Duration.from(before).toLocaleString('en', { style: 'long' });
}

/** A code with what it means. */
function codeOf(code: string): Html {
  return html`<code>${code}</code>: ${wordsOf(code).words}`;
}

function whatToDo(reminder: ReminderHistory, visitor: OpsVisitor, now: Date): Html | '' {
  const { state, redrive, reasonCode, skippedReason } = reminder;
  const code = skippedReason ?? reasonCode;
  const advice = code ? wordsOf(code).advice : undefined;
  const hint = advice ? html`<p>${advice}</p>` : '';
  if (state !== 'failed') return advice && stateWords[state].tone !== 'ok' ? html`${hint}` : '';
  if (redrive.kind === 'refused') return html`${hint}<p>${refusalWords[redrive.reason]}</p>`;
  if (!roleAllows(visitor.role, 'operator')) {
    return html`${hint}<p>An operator can send it again, until ${moment(reminder.notAfter, now)}.</p>`;
  }
  return html`${hint}<p><a class="button" href="${paths.redriveReminder(reminder.id)}">Send again …</a> until ${moment(reminder.notAfter, now)}</p>`;
}

function questionOf({ question }: ReminderHistory, now: Date): Html {
  if (!question) return html``;
  const { askedCount, decision, decidedAt, unansweredSince, failedCode } = question;
  const times = askedCount === 1 ? 'once' : `${askedCount} times`;
  return html`<p>Its booking system was asked ${times} whether it may go out.${
    decision && decidedAt ? html` ${moment(decidedAt, now)}: ${decisionWords[decision]}.` : ''
  }${unansweredSince ? html` An answer has been missing since ${moment(unansweredSince, now)}${failedCode ? html` (<code>${failedCode}</code>)` : ''}.` : ''}</p>`;
}

function attemptsOf({ attempts }: ReminderHistory, now: Date): Html {
  if (attempts.length === 0) return html`<p>No attempt was made.</p>`;
  return html`<h3>Attempts</h3>
<div class="scroll" tabindex="0" role="region" aria-label="Attempts"><table>
<thead><tr><th scope="col" class="number">No</th><th scope="col">Begun</th><th scope="col">By</th><th scope="col">Outcome</th><th scope="col">Delivery receipt</th><th scope="col">Provider’s id</th></tr></thead>
<tbody>${attempts.map(
    (
      attempt,
    ) => html`<tr><td class="number">${attempt.number}</td><td>${moment(attempt.startedAt, now)}</td>
<td>${channelNames[attempt.channel]}, ${attempt.transport}${attempt.possibleDuplicate ? html` <span class="tag late">possible duplicate</span>` : ''}</td>
<td>${attempt.outcome ? outcomeWords[attempt.outcome] : 'under way'}${attempt.reasonCode ? html`<br>${codeOf(attempt.reasonCode)}` : ''}</td>
<td>${receiptOf(attempt, now)}</td><td>${attempt.providerId ? html`<code>${attempt.providerId}</code>` : '–'}</td></tr>`,
  )}</tbody></table></div>`;
}

function receiptOf(
  { receiptState, receiptCode, receiptReason, receiptAt }: ExplainedAttempt,
  now: Date,
): Html {
  if (!receiptState) return html`none`;
  return html`${receiptWords[receiptState]}${receiptAt ? html`, ${moment(receiptAt, now)}` : ''}${
    receiptCode ? html`<br>provider’s code <code>${receiptCode}</code>` : ''
  }${receiptReason ? html`, ${codeOf(receiptReason)}` : ''}`;
}

function linksOf({ links }: ReminderHistory, now: Date): Html {
  if (links.length === 0) return html`<p>It has no link, or no longer one.</p>`;
  return html`<h3>Links</h3>
<ul>${links.map((link) => html`<li>${linkWords(link, now)}</li>`)}</ul>`;
}

/** Never the link itself: nobody here could show it. */
function linkWords(link: TimelineLink, now: Date): Html {
  const { attemptedAt, isKeyGone, revokedAt, expiresAt, sealed, current } = link;
  const sent = attemptedAt
    ? html`first handed over ${moment(attemptedAt, now)}`
    : html`not handed over yet`;
  const works = revokedAt
    ? html`revoked ${moment(revokedAt, now)}`
    : expiresAt <= now
      ? html`expired ${moment(expiresAt, now)}`
      : isKeyGone
        ? html`opens nothing: the key that it was signed with was revoked, or is not known since a restore`
        : html`works until ${moment(expiresAt, now)}`;
  const parcel = sealed ? 'can still be sent from' : 'what it was sent from has been deleted';
  return html`By ${channelNames[link.channel]}${current ? '' : ', replaced by a newer one'}: ${sent}; ${works}; ${parcel}.`;
}

function historyOf({ events }: ReminderHistory, now: Date): Html {
  if (events.length === 0) return html``;
  return html`<h3>Over time</h3>
<ol>${events.map(
    (event) =>
      html`<li>${moment(event.at, now)}: ${
        event.to
          ? html`${event.from && event.from !== event.to ? html`<code>${event.from}</code> → ` : ''}<code>${event.to}</code>, ${wordsOfState({ state: event.to, possiblySent: event.possiblySent })}`
          : html`a new link is needed`
      }${event.reasonCode ? html`. ${codeOf(event.reasonCode)}` : ''}${event.possibleDuplicate ? ' (possible duplicate)' : ''}${event.possiblySent ? ' (possibly sent)' : ''}</li>`,
  )}</ol>`;
}
