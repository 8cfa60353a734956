import { html } from 'hono/html';
import type { LaneHealth, Overview } from '../../../domain/overview.ts';
import { paths } from '../paths.ts';
import { wordsOf } from '../reason-words.ts';
import { stateWords, type Tone } from '../state-words.ts';
import type { Html } from './html.ts';
import { distance, duration } from './moment.ts';
import { channelNames } from './overview-headline.ts';
import { scopeOf } from './overview-tasks.ts';
import { grouped, quantity } from './quantity.ts';

function block(input: { id: string; title: string; wide?: boolean; content: Html }): Html {
  const { id, title, wide = false, content } = input;
  return html`<section class="block${wide ? ' wide' : ''}" id="${id}" aria-labelledby="${id}-title"><h2 id="${id}-title">${title}</h2>
${content}</section>`;
}

const tag = (tone: Tone, words: string): Html => html`<span class="tag ${tone}">${words}</span>`;

/** @param columns names; those of numbers each in an array */
function table(
  label: string,
  columns: readonly (string | [string])[],
  rows: readonly Html[],
): Html {
  return html`<div class="scroll" tabindex="0" role="group" aria-label="${label}"><table><thead><tr>${columns.map(
    (column) =>
      typeof column === 'string'
        ? html`<th scope="col">${column}</th>`
        : html`<th scope="col" class="number">${column}</th>`,
  )}</tr></thead><tbody>${rows}</tbody></table></div>`;
}

/** For narrow places: how far from now, and the minute of the day. */
function briefly(at: Date, now: Date): Html {
  const text = at.toISOString();
  return html`<time datetime="${text}">${distance(at, now)} <span class="soft">${text.slice(11, 16)} UTC</span></time>`;
}

export function dueBlock({ due, now }: Overview): Html {
  const rows = due.organisations.map(
    ({ name, count, oldestAgeS, paused }) =>
      html`<tr><th scope="row">${name}${paused ? html` ${tag('late', 'paused')}` : ''}</th><td class="number">${grouped(count)}</td><td>${briefly(new Date(now.getTime() - oldestAgeS * 1_000), now)}</td></tr>`,
  );
  const more = due.organisationCount - rows.length;
  const title = 'Due and unsent, by organisation';
  return block({
    id: 'due',
    title,
    content:
      rows.length > 0
        ? html`${table(title, ['Organisation', ['Reminders'], 'Oldest due'], rows)}${more > 0 ? html`<p>And ${quantity(more, 'organisation')} more.</p>` : ''}`
        : html`<p>Nothing is due and unsent.</p>`,
  });
}

export function flowBlock({ flow, scheduledEstimate }: Overview): Html {
  const rows = flow.map(
    ({ state, count, openNow }) =>
      html`<tr><th scope="row">${state}</th><td class="soft">${stateWords[state].words}</td><td class="number">${grouped(count)}</td><td class="number">${openNow === undefined ? html`<span class="soft" aria-label="not counted">–</span>` : grouped(openNow)}</td></tr>`,
  );
  return block({
    id: 'flow',
    title: 'Flow in 24 hours',
    content: html`${rows.length > 0 ? table('Flow', ['Steps into', 'Meaning', ['24 h'], ['Now']], rows) : html`<p>Nothing is counted yet: a minute counts two to three minutes after it has ended.</p>`}
<p class="soft">Scheduled in all, live and test: about ${grouped(Math.round(scheduledEstimate))}.</p>`,
  });
}

export function failedBlock({ failed, mode, now }: Overview): Html {
  const shown = failed.slice(0, 8);
  const rows = shown.map(({ code, count, organisationId, organisationName, soonestDeadline }) => {
    const query = new URLSearchParams({ code, organisation: organisationId, mode });
    return html`<tr><th scope="row"><a href="${paths.redrive}?${query}">${code || 'no code'}</a></th><td class="soft">${wordsOf(code).words}</td><td>${organisationName}</td><td class="number">${grouped(count)}</td><td>${briefly(soonestDeadline, now)}</td></tr>`;
  });
  const more = failed.length - shown.length;
  const title = 'Dead letters, by code';
  return block({
    id: 'failed',
    title,
    wide: true,
    content:
      rows.length > 0
        ? html`${table(title, ['Failed for', 'Meaning', 'Organisation', ['Count'], 'Soonest deadline'], rows)}${more > 0 ? html`<p>And ${quantity(more, 'group')} more: <a href="${paths.redrive}?mode=${mode}">all of them</a>.</p>` : ''}`
        : html`<p>None. Nothing waits for a person.</p>`,
  });
}

export function uncertainBlock({ uncertain }: Overview): Html {
  return block({
    id: 'uncertain',
    title: 'In doubt',
    content:
      uncertain.count === 0
        ? html`<p>None: of every send it is known whether the provider has it.</p>`
        : html`<p>Of <strong>${quantity(uncertain.count, 'send')}</strong> nobody knows whether the provider has it; the oldest for ${duration(uncertain.oldestAgeS)}. Workers look for each at its provider; a receipt settles it too. What is not found is sent once more, flagged, or held, as its organisation wants.</p>`,
  });
}

