import { html } from 'hono/html';
import { incidentWords, notifyBy, runbookUrl } from '../../../domain/incident.ts';
import type { Incident } from '../../../usecases/read-incidents.ts';
import type { ActionReason } from '../action-reason.ts';
import { paths } from '../paths.ts';
import type { OpsVisitor } from '../visitor.ts';
import { actionForm, titleOf } from './action-form.ts';
import type { Html } from './html.ts';
import { asSentence, touched } from './incidents-page.ts';
import { moment } from './moment.ts';
import { opsPage } from './ops-page.ts';
import { grouped, quantity } from './quantity.ts';

/** All that the register knows of one incident, and the way to close it. */
export function incidentPage({
  visitor,
  incident,
  apiUrl,
  done,
  reason,
  now,
}: {
  visitor: OpsVisitor;
  incident: Incident;
  apiUrl: string;
  done?: string | undefined;
  reason?: ActionReason | undefined;
  now: Date;
}): string {
  const { id, code, closedAt } = incident;
  const words = incidentWords[code];
  const state = closedAt ? 'closed' : 'open';
  return opsPage({
    title: titleOf(`${code} · Incident`, reason),
    visitor,
    current: 'incidents',
    content: html`<h1><span class="tag ${closedAt ? 'plain' : 'stop'}">${state}</span> <code>${code}</code></h1>
${done ? html`<div class="notice ok" role="status"><p>${done}</p></div>` : ''}
<p>${asSentence(words.what)}</p>
<p><a href="${runbookUrl(apiUrl, code)}">What to do: the runbook</a></p>
<div class="blocks">
<section class="block"><h2>When</h2><dl class="pairs">
<dt>Since</dt><dd>${moment(incident.since, now)}, from when on it may have been wrong</dd>
<dt>Found</dt><dd>${moment(incident.openedAt, now)}</dd>
<dt>72 hours end</dt><dd>${moment(notifyBy(incident.openedAt), now)}: if this is a breach of personal data, each organisation must have told its authority by then</dd>
${closedAt ? html`<dt>Closed</dt><dd>${moment(closedAt, now)} by ${incident.closedBy ?? ''}: ${incident.closedReason ?? ''}</dd>` : ''}
<dt>Id</dt><dd><code>${id}</code></dd></dl></section>
<section class="block"><h2>What it may mean</h2><p>${words.consequences}</p>
<p class="soft">For an authority: <code>sotto incident export ${id}</code> writes what article 33(3) of the GDPR asks for, with blanks for what only people know.</p></section>
<section class="block"><h2>Who is woken</h2><ul>${incident.alerts.map((one) => html`<li>${one.way}: ${alertWords(one, now)}</li>`)}</ul></section>
<section class="block"><h2>Seen</h2><ol>${incident.sightings.map(({ at, facts }) => html`<li>${moment(at, now)}${factWords(facts)}</li>`)}</ol></section>
<section class="block wide"><h2>Whom it may have touched</h2>
${
  incident.organisations.length === 0
    ? html`<p>Nobody that is known of.</p>`
    : html`<p>${touched(incident)}. References: <code>sotto incident show ${id} --references</code>.</p>
${organisationTable(incident, now)}`
}</section>
${
  closedAt
    ? ''
    : html`<section class="block wide"><h2>Close it</h2>
<p>When it is over and looked into. What goes wrong after that opens another. The organisations are told that it is over, not why.</p>
${actionForm({ visitor, action: paths.closeIncident(id), button: 'Close the incident', reason })}</section>`
}
</div>`,
  });
}

function alertWords(alert: Incident['alerts'][number], now: Date): Html {
  if (alert.deliveredAt) return html`taken ${moment(alert.deliveredAt, now)}`;
  if (alert.tries === 0) return html`<span class="soft">not yet, or not configured</span>`;
  return html`<span class="tag stop">not taken</span> tried ${quantity(alert.tries, 'time')}`;
}

function factWords(facts: Incident['sightings'][number]['facts']): string {
  const words = Object.entries(facts).map(([name, count]) => `${name} ${grouped(count)}`);
  return words.length > 0 ? `: ${words.join(', ')}` : '';
}

function organisationTable({ organisations }: Incident, now: Date): Html {
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Organisations"><table>
<thead><tr><th scope="col">Organisation</th><th scope="col">Mode</th><th scope="col">Told</th><th scope="col" class="number">Appointments</th></tr></thead>
<tbody>${organisations.map(
    (one) =>
      html`<tr><th scope="row">${one.name}</th><td>${one.mode}</td><td>${moment(one.toldAt, now)}</td><td class="number">${grouped(one.appointmentCount)}</td></tr>`,
  )}</tbody></table></div>`;
}
