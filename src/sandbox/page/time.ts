import { html } from 'hono/html';

/** The hour of an instant, with its day unless that is today. */
export function time(at: string, nowMs: number) {
  const today = new Date(nowMs).toDateString() === new Date(at).toDateString();
  const words = new Intl.DateTimeFormat('en-GB', {
    ...(today ? {} : { day: 'numeric', month: 'short' }),
    hour: '2-digit',
    minute: '2-digit',
  }).format(new Date(at));
  return html`<time datetime="${at}">${words}</time>`;
}