export function lanesBlock({ lanes, workers, now }: Overview): Html {
  return block({
    id: 'channels',
    title: 'Channels and their providers',
    wide: true,
    content: html`<div class="blocks">${lanes.map((lane) => laneOf(lane, { workerCount: workers.length, now }))}</div>`,
  });
}

function laneOf(lane: LaneHealth, { workerCount, now }: { workerCount: number; now: Date }): Html {
  const { channel, lastHour, lastAcceptedAt, heldUp, paused, workersHeldUp } = lane;
  const breaker = heldUp
    ? tag('stop', 'breaker open')
    : workersHeldUp > 0
      ? tag('late', `breaker open in ${workersHeldUp} of ${quantity(workerCount, 'worker')}`)
      : tag(workerCount > 0 ? 'ok' : 'plain', workerCount > 0 ? 'breaker closed' : 'no worker');
  const codes = lastHour.map(
    ({ code, count }) =>
      html`<tr><th scope="row">${code}</th><td class="soft">${code === 'accepted' ? 'The provider took it.' : wordsOf(code).words}</td><td class="number">${grouped(count)}</td></tr>`,
  );
  return html`<div><h3>${channel === 'sms' ? 'SMS' : 'Email'} ${breaker}${paused ? html` ${tag('late', 'paused')}` : ''}</h3>
<p>${lastAcceptedAt ? html`Last taken by the provider: ${briefly(lastAcceptedAt, now)}` : html`Nothing that the provider took is counted within a week.`}</p>
${codes.length > 0 ? table(`Answers of the provider, ${channelNames[channel]}`, ['Answers, last hour', 'Meaning', ['Count']], codes) : html`<p class="soft">Nothing was handed over in the last hour.</p>`}</div>`;
}

export function workersBlock({ workers, silentDuties, versions, canary, now }: Overview): Html {
  const rows = workers.map(
    ({ version, ageS, heldUp }, place) =>
      html`<tr><th scope="row">Worker ${place + 1}</th><td>${version}</td><td>${duration(ageS)} ago</td><td>${heldUp.length > 0 ? heldUp.map((channel) => tag('late', `${channelNames[channel]} down`)) : ''}</td></tr>`,
  );
  return block({
    id: 'workers',
    title: 'Workers and duties',
    content: html`${rows.length > 0 ? table('Workers', ['Who', 'Version', 'Last heard', 'Trouble'], rows) : html`<p>${tag('stop', 'none')} No worker has been heard of lately.</p>`}
${
  silentDuties.length > 0
    ? html`<p>Silent duties:</p><ul>${silentDuties.map(({ duty, ageS }) => html`<li>${tag('stop', duty)} ${ageS === undefined ? 'never heard of' : `last heard of ${duration(ageS)} ago`}</li>`)}</ul>`
    : html`<p>Every duty has been heard of as often as it should.</p>`
}
${canaryLine(canary, now)}
${versions.length > 1 ? html`<p>${tag('late', 'several versions')} ${versions.join(', ')}</p>` : ''}`,
  });
}

/** An appointment of our own that goes the whole way, every minute. */
function canaryLine(canary: Overview['canary'], now: Date): Html {
  const { lastPassedAt, failingCount, unreachable } = canary;
  const trouble =
    unreachable.length > 0
      ? html`${tag('late', 'reaches nobody')} `
      : failingCount > 0
        ? html`${tag('stop', 'failing')} `
        : '';
  return lastPassedAt
    ? html`<p>Canary: ${trouble}last came through ${briefly(lastPassedAt, now)}.</p>`
    : html`<p>Canary: ${trouble}none has come through within a week.</p>`;
}

export function pausesBlock({ pauses, now }: Overview): Html {
  const active = pauses.filter(({ until }) => until === undefined);
  return block({
    id: 'pauses',
    title: 'Pauses in force',
    content:
      active.length > 0
        ? html`<ul>${active.map((pause) => html`<li><a href="${paths.controls}">${scopeOf(pause)}</a>, ${distance(pause.since, now)}: ${pause.reason}</li>`)}</ul>`
        : html`<p>None.</p>`,
  });
}

export function optOutsBlock({ optOuts, lockOuts }: Overview): Html {
  const rows = optOuts.map(
    ({ day, sms, email }) =>
      html`<tr><th scope="row"><time datetime="${day}">${day}</time></th><td class="number">${grouped(sms)}</td><td class="number">${grouped(email)}</td></tr>`,
  );
  return block({
    id: 'opt-outs',
    title: 'Opt-outs and lock-outs',
    content: html`${table('Opt-outs', ['Day (UTC)', ['SMS'], ['Email']], rows)}
<p>Locked after wrong answers, of appointments to come: <strong>${grouped(lockOuts)}</strong>. The practice helps; its booking system then sends a new PUT with "notice": "now".</p>`,
  });
}
