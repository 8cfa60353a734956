import { html } from 'hono/html';
import { byItself } from '../by-itself.ts';
import { paths } from '../paths.ts';
import { stylesheet } from '../style.ts';
import type { OpsVisitor } from '../visitor.ts';
import { asText, type Html } from './html.ts';
import { postForm } from './post-form.ts';

/** The places that every page leads to. */
const places = [
  ['overview', 'Overview'],
  ['find', 'Find'],
  ['incidents', 'Incidents'],
  ['controls', 'Controls'],
  ['queues', 'Queue'],
  ['log', 'Log'],
  ['people', 'People'],
] as const;
export type Place = (typeof places)[number][0];

/** After how many seconds a page asks for itself again, and where it stands. */
interface Refresh {
  readonly afterS: number;
  readonly address: string;
}

/**
 * The frame of every page for operators who are signed in.
 *
 * @param refresh the page asks for itself again; it must offer a way to stop that
 */
export function opsPage({
  title,
  visitor,
  current,
  refresh,
  content,
}: {
  title: string;
  visitor: OpsVisitor;
  current?: Place;
  refresh?: Refresh | undefined;
  content: Html;
}): string {
  return bareOpsPage({
    title,
    refresh,
    header: html`<nav class="places" aria-label="Pages"><ul>${places.map(
      ([place, name]) =>
        html`<li>${
          place === current
            ? html`<a href="${paths[place]}" aria-current="page">${name}</a>`
            : html`<a href="${paths[place]}">${name}</a>`
        }</li>`,
    )}</ul></nav>
<div class="who"><span>${visitor.name} <span class="soft">${visitor.role}</span></span>
${postForm({ visitor, action: paths.signOut, content: html`<button class="quiet">Sign out</button>` })}</div>`,
    content,
  });
}

/** The frame around it, also for whoever is not signed in. */
export function bareOpsPage({
  title,
  refresh,
  header,
  content,
}: {
  title: string;
  refresh?: Refresh | undefined;
  header?: Html;
  content: Html;
}): string {
  return asText(html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
${refresh === undefined ? '' : html`<meta http-equiv="refresh" content="${refresh.afterS}; url=${byItself(refresh.address)}">`}
<title>${title} · Sotto operations</title>
<link rel="stylesheet" href="${stylesheet.href}">
</head>
<body>
<a class="skip" href="#main">Skip to content</a>
<header class="top">
<p class="brand"><a href="${paths.overview}">Sotto</a> <span>operations</span></p>
${header ?? ''}
</header>
<main id="main">
${content}
</main>
</body>
</html>
`);
}
