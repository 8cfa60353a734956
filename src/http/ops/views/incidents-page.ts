import { html } from 'hono/html';
import { incidentWords, notifyBy } from '../../../domain/incident.ts';
import type { IncidentRow } from '../../../usecases/read-incidents.ts';
import { paths } from '../paths.ts';
import type { OpsVisitor } from '../visitor.ts';
import type { Html } from './html.ts';
import { moment } from './moment.ts';
import { opsPage } from './ops-page.ts';
import { quantity } from './quantity.ts';

/** The register: what is open first, then what is over. */
export function incidentsPage({
  visitor,
  incidents,
  now,
}: {
  visitor: OpsVisitor;
  incidents: readonly IncidentRow[];
  now: Date;
}): string {
  const open = incidents.filter(({ closedAt }) => closedAt === null);
  const closed = incidents.filter(({ closedAt }) => closedAt !== null);
  return opsPage({
    title: open.length > 0 ? `${open.length} open · Incidents` : 'Incidents',
    visitor,
    current: 'incidents',
    content: html`<h1>Incidents</h1>
<p>What the system found wrong by itself. There is one open incident of a kind: what is seen again is added to it. Organisations that it may have touched are told by an event, with the references of their appointments.</p>
<section aria-labelledby="open-title"><h2 id="open-title">Open</h2>
${open.length === 0 ? html`<p>None.</p>` : html`<div class="blocks">${open.map((one) => openBlock(one, now))}</div>`}</section>
<section aria-labelledby="closed-title"><h2 id="closed-title">Closed</h2>
${closed.length === 0 ? html`<p>None yet.</p>` : closedTable(closed, now)}</section>`,
  });
}

function openBlock(incident: IncidentRow, now: Date): Html {
  const { id, code, since, openedAt } = incident;
  return html`<section class="block"><h3><span class="tag stop">open</span> <a href="${paths.incident(id)}">${code}</a></h3>
<p>${asSentence(incidentWords[code].what)}</p>
<dl class="pairs">
<dt>Since</dt><dd>${moment(since, now)}</dd>
<dt>Found</dt><dd>${moment(openedAt, now)}</dd>
<dt>72 hours end</dt><dd>${moment(notifyBy(openedAt), now)}</dd>
<dt>Touched</dt><dd>${touched(incident)}</dd>
</dl></section>`;
}

function closedTable(incidents: readonly IncidentRow[], now: Date): Html {
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Closed incidents"><table>
<thead><tr><th scope="col">What</th><th scope="col">Found</th><th scope="col">Closed</th><th scope="col">Touched</th><th scope="col">Reason</th></tr></thead>
<tbody>${incidents.map(
    (one) => html`<tr><th scope="row"><a href="${paths.incident(one.id)}">${one.code}</a></th>
<td>${moment(one.openedAt, now)}</td><td>${one.closedAt ? moment(one.closedAt, now) : ''} ${one.closedBy ?? ''}</td>
<td>${touched(one)}</td><td>${one.closedReason ?? ''}</td></tr>`,
  )}</tbody></table></div>`;
}

export function touched({ appointmentCount, organisationCount }: IncidentRow): string {
  if (organisationCount === 0) return 'nobody that is known of';
  return `${quantity(appointmentCount, 'appointment')} of ${quantity(organisationCount, 'organisation')}`;
}

export function asSentence(words: string): string {
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}.`;
}
