import { html } from 'hono/html';
import type { Channel } from '../../../domain/channel.ts';
import { countedMax, type HeldLane, type PauseCosts } from '../../../usecases/read-controls.ts';
import type { ActionReason } from '../action-reason.ts';
import { paths } from '../paths.ts';
import type { OpsVisitor } from '../visitor.ts';
import { actionForm, titleOf } from './action-form.ts';
import { pauseLine } from './controls-page.ts';
import type { Html } from './html.ts';
import { duration, moment } from './moment.ts';
import { opsPage } from './ops-page.ts';
import { grouped } from './quantity.ts';
import { secondPersonNote } from './request-words.ts';

/** What ending a pause would let go, what it has cost, and what it costs to leave it. */
export function resumePage({
  visitor,
  costs,
  perSecond,
  aloneMax,
  grown,
  reason,
  now,
}: {
  visitor: OpsVisitor;
  costs: PauseCosts;
  perSecond: Readonly<Record<Channel, number>>;
  aloneMax: number;
  grown?: boolean;
  reason?: ActionReason | undefined;
  now: Date;
}): string {
  const { pause, held, heldCount, expired, expiring } = costs;
  return opsPage({
    title: titleOf('Resume sending', reason),
    visitor,
    current: 'controls',
    content: html`<h1>Resume sending</h1>
<p>${pauseLine(pause, now)}</p>
${grown ? html`<div class="notice stop" role="alert"><p>Nothing was done: much more would go out now than you were shown. Look again.</p></div>` : ''}
<div class="blocks">
<section class="block"><h2>If you resume now</h2>
${
  heldCount === 0
    ? html`<p>Nothing is due that this pause alone holds.</p>`
    : html`<ul>${held.map((lane) => laneLine(lane, perSecond))}</ul>
<p>What another pause holds too is not counted, and stays.</p>`
}
</section>
<section class="block"><h2>What it costs</h2>
<p>${orMore(expired)} of what it covers ${expired === 1 ? 'has' : 'have'} expired since it began.</p>
<p>If it goes on, there will expire:</p>
<ul>${expiring.map(({ until, count }) => html`<li>${orMore(count)} by ${moment(until, now)}</li>`)}</ul>
</section></div>
${heldCount > aloneMax ? secondPersonNote(aloneMax) : ''}
${actionForm({
  visitor,
  action: paths.resume,
  hidden: { pause: pause.id, shown: String(heldCount) },
  button: heldCount > aloneMax ? 'Ask to resume' : 'Resume',
  reason,
})}
<p><a href="${paths.controls}">Leave it paused</a></p>`,
  });
}

function laneLine({ channel, mode, count }: HeldLane, perSecond: Record<Channel, number>): Html {
  const rate = perSecond[channel];
  const name = channel === 'sms' ? 'SMS' : 'email';
  return html`<li><strong>${orMore(count)}</strong> ${mode} by ${name} go out at up to ${rate} a second: about ${duration(Math.max(1, count / rate))}.</li>`;
}

function orMore(count: number): string {
  return count >= countedMax ? `${grouped(count)} or more` : grouped(count);
}
