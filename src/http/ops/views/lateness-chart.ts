import { html } from 'hono/html';
import type { LatenessSlot, Overview } from '../../../domain/overview.ts';
import type { Html } from './html.ts';
import { duration } from './moment.ts';
import { grouped } from './quantity.ts';

const dayMs = 86_400_000;
const slotMs = 600_000;
const frame = { left: 48, right: 632, top: 10, bottom: 182 } as const;
/** Seconds, both ends of the axis. */
const [leastS, mostS] = [0.1, 36_000];
const ticksS = [1, 10, 60, 600, 3_600] as const;

/**
 * How late first hand-overs were within a day: median, 95th percentile and maximum on a logarithmic
 * axis. Lines differ in their dashes, not in colour; where nothing was sent they break; pauses of
 * everything or of a channel are shaded. The numbers stand in a table below.
 */
export function latenessChart({
  lateness,
  pauses,
  now,
}: Pick<Overview, 'lateness' | 'pauses' | 'now'>): Html {
  if (lateness.length === 0) return html`<p>No first hand-over is counted within 24 hours.</p>`;
  const startMs = Math.floor((now.getTime() - dayMs) / slotMs) * slotMs;
  const x = (at: number) =>
    round(frame.left + ((at - startMs) / dayMs) * (frame.right - frame.left));
  const shades = pauses
    .filter(({ organisationName }) => organisationName === undefined)
    .map(({ since, until }) => {
      const from = Math.max(frame.left, x(since.getTime()));
      const to = x((until ?? now).getTime());
      return html`<rect x="${from}" y="${frame.top}" width="${Math.max(1, round(to - from))}" height="${frame.bottom - frame.top}" fill-opacity=".14"/>`;
    });
  const line = (pick: (slot: LatenessSlot) => number, dashes: string, width: number) =>
    html`<path d="${pathOf(lateness, { x, pick })}" fill="none" stroke="currentColor" stroke-width="${width}" stroke-linecap="round"${dashes ? html` stroke-dasharray="${dashes}"` : ''}/>`;
  return html`<figure>
<div class="scroll" tabindex="0" role="group" aria-label="Chart, scrolls sideways">
<svg class="chart" viewBox="0 0 640 206" role="img" aria-labelledby="lateness-name" fill="currentColor" font-size="12"><title id="lateness-name">${summary(lateness)}</title>
${shades}${ticksS.map((tickS) => yTick(tickS))}${hourMarks(startMs).map((at) => xTick(at, x(at)))}
${line(({ maxS }) => maxS, '.1 4', 2)}${line(({ p95S }) => p95S, '5 4', 1.5)}${line(({ p50S }) => p50S, '', 2)}
</svg></div>
<figcaption class="soft">Solid: median. Dashed: 95th percentile. Dotted: latest. Each point is the worst of ten minutes and both channels; a gap is time without a first hand-over; shaded is a pause.</figcaption>
</figure>
<details><summary>The same as a table, by hour (UTC)</summary>
${table(lateness)}</details>`;
}

function summary(lateness: readonly LatenessSlot[]): string {
  const worst = lateness.reduce((one, other) => (other.maxS > one.maxS ? other : one));
  const count = lateness.reduce((sum, slot) => sum + slot.count, 0);
  return `Lateness of ${grouped(count)} reminders over 24 hours. Latest: ${duration(worst.maxS)}, at ${clock(worst.at)} UTC.`;
}

function y(seconds: number): number {
  const bounded = Math.min(Math.max(seconds, leastS), mostS);
  const share = Math.log(bounded / leastS) / Math.log(mostS / leastS);
  return round(frame.bottom - share * (frame.bottom - frame.top));
}

function pathOf(
  lateness: readonly LatenessSlot[],
  { x, pick }: { x: (at: number) => number; pick: (slot: LatenessSlot) => number },
): string {
  let lastMs = Number.NEGATIVE_INFINITY;
  return lateness
    .map((slot) => {
      const at = slot.at.getTime();
      const isNext = at - lastMs === slotMs;
      lastMs = at;
      // A lone point is a line of no length, which round ends make visible.
      return `${isNext ? 'L' : 'M'}${x(at + slotMs / 2)} ${y(pick(slot))}${isNext ? '' : 'h0'}`;
    })
    .join('');
}

function yTick(seconds: number): Html {
  const at = y(seconds);
  return html`<path d="M${frame.left} ${at}H${frame.right}" stroke="currentColor" stroke-opacity=".25"/><text x="${frame.left - 6}" y="${at + 4}" text-anchor="end">${shortly(seconds)}</text>`;
}

function xTick(at: number, place: number): Html {
  return html`<path d="M${place} ${frame.bottom}v5" stroke="currentColor"/><text x="${place}" y="${frame.bottom + 18}" text-anchor="middle">${clock(new Date(at))}</text>`;
}

/** Every fourth hour of UTC. */
function hourMarks(startMs: number): number[] {
  const stepMs = 4 * 3_600_000;
  const first = Math.ceil(startMs / stepMs) * stepMs;
  return Array.from({ length: 6 }, (_, place) => first + place * stepMs);
}

function table(lateness: readonly LatenessSlot[]): Html {
  const hours = Map.groupBy(lateness, ({ at }) => at.toISOString().slice(0, 13));
  return html`<div class="scroll" tabindex="0" role="group" aria-label="Lateness by hour"><table><thead><tr><th scope="col">From</th><th scope="col" class="number">Sent</th><th scope="col" class="number">Median</th><th scope="col" class="number">95th percentile</th><th scope="col" class="number">Latest</th></tr></thead><tbody>${[
    ...hours,
  ].map(([hour, slots]) => {
    const worst = (pick: (slot: LatenessSlot) => number) => duration(Math.max(...slots.map(pick)));
    return html`<tr><th scope="row"><time datetime="${hour}:00Z">${hour.slice(8, 10)}., ${hour.slice(11)}:00</time></th><td class="number">${grouped(slots.reduce((sum, { count }) => sum + count, 0))}</td><td class="number">${worst(({ p50S }) => p50S)}</td><td class="number">${worst(({ p95S }) => p95S)}</td><td class="number">${worst(({ maxS }) => maxS)}</td></tr>`;
  })}</tbody></table></div>`;
}

function clock(at: Date): string {
  return at.toISOString().slice(11, 16);
}

function shortly(seconds: number): string {
  if (seconds >= 3_600) return `${seconds / 3_600} h`;
  return seconds >= 60 ? `${seconds / 60} min` : `${seconds} s`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
