import { html } from 'hono/html';
import type { SearchForm, SearchResult } from '../../../usecases/find-appointments.ts';
import { paths } from '../paths.ts';
import type { OpsVisitor } from '../visitor.ts';
import type { Html } from './html.ts';
import { moment } from './moment.ts';
import { opsPage } from './ops-page.ts';

/** One field for everything that an appointment can be found by, and what it found. */
export function findPage({
  visitor,
  typed,
  result,
  now,
}: {
  visitor: OpsVisitor;
  typed: string;
  /** Absent before anything was looked for. */
  result?: SearchResult | undefined;
  now: Date;
}): string {
  // What cannot be found may be a name or a number, and is not shown again.
  const shown = result && result.lookedFor.length > 0 ? typed : '';
  return opsPage({
    title: 'Find',
    visitor,
    current: 'find',
    content: html`<h1>Find</h1>
<form method="get" action="${paths.find}" class="inline">
<div><label for="q">Reference, reminder, appointment or help code</label>
<p class="hint" id="q-hint">The booking system’s own reference exactly as it writes it, an id, or the 6 characters that a locked page shows. Never a name, a phone number or an address: none is here.</p>
<input id="q" name="q" value="${shown}" maxlength="200" autocomplete="off" autocapitalize="none" spellcheck="false" required aria-describedby="q-hint"></div>
<div class="end"><button>Find</button></div>
</form>
${result ? resultOf(result, now) : ''}`,
  });
}

const formNames: Readonly<Record<SearchForm, string>> = {
  reference: 'a reference, exactly as typed, in every organisation and in both modes',
  id: 'the id of an appointment or of a reminder',
  help_code: 'a help code',
};

function resultOf({ lookedFor, found, more }: SearchResult, now: Date): Html {
  if (lookedFor.length === 0) {
    return html`<div class="notice late" role="status"><p>Nothing here can be found by that. A reference has 1 to 128 of A–Z, a–z, 0–9 and <code>. _ : -</code>; an id looks like <code>0190a6c2-…</code>; a help code has 6 characters.</p></div>`;
  }
  if (found.length === 0) {
    return html`<div class="notice late" role="status"><p>Nothing was found. It was looked for as:</p>
<ul>${lookedFor.map((form) => html`<li>${formNames[form]}</li>`)}</ul>
<p>Traces go 90 days after the links have expired. What a booking system never sent was never here.</p></div>`;
  }
  return html`<h2>${found.length === 1 ? 'One appointment' : `${found.length} appointments`}</h2>
${more ? html`<p>Only the first ${found.length} are shown.</p>` : ''}
<div class="scroll" tabindex="0" role="region" aria-label="Appointments found"><table>
<thead><tr><th scope="col">Reference</th><th scope="col">Organisation</th><th scope="col">Mode</th><th scope="col">State</th><th scope="col">Accepted</th></tr></thead>
<tbody>${found.map(
    (one) => html`<tr><td><a href="${paths.appointment(one.id)}">${one.reference}</a></td>
<td>${one.organisationName}</td><td>${one.mode}</td><td>${one.state}${one.deletedAt ? ', deleted' : ''}</td><td>${moment(one.acceptedAt, now)}</td></tr>`,
  )}</tbody></table></div>`;
}
