import { html } from 'hono/html';
import { toldStates } from '../../../domain/reminder.ts';
import type { ReminderHistory, Timeline } from '../../../usecases/read-timeline.ts';
import { factorWords, wordsOfState } from '../state-words.ts';
import type { Html } from './html.ts';
import { moment } from './moment.ts';

/** The three questions that a front desk passes on, answered in a sentence each. */
export function answersOf(timeline: Timeline, now: Date): { question: string; answer: Html }[] {
  return [
    { question: '“I did not get it.”', answer: whetherItArrived(timeline, now) },
    { question: '“I am locked out.”', answer: whetherLocked(timeline) },
    { question: '“I got it twice.”', answer: whetherTwice(timeline) },
  ];
}

function whetherItArrived({ reminders, pauses }: Timeline, now: Date): Html {
  const last = reminders.filter(mayHaveGoneOut).at(-1);
  if (!last) {
    const next = reminders.find(({ state }) => state === 'scheduled' || state === 'queued');
    if (!next) return html`Nothing has gone out, and nothing is planned.`;
    const isHeld = pauses.some(({ channel = next.channel }) => channel === next.channel);
    return html`Nothing has gone out yet. The next is due ${moment(next.dueAt, now)}${isHeld ? ', once sending is resumed' : ''}.`;
  }
  const channel = last.channel === 'sms' ? 'SMS' : 'email';
  const at = last.deliveredAt ?? last.sentAt;
  return html`The last by ${channel} ${wordsOfState(last)}${at ? html`, ${moment(at, now)}` : ''}. ${
    isCopyLikely(last) ? 'A copy may have gone out before. ' : ''
  }${
    last.redrive.kind === 'go'
      ? 'See below what helps, and whether sending it again does.'
      : html`To have it once more, the practice sends it anew: a PUT with <code>"notice": "now"</code>.`
  }`;
}

/** After a restore there may be doubt about one of which no attempt is known. */
function mayHaveGoneOut(reminder: ReminderHistory): boolean {
  const { attempts, state, possiblySent, possibleDuplicate } = reminder;
  return attempts.length > 0 || state === 'uncertain' || possiblySent || possibleDuplicate;
}

/** Whether its state, by which nothing went out, is not all there is to say. */
function isCopyLikely({ state, possiblySent, possibleDuplicate }: ReminderHistory): boolean {
  const isToldByState = state === 'failed' || state === 'uncertain' || toldStates.includes(state);
  return !isToldByState && (possiblySent || possibleDuplicate);
}

function whetherLocked({ locks }: Timeline): Html {
  const locked = locks.filter(({ lockedAt }) => lockedAt !== null);
  if (locked.length === 0)
    return html`No. Nothing is locked; several wrong answers from one place only pause it for 15 minutes.`;
  const names = locked.map(({ factor }) => factorWords[factor]).join(', ');
  return html`Yes: ${names}. See “Wrong answers”.`;
}

function whetherTwice({ reminders }: Timeline): Html {
  const count = reminders.filter(
    ({ possibleDuplicate, attempts }) =>
      possibleDuplicate || attempts.filter(({ outcome }) => outcome !== 'refused').length > 1,
  ).length;
  if (count === 0) {
    return html`Not that we know. An appointment may have several reminders, and a provider may deliver one twice.`;
  }
  return html`It can be: ${count} of its ${reminders.length} reminders may have gone out more than once, because it was not known whether the first arrived. Both copies say the same, and both links lead to the same page.`;
}
