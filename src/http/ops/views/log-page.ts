import { html } from 'hono/html';
import type { ActionLog, AuditFilter, AuditRow } from '../../../usecases/read-action-log.ts';
import { paths } from '../paths.ts';
import type { OpsVisitor } from '../visitor.ts';
import { chooser } from './chooser.ts';
import type { Html } from './html.ts';
import { moment } from './moment.ts';
import { opsPage } from './ops-page.ts';

/** Actions that are about something which can be looked up. */
const isFindable = new Set(['reminder.redrive', 'timeline.view']);

/** What people and programs did, newest first. */
export function logPage({
  visitor,
  log,
  filter,
  now,
}: {
  visitor: OpsVisitor;
  log: ActionLog;
  filter: AuditFilter;
  now: Date;
}): string {
  const { rows, before, choices } = log;
  const named = (all: readonly string[]) => all.map((one) => [one, one] as const);
  return opsPage({
    title: 'Log',
    visitor,
    current: 'log',
    content: html`<h1>Log</h1>
<form method="get" action="${paths.log}" class="inline">
${chooser({ id: 'actor', label: 'Who', all: 'everyone', options: named(choices.actors), chosen: filter.actor })}
${chooser({ id: 'action', label: 'What', all: 'everything', options: named(choices.actions), chosen: filter.action })}
${chooser({ id: 'organisation', label: 'Organisation', all: 'all', options: choices.organisations.map(({ id, name }) => [id, name]), chosen: filter.organisationId })}
<div class="end"><button class="quiet">Show</button></div>
</form>
${rows.length === 0 ? html`<p>Nothing was done that fits this.</p>` : table(rows, now)}
${before === undefined ? '' : html`<p><a href="${older(filter, before)}" rel="next">Older</a></p>`}`,
  });
}

function table(rows: readonly AuditRow[], now: Date): Html {
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Actions"><table>
<thead><tr><th scope="col">When</th><th scope="col">Who</th><th scope="col">What</th><th scope="col">Organisation</th><th scope="col">About</th><th scope="col">Reason</th></tr></thead>
<tbody>${rows.map(
    (
      row,
    ) => html`<tr><td>${moment(row.at, now)}</td><td>${row.actor}</td><td><code>${row.action}</code></td>
<td>${row.organisationName ?? row.organisationId ?? ''}</td><td>${isFindable.has(row.action) ? html`<a href="${paths.find}?q=${row.subject}">${row.subject}</a>` : row.subject}</td><td>${row.reason ?? ''}</td></tr>`,
  )}</tbody></table></div>`;
}

function older({ actor, action, organisationId }: AuditFilter, before: string): string {
  const query = new URLSearchParams({ before });
  if (actor !== undefined) query.set('actor', actor);
  if (action !== undefined) query.set('action', action);
  if (organisationId !== undefined) query.set('organisation', organisationId);
  return `${paths.log}?${query}`;
}
