import { html } from 'hono/html';
import type { RedrivePreview } from '../../../usecases/preview-redrive.ts';
import type { RedriveFilter } from '../../../usecases/redrive-dead-letters.ts';
import type { ActionReason } from '../action-reason.ts';
import { paths } from '../paths.ts';
import { wordsOf } from '../reason-words.ts';
import { refusalWords } from '../state-words.ts';
import type { OpsVisitor } from '../visitor.ts';
import { actionForm, titleOf } from './action-form.ts';
import { chooser } from './chooser.ts';
import type { Html } from './html.ts';
import { opsPage } from './ops-page.ts';
import { grouped, quantity } from './quantity.ts';
import { secondPersonNote } from './request-words.ts';

export interface RedrivePageInput {
  readonly visitor: OpsVisitor;
  readonly filter: RedriveFilter;
  readonly preview: RedrivePreview;
  readonly aloneMax: number;
  /** What the visitor has just done, or why it was not. */
  readonly done?: string | undefined;
  readonly grown?: boolean;
  /** Some are being sent again at this moment, by whoever. */
  readonly busy?: boolean;
  readonly reason?: ActionReason | undefined;
}

/** Failed reminders by code, organisation and mode: how many would go, how many cannot, and why. */
export function redrivePage(input: RedrivePageInput): string {
  const { visitor, filter, preview, aloneMax, done, grown, busy, reason } = input;
  const title = 'Send failed reminders again';
  return opsPage({
    title: titleOf(title, reason),
    visitor,
    current: 'controls',
    content: html`<h1>${title}</h1>
${done ? html`<div class="notice ok" role="status"><p>${done}</p></div>` : ''}
${grown ? html`<div class="notice stop" role="alert"><p>Nothing was done: there are many more now than you were shown. Look again.</p></div>` : ''}
${busy ? html`<div class="notice late" role="alert"><p>Nothing more was done: failed reminders are being sent again at this moment, by your own press if you pressed twice, else by somebody else. Look again in a moment.</p></div>` : ''}
<form method="get" action="${paths.redrive}" class="stack">
${chooser({ id: 'code', label: 'Failed for', all: 'any code', options: preview.choices.codes.map((code) => [code, code]), chosen: filter.reasonCode })}
${chooser({ id: 'organisation', label: 'Organisation', all: 'all', options: preview.choices.organisations.map(({ id, name }) => [id, name]), chosen: filter.organisationId })}
${chooser({
  id: 'mode',
  label: 'Mode',
  all: 'live and test',
  options: [
    ['live', 'live'],
    ['test', 'test'],
  ],
  chosen: filter.mode,
})}
<div><button class="quiet">Show what would go out</button></div>
</form>
${filter.reasonCode ? html`<p><code>${filter.reasonCode}</code>: ${wordsOf(filter.reasonCode).words} ${wordsOf(filter.reasonCode).advice ?? ''}</p>` : ''}
<h2>If you send them now</h2>
${counts(preview)}
${preview.go > aloneMax ? secondPersonNote(aloneMax) : ''}
${
  preview.go > 0
    ? actionForm({
        visitor,
        action: paths.redrive,
        hidden: {
          code: filter.reasonCode ?? '',
          organisation: filter.organisationId ?? '',
          mode: filter.mode ?? '',
          shown: String(preview.go),
        },
        button: `${preview.go > aloneMax ? 'Ask to send' : 'Send'} ${quantity(preview.go, 'reminder')} again`,
        reason,
      })
    : ''
}`,
  });
}

function counts({ go, possibleDuplicates, refused, more }: RedrivePreview): Html {
  const reasons = (['needs_reissue', 'too_late'] as const).filter((reason) => refused[reason]);
  if (go === 0 && reasons.length === 0) return html`<p>No failed reminder fits this.</p>`;
  return html`<ul>
<li><strong>${quantity(go, 'reminder')}</strong> would go out, at the sender’s rate.</li>
${possibleDuplicates > 0 ? html`<li>Of those, ${grouped(possibleDuplicates)} may be a second copy; they are flagged.</li>` : ''}
${reasons.map((reason) => html`<li>${quantity(refused[reason] ?? 0, 'reminder')} cannot. ${refusalWords[reason]}</li>`)}
</ul>
${more ? html`<p>There are more; one press does these, the next one goes on.</p>` : ''}`;
}
