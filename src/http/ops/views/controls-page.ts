import { html } from 'hono/html';
import { roleAllows } from '../../../domain/ops-role.ts';
import type { Controls, NamedPause } from '../../../usecases/read-controls.ts';
import type { ActionReason } from '../action-reason.ts';
import { paths } from '../paths.ts';
import type { OpsVisitor } from '../visitor.ts';
import { actionForm, titleOf } from './action-form.ts';
import { chooser } from './chooser.ts';
import type { Html } from './html.ts';
import { moment } from './moment.ts';
import { opsPage } from './ops-page.ts';
import { quantity } from './quantity.ts';

/** What was chosen in a form that was refused. */
export interface PauseChoice {
  readonly organisation: string;
  readonly channel: string;
}

/** What is stopped, and the way to stop more. */
export function controlsPage({
  visitor,
  controls,
  done,
  reason,
  chosen,
  now,
}: {
  visitor: OpsVisitor;
  controls: Controls;
  done?: string | undefined;
  reason?: ActionReason | undefined;
  chosen?: PauseChoice | undefined;
  now: Date;
}): string {
  const { pauses, organisations, inTheAir } = controls;
  return opsPage({
    title: titleOf('Controls', reason),
    visitor,
    current: 'controls',
    content: html`<h1>Controls</h1>
${done ? html`<div class="notice ok" role="status"><p>${done}</p></div>` : ''}
<div class="blocks">
<section class="block wide"><h2>Paused now</h2>
${pauses.length === 0 ? html`<p>Nothing is paused.</p>` : html`<ul>${pauses.map((pause) => html`<li>${pauseLine(pause, now)} <a href="${paths.resume}?pause=${pause.id}">${roleAllows(visitor.role, 'operator') ? 'What resuming would do …' : 'What it holds …'}</a></li>`)}</ul>`}
<p>${quantity(inTheAir, 'message')} ${inTheAir === 1 ? 'is' : 'are'} being handed to a provider at this moment. A pause does not call those back.</p>
</section>
<section class="block wide"><h2>Pause sending</h2>
<p>It holds within two seconds, also for what is queued already. Nothing is lost: what is due waits, until its deadline. Codes that a patient asks for still go out.</p>
${actionForm({
  visitor,
  action: paths.pause,
  fields: html`${chooser({ id: 'organisation', label: 'Organisation', all: 'all: the whole deployment', options: organisations.map(({ id, name }) => [id, name]), chosen: chosen?.organisation })}
${chooser({
  id: 'channel',
  label: 'Channel',
  all: 'SMS and email',
  options: [
    ['sms', 'SMS'],
    ['email', 'email'],
  ],
  chosen: chosen?.channel,
})}`,
  button: 'Pause',
  danger: true,
  reason,
})}
</section>
<section class="block wide"><h2>Failed reminders</h2>
<p><a href="${paths.redrive}">Send failed reminders again …</a></p></section>
<section class="block wide"><h2>A second person</h2>
<p>What touches many reminders is asked for by one and approved by another. <a href="${paths.requests}">What is asked for …</a></p></section>
</div>`,
  });
}

/** What a pause stops, since when, by whom and why. */
export function pauseLine(pause: NamedPause, now: Date): Html {
  return html`<strong>${scopeWords(pause)}</strong>, since ${moment(pause.since, now)}${pause.actor ? html` by ${pause.actor}` : ''}: ${pause.reason}`;
}

function scopeWords({ organisationId, organisationName, channel }: NamedPause): string {
  const whose = organisationId === undefined ? 'Everyone' : (organisationName ?? organisationId);
  const what = channel === undefined ? 'SMS and email' : channel === 'sms' ? 'SMS' : 'email';
  return `${whose}, ${what}`;
}
