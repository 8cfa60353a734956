import { html } from 'hono/html';
import type { Faults } from '../faults.ts';
import { mailboxSection } from './mailbox.ts';
import { faultSentence, tools } from './panel.ts';
import { phoneArticle, spoken } from './phone.ts';
import type { View } from './view.ts';

/** The page that a newcomer sees first: phones and mailbox, and the providers' bad days above. */
export async function sandboxPage(input: {
  view: View;
  faults: Faults;
  patientUrl: string;
  nowMs: number;
}): Promise<string> {
  const { view } = input;
  return document(html`
    <header class="top">
      <p class="brand"><a href="/">Sotto</a> <span>sandbox</span></p>
      <nav aria-label="On this page">
        <a href="#phones-name">Phones</a>
        <a href="#mailbox">Mailbox</a>
        <a href="#sms-faults">Faults</a>
      </nav>
      <p class="local">Nothing leaves this computer.</p>
    </header>
    ${banner(input.faults)}
    <main>
      <div class="lead">
        <div>
          <h1>Messages arrive here</h1>
          ${explanation(view)}
        </div>
        <div class="actions">
          <a class="button quiet" href="${here(view)}">Refresh</a>
          <form method="post" action="/empty"><button class="quiet">Empty all</button></form>
        </div>
      </div>
      <p id="count" class="hidden" role="status" data-live>${count(view.received)}</p>
      <div class="desk">
        <section class="phones" aria-labelledby="phones-name">
          <h2 id="phones-name">${view.chosen.phone === undefined ? 'Phones' : spoken(view.chosen.phone)}</h2>
          <div class="grid" id="phones">
            ${view.phones.map((phone) => phoneArticle(phone, input))}
          </div>
          ${view.otherPhones > 0 && finder(view.otherPhones)}
        </section>
        ${mailboxSection(view, input)}
      </div>
      ${tools(input.faults)}
    </main>`);
}

/** What the page says when a form could not be taken. */
export async function problemPage(problems: readonly string[]): Promise<string> {
  return document(html`
    <main class="single">
      <h1>That was not taken</h1>
      <ul>${problems.map((problem) => html`<li>${problem}</li>`)}</ul>
      <p><a href="/">Back to the sandbox</a></p>
    </main>`);
}

async function document(body: ReturnType<typeof html>): Promise<string> {
  return String(
    await html`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <title>Sotto sandbox: phones and mailbox</title>
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <link rel="icon" href="/favicon.svg" type="image/svg+xml">
    <link rel="stylesheet" href="/sandbox.css">
    <script src="/sandbox.js" type="module"></script>
  </head>
  <body>${body}</body>
</html>`,
  );
}

function banner(faults: Faults) {
  const sentence = faultSentence(faults);
  return html`<div id="banner" data-live>${
    sentence &&
    html`<section class="banner" aria-label="Faults in force">
      <p>${sentence}</p>
      <form method="post" action="/no-faults"><button>Back to normal</button></form>
    </section>`
  }</div>`;
}

function explanation(view: View) {
  const people =
    view.phones.some(({ person }) => person) || view.mails.some(({ person }) => person);
  return html`<div id="explanation" data-live>
    <p>Open a link as the patient would: by itself it says nothing. ${
      people &&
      'Then type what that person knows: the PIN told when booking, the birth date, or a code that comes to the phone.'
    }</p>
    ${
      view.received === 0 &&
      html`<p class="empty">No message yet. <code>npm start</code> sends the demo’s reminders within seconds, and they
      appear here by themselves. To send one of your own, book an appointment with the command that
      <code>npm start</code> printed.</p>`
    }
  </div>`;
}

function here({ chosen }: View): string {
  const query = new URLSearchParams({ ...chosen }).toString();
  return query === '' ? '/' : `/?${query}`;
}

function finder(otherPhones: number) {
  return html`<form class="finder" action="/">
    <label for="phone">${otherPhones} more ${otherPhones === 1 ? 'phone' : 'phones'}. Show one:</label>
    <input id="phone" name="phone" type="tel" placeholder="+33639980001" required>
    <button>Show</button>
  </form>`;
}

function count(received: number): string {
  return `${received} ${received === 1 ? 'message' : 'messages'} received`;
}
