import { html } from 'hono/html';
import type { Html } from './html.ts';

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** A point in time: as UTC, and how far from now. */
export function moment(at: Date, now: Date): Html {
  return html`<time datetime="${at.toISOString()}">${inUtc(at)}</time> <span class="soft">(${distance(at, now)})</span>`;
}

/** `26 Nov 2026, 19:04:05 UTC`. */
function inUtc(at: Date): string {
  const time = at.toISOString().slice(11, 19);
  return `${at.getUTCDate()} ${months[at.getUTCMonth()]} ${at.getUTCFullYear()}, ${time} UTC`;
}

/** `3 min ago`, `in 2 days`, `now`. */
export function distance(at: Date, now: Date): string {
  const seconds = Math.round((at.getTime() - now.getTime()) / 1_000);
  if (Math.abs(seconds) < 1) return 'now';
  const length = duration(Math.abs(seconds));
  return seconds < 0 ? `${length} ago` : `in ${length}`;
}

/** A length of time in its largest fitting unit. */
export function duration(seconds: number): string {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 90 * 60) return `${Math.round(seconds / 60)} min`;
  if (seconds < 36 * 3_600) return `${Math.round(seconds / 3_600)} h`;
  return `${Math.round(seconds / 86_400)} days`;
}
