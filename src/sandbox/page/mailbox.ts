import { html } from 'hono/html';
import type { AcceptedMail, Bounce } from '../accepted.ts';
import { piecesOf } from '../links.ts';
import { oneClickUrl } from '../one-click.ts';
import { marksOf } from './mail-marks.ts';
import { proof } from './proof.ts';
import { time } from './time.ts';
import type { MailView, View } from './view.ts';

type Options = { patientUrl: string; nowMs: number };

/** Every mailbox in one: the mails, newest first, and the one that is open. */
export function mailboxSection(view: View, options: Options) {
  const { mailbox } = view.chosen;
  return html`
    <section class="mailbox" aria-labelledby="mailbox">
      <h2 id="mailbox">${mailbox ?? 'Mailbox'}</h2>
      <div class="window">
        <div id="mails" data-live>
          ${view.mails.length === 0 && html`<p class="waiting">Waiting for a mail</p>`}
          <ol class="mails">
            ${view.mails.map((one) => row(one, view, options.nowMs))}
          </ol>
          ${
            view.olderMails > 0 &&
            html`<p class="older">${view.olderMails} older: open a mail to see all of its mailbox</p>`
          }
        </div>
        <div id="mail" data-live>${view.opened && openedMail(view.opened, options)}</div>
      </div>
    </section>`;
}

function row({ mail, copiesDropped }: MailView, view: View, nowMs: number) {
  const mailbox = view.chosen.mailbox;
  const query = new URLSearchParams({ ...(mailbox ? { mailbox } : {}), mail: mail.id });
  const isOpen = view.opened?.mail.id === mail.id;
  return html`<li id="row-${mail.id}">
    <a href="/?${query.toString()}#mail" ${isOpen ? 'aria-current=true' : ''}>
      <span class="who">${mail.to}</span> ${time(mail.receivedAt, nowMs)}
      <span class="subject" dir="auto">${mail.subject}</span>
      ${mail.bounce && html`<span class="tag">${bounceWord[mail.bounce.kind]}</span>`}
      ${copiesDropped > 0 && html`<span class="tag">second copy dropped</span>`}
    </a>
  </li>`;
}

function openedMail({ mail, person, copiesDropped }: MailView, options: Options) {
  return html`<article class="mail" aria-labelledby="subject">
    <header>
      <h3 id="subject" dir="auto">${mail.subject}</h3>
      <p class="facts">From ${mail.from} · ${time(mail.receivedAt, options.nowMs)}</p>
      <p class="facts">To <a href="/?${new URLSearchParams({ mailbox: mail.to }).toString()}">${mail.to}</a></p>
      <div class="proofs">${proof(person)}</div>
    </header>
    ${notes(mail, copiesDropped, options.patientUrl).map((note) => html`<p class="note">${note}</p>`)}
    ${mail.html !== null && htmlPart(mail)}
    <details ${mail.html === null ? 'open' : ''}>
      <summary>Text part</summary>
      <p class="plain" dir="auto">${piecesOf(mail.text).map((piece) =>
        piece.link
          ? html`<a href="${piece.text}" target="_blank" rel="noreferrer">${piece.text}</a>`
          : piece.text,
      )}</p>
    </details>
    <details>
      <summary>${mail.headers.length} headers</summary>
      <dl class="headers">
        ${mail.headers.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}
        <dt>Return path (MAIL)</dt><dd>${mail.returnPath || 'none'}</dd>
      </dl>
    </details>
    ${oneClickUrl(mail) && unsubscribeForm(mail)}
  </article>`;
}

/** In a frame where no script runs and nothing is loaded; its links open beside the sandbox. */
function htmlPart(mail: AcceptedMail) {
  return html`<iframe src="/mail/${mail.id}/html" title="HTML part"
    sandbox="allow-popups allow-popups-to-escape-sandbox"></iframe>`;
}

function unsubscribeForm({ id, unsubscribed }: AcceptedMail) {
  const answer =
    unsubscribed === null
      ? undefined
      : unsubscribed === 0
        ? 'Nobody answered'
        : unsubscribed < 300
          ? `Unsubscribed (answer ${unsubscribed})`
          : `Refused (answer ${unsubscribed})`;
  return html`<form method="post" action="/mail/${id}/unsubscribe" class="unsubscribe">
    <button class="quiet">Unsubscribe</button>
    <p class="facts">${answer ?? 'As a mail program does it: List-Unsubscribe, one POST'}</p>
  </form>`;
}

const bounceWord: Record<Bounce['kind'], string> = {
  failed: 'bounced',
  delayed: 'delayed',
  auto_reply: 'answered by a machine',
};
const bounceState: Record<Bounce['state'], string> = {
  owed: 'on its way back',
  told: 'told to the return path',
  untold: 'told to nobody',
};

function notes(mail: AcceptedMail, copiesDropped: number, patientUrl: string): string[] {
  const copies = copiesDropped === 1 ? 'Second copy' : `${copiesDropped} more copies`;
  return [
    ...(mail.bounce
      ? [`${bounceWord[mail.bounce.kind]}: ${mail.bounce.says} (${bounceState[mail.bounce.state]})`]
      : []),
    ...(copiesDropped > 0 ? [`${copies} dropped: same Message-ID`] : []),
    ...marksOf(mail, patientUrl),
  ];
}
