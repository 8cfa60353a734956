import { html } from 'hono/html';
import type { Mode } from '../../../domain/channel.ts';
import { incidentWords } from '../../../domain/incident.ts';
import type { OpsTask } from '../../../domain/ops-tasks.ts';
import { paths } from '../paths.ts';
import { wordsOf } from '../reason-words.ts';
import type { Html } from './html.ts';
import { distance, duration } from './moment.ts';
import { channelNames } from './overview-headline.ts';
import { quantity } from './quantity.ts';

/** What there is to do, each a link to where it is done or seen. */
export function taskList(tasks: readonly OpsTask[], input: { mode: Mode; now: Date }): Html {
  if (tasks.length === 0) return html`<p>Nothing that needs a person.</p>`;
  return html`<ol>${tasks.map((task) => {
    const { href, words, more } = wordTask(task, input);
    return html`<li><a href="${href}">${words}</a>${more ? html` <span class="soft">${more}</span>` : ''}</li>`;
  })}</ol>`;
}

interface TaskWords {
  readonly href: string;
  readonly words: string;
  readonly more?: string | undefined;
}

function wordTask(task: OpsTask, { mode, now }: { mode: Mode; now: Date }): TaskWords {
  switch (task.kind) {
    case 'incident':
      return {
        href: paths.incident(task.incident.id),
        words: `Look into the incident ${task.incident.code}`,
        more: `It may have begun ${distance(task.incident.since, now)}: ${incidentWords[task.incident.code].what}.`,
      };
    case 'no_worker':
      return { href: '#workers', words: 'Start a worker', more: 'None has been heard of lately.' };
    case 'duties_silent':
      return {
        href: '#workers',
        words: `Look why ${task.duties.length === 1 ? 'a duty is' : 'duties are'} silent: ${task.duties.map(({ duty }) => duty).join(', ')}`,
      };
    case 'canary':
      return {
        href: '#workers',
        words: `Find out what happened to the canary: it failed on ${quantity(task.failingCount, 'way')}`,
        more: 'sotto canary sends one through each, and says what is missing or different.',
      };
    case 'provider_down':
      return {
        href: '#channels',
        words: `The provider of ${channelNames[task.channel]} is down, or refuses us`,
        more: 'Look at its status page and at our account there.',
      };
    case 'given_back':
      return {
        href: '#workers',
        words: `Workers give back ${channelNames[task.channel]} unsent, ${task.code}: ${quantity(task.count, 'time')} in the last 15 min`,
        more: wordsOf(task.code).advice ?? wordsOf(task.code).words,
      };
    case 'provider_refuses':
      return {
        href: '#channels',
        words: `The provider of ${channelNames[task.channel]} answers ${task.code}: ${quantity(task.count, 'time')} in the last hour`,
        more: wordsOf(task.code).advice ?? wordsOf(task.code).words,
      };
    case 'paused':
      return {
        href: paths.controls,
        words: `Resume ${scopeOf(task.pause)}, or leave it paused`,
        more: `Paused ${distance(task.pause.since, now)}: ${task.pause.reason}`,
      };
    case 'mismatch':
      return {
        href: '#due',
        words: `${quantity(task.count, 'late reminder')} held: what was stored was not what was sent`,
        more: 'The booking system sends the appointment again; until then nothing of it goes out.',
      };
    case 'late':
      return {
        href: '#due',
        words: `Tell the practices: ${quantity(task.soonCount, 'appointment')} within 24 h without a reminder`,
      };
    case 'dead_letters':
      return {
        href: `${paths.redrive}?${new URLSearchParams({ code: task.code, mode })}`,
        words: `Decide on ${quantity(task.count, 'dead letter')}: ${task.code || 'no code'}`,
        more: `The soonest is of use until ${distance(task.soonestDeadline, now)}.`.replace(
          'until in',
          'for another',
        ),
      };
    case 'uncertain':
      return {
        href: '#uncertain',
        words: `Find out why ${quantity(task.count, 'send')} cannot be looked up at the provider`,
        more: `The oldest has been in doubt for ${duration(task.oldestAgeS)}.`,
      };
    case 'duplicates':
      return {
        href: '#flow',
        words: `${quantity(task.count, 'hand-over')} in 24 h may have been a second copy`,
        more: 'Each is flagged in its timeline and in the events of its organisation.',
      };
    case 'versions':
      return {
        href: '#workers',
        words: `Finish the update: versions ${task.versions.join(' and ')} run at once`,
      };
  }
}

export function scopeOf(pause: {
  readonly organisationName: string | undefined;
  readonly channel: keyof typeof channelNames | undefined;
}): string {
  const what = pause.channel ? channelNames[pause.channel] : 'everything';
  return pause.organisationName ? `${what} of ${pause.organisationName}` : what;
}
