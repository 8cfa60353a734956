import { html } from 'hono/html';
import { type Mode, modes } from '../../../domain/channel.ts';
import { listTasks } from '../../../domain/ops-tasks.ts';
import type { Overview } from '../../../domain/overview.ts';
import { dueCountMax } from '../../../domain/queue-measures.ts';
import { paths } from '../paths.ts';
import type { OpsVisitor } from '../visitor.ts';
import type { Html } from './html.ts';
import { latenessChart } from './lateness-chart.ts';
import { duration, moment } from './moment.ts';
import { opsPage } from './ops-page.ts';
import {
  dueBlock,
  failedBlock,
  flowBlock,
  lanesBlock,
  optOutsBlock,
  pausesBlock,
  uncertainBlock,
  workersBlock,
} from './overview-blocks.ts';
import { dueSentence, headline, troubleWords, verdictTones } from './overview-headline.ts';
import { taskList } from './overview-tasks.ts';
import { grouped } from './quantity.ts';

const refreshS = 15;

export interface OverviewPageInput {
  readonly visitor: OpsVisitor;
  readonly overview: Overview;
  /** The mode was asked for, rather than found. */
  readonly isChosen: boolean;
  readonly refreshes: boolean;
}

/** Whether patients miss reminders now, since when, whose fault it is, and what there is to do. */
export function overviewPage({
  visitor,
  overview,
  isChosen,
  refreshes,
}: OverviewPageInput): string {
  const { mode, verdict, now } = overview;
  const place = { mode: isChosen ? mode : undefined, refreshes };
  return opsPage({
    title: verdict.state === 'fine' ? 'Overview' : `${verdict.state} · Overview`,
    visitor,
    current: 'overview',
    refresh: refreshes ? { afterS: refreshS, address: addressOf(place) } : undefined,
    content: html`<nav class="tabs" aria-label="Mode"><ul>${modes.toReversed().map((each) => tab(each, { mode, refreshes }))}</ul></nav>
${isChosen ? '' : html`<p class="soft">${mode === 'live' ? 'Live reminders are shown, for there are some.' : 'Test reminders are shown: there is nothing live yet.'}</p>`}
<div class="notice ${verdictTones[verdict.state]}"><h1><span class="tag ${verdictTones[verdict.state]}">${verdict.state}</span> ${headline(overview)}</h1>
<p>${dueSentence(overview)}</p>
${verdict.cause ? html`<p>${troubleWords[verdict.cause]}</p>` : ''}</div>
${isEmpty(overview) ? firstSteps : ''}
<section class="block" aria-labelledby="tasks-title"><h2 id="tasks-title">What to do</h2>
${taskList(listTasks(overview), { mode, now })}</section>
${factList(overview)}
<section class="block" id="lateness" aria-labelledby="lateness-title"><h2 id="lateness-title">Lateness in 24 hours</h2>
${latenessChart(overview)}</section>
<div class="blocks">${lanesBlock(overview)}${failedBlock(overview)}${dueBlock(overview)}${uncertainBlock(overview)}${pausesBlock(overview)}${flowBlock(overview)}${workersBlock(overview)}${optOutsBlock(overview)}</div>
<p class="soft">As of ${moment(now, now)}. Flow, answers and lateness are counted by the minute, up to ${moment(overview.measuredUntil, now)}.
${
  refreshes
    ? html`This page asks for itself again every ${refreshS} s. <a href="${addressOf({ ...place, refreshes: false })}">Stop that</a>`
    : html`This page stands still. <a href="${addressOf({ ...place, refreshes: true })}">Refresh it every ${refreshS} s</a>`
}</p>
<p><a href="/readyz">Ready</a> · <a href="/livez">Alive</a> · <a href="/metrics">Metrics</a></p>`,
  });
}

function addressOf({ mode, refreshes }: { mode?: Mode | undefined; refreshes: boolean }): string {
  const query = new URLSearchParams({
    ...(mode ? { mode } : {}),
    ...(refreshes ? {} : { refresh: 'off' }),
  });
  return query.size > 0 ? `${paths.overview}?${query}` : paths.overview;
}

function tab(each: Mode, { mode, refreshes }: { mode: Mode; refreshes: boolean }): Html {
  const name = each === 'live' ? 'Live' : 'Test';
  const href = addressOf({ mode: each, refreshes });
  return each === mode
    ? html`<li><a href="${href}" aria-current="page">${name}</a></li>`
    : html`<li><a href="${href}">${name}</a></li>`;
}

function factList(overview: Overview): Html {
  const { due, uncertain, failed, duplicateCount } = overview;
  const deadLetters = failed.reduce((sum, { count }) => sum + count, 0);
  const facts: [string, string][] = [
    ['due and unsent', atLeast(due.count)],
    ['oldest of them waits', due.count > 0 ? duration(due.oldestAgeS) : '–'],
    ['late, appointment within 24 h', grouped(due.soonCount)],
    ['due in the next hour', atLeast(due.nextHourCount)],
    ['dead letters', grouped(deadLetters)],
    ['in doubt', grouped(uncertain.count)],
    ['maybe second copies, 24 h', grouped(duplicateCount)],
  ];
  return html`<dl class="facts">${facts.map(([name, value]) => html`<div class="fact"><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;
}

/** Counting stops at a bound for each organisation and lane. */
function atLeast(count: number): string {
  return count >= dueCountMax ? `${grouped(count)}+` : grouped(count);
}

function isEmpty({ flow, due, scheduledEstimate }: Overview): boolean {
  return flow.length === 0 && due.count === 0 && scheduledEstimate === 0;
}

const firstSteps = html`<div class="notice"><p>Nothing has been accepted yet. Once a booking system puts its first appointment, its reminders count here as scheduled, and within two to three minutes of going out they show in the flow, the answers of the providers and the chart.</p></div>`;
