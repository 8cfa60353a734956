import { html } from 'hono/html';
import {
  bounceModes,
  type EmailFaults,
  type Faults,
  mailModes,
  readModes,
  receiptModes,
  type SmsFaults,
  sendModes,
} from '../faults.ts';
import { magicAddresses } from '../magic-addresses.ts';
import { magicNumbers } from '../magic-numbers.ts';

const sendWords: Record<SmsFaults['mode'], string> = {
  ok: 'works',
  '429': 'answers 429, too many requests',
  '500': 'answers 500',
  'timeout-after-accept': 'accepts, then never answers',
  reset: 'cuts the connection, keeps nothing',
};
const receiptWords: Record<SmsFaults['receipts'], string> = {
  ok: 'arrive: sent, then delivered',
  lost: 'never arrive',
  late: 'arrive 30 seconds late',
  doubled: 'arrive twice',
  reordered: 'arrive in the wrong order',
  forged: 'a forged one arrives first',
};
const readWords: Record<SmsFaults['reads'], string> = {
  ok: 'work',
  '500': 'answer 500',
  timeout: 'never answer',
};
const mailWords: Record<EmailFaults['mode'], string> = {
  ok: 'works',
  '429': 'refuses for now at MAIL (450)',
  '500': 'refuses after the message (554)',
  'timeout-after-accept': 'accepts, then never answers',
  reset: 'cuts the connection, keeps nothing',
  'reject-connection': 'refuses the connection (554)',
  '421': 'closes at MAIL (421)',
  'reject-mail': 'refuses the sender (550)',
  'reject-rcpt': 'refuses the recipient (550)',
  'reject-rcpt-later': 'refuses the recipient for now (450)',
  'reject-data': 'refuses DATA (554)',
  'cut-before-354': 'cuts the connection at DATA, before 354',
  'cut-after-354': 'cuts the connection after 354, keeps nothing',
  'reject-message': 'refuses the message (550)',
  'reject-message-later': 'refuses the message for now (451)',
  'cut-after-accept': 'accepts, then cuts the connection',
  bounce: 'accepts, then bounces',
};
const bounceWords: Record<EmailFaults['bounces'], string> = {
  ok: 'arrive',
  lost: 'never arrive',
  late: 'arrive 30 seconds late',
  doubled: 'arrive twice',
};
const shares: readonly (readonly [rate: number, words: string])[] = [
  [1, 'every message'],
  [0.5, 'every second message'],
  [0.25, 'every fourth message'],
  [0.1, 'every tenth message'],
];

/** What misbehaves on purpose, in a sentence. @returns undefined when nothing does */
export function faultSentence({ sms, email }: Faults): string | undefined {
  const parts: string[] = [];
  if (sms.rate > 0) {
    const receipts = receiptWords[sms.receipts];
    const some = [
      ...(sms.mode === 'ok' ? [] : [`the SMS provider ${sendWords[sms.mode]}`]),
      ...(sms.receipts === 'ok'
        ? []
        : [sms.receipts === 'forged' ? receipts : `receipts ${receipts}`]),
    ];
    if (some.length > 0) parts.push(`${shareOf(sms.rate)}${some.join(' and ')}`);
  }
  if (sms.reads !== 'ok') parts.push(`look-ups and deletions ${readWords[sms.reads]}`);
  if (sms.listLagSeconds > 0) parts.push(`the list lags ${sms.listLagSeconds} seconds`);
  if (sms.forceRedaction) parts.push('the SMS provider keeps no text');
  if (email.rate > 0) {
    const some = [
      ...(email.mode === 'ok' ? [] : [`the mail server ${mailWords[email.mode]}`]),
      ...(email.bounces === 'ok' ? [] : [`bounces ${bounceWords[email.bounces]}`]),
    ];
    if (some.length > 0) parts.push(`${shareOf(email.rate)}${some.join(' and ')}`);
  }
  return parts.length === 0 ? undefined : `Misbehaving on purpose: ${parts.join('; ')}.`;
}

function shareOf(rate: number): string {
  return rate < 1 ? `for ${shareWords(rate)} ` : '';
}

function shareWords(rate: number): string {
  return shares.find(([known]) => known === rate)?.[1] ?? `${Math.round(rate * 100)} % of messages`;
}

/** The providers' bad days, to be had at will, and what else there is to know. */
export function tools(faults: Faults) {
  return html`<div class="tools">
    ${smsForm(faults)}
    ${emailForm(faults)}
    ${magic()}
    ${forPrograms()}
  </div>`;
}

function smsForm({ sms }: Faults) {
  return html`
    <section class="card" aria-labelledby="sms-faults">
      <h2 id="sms-faults">SMS: misbehave on purpose</h2>
      <p class="why">A provider has bad days. Nobody may get a reminder twice, or none, because of one.</p>
      <form method="post" action="/faults/sms">
        ${select('sms-mode', 'mode', 'The provider', sendModes, (mode) => sendWords[mode], sms.mode)}
        ${select('receipts', 'receipts', 'Receipts', receiptModes, (mode) => receiptWords[mode], sms.receipts)}
        ${rates('sms-rate', sms.rate)}
        ${select('reads', 'reads', 'Look-ups and deletions', readModes, (mode) => readWords[mode], sms.reads)}
        <label for="listLagSeconds">The list lags by (seconds)</label>
        <input id="listLagSeconds" name="listLagSeconds" type="number" min="0" max="3600" value="${sms.listLagSeconds}">
        <label class="check">
          <input type="checkbox" name="forceRedaction" ${sms.forceRedaction ? 'checked' : ''}>
          The provider keeps no text
        </label>
        <p class="buttons"><button>Apply to SMS</button></p>
      </form>
    </section>`;
}

function emailForm({ email }: Faults) {
  return html`
    <section class="card" aria-labelledby="email-faults">
      <h2 id="email-faults">Email: misbehave on purpose</h2>
      <p class="why">At each step of handing a mail over, and after it.</p>
      <form method="post" action="/faults/email">
        ${select('email-mode', 'mode', 'The mail server', mailModes, (mode) => mailWords[mode], email.mode)}
        ${select('bounces', 'bounces', 'Bounces', bounceModes, (mode) => bounceWords[mode], email.bounces)}
        ${rates('email-rate', email.rate)}
        <p class="buttons"><button>Apply to email</button></p>
      </form>
    </section>`;
}

function rates(id: string, current: number) {
  const known = shares.some(([rate]) => rate === current)
    ? shares
    : [[current, shareWords(current)] as const, ...shares];
  return html`
    <label for="${id}">For</label>
    <select id="${id}" name="rate">
      ${known.map(([rate, words]) => option(String(rate), words, rate === current))}
    </select>`;
}

function select<T extends string>(
  id: string,
  name: string,
  label: string,
  values: readonly T[],
  words: (value: T) => string,
  current: T,
) {
  return html`
    <label for="${id}">${label}</label>
    <select id="${id}" name="${name}">
      ${values.map((value) => option(value, words(value), value === current))}
    </select>`;
}

function option(value: string, words: string, chosen: boolean) {
  return html`<option value="${value}" ${chosen ? 'selected' : ''}>${words}</option>`;
}

function magic() {
  return html`
    <details class="card">
      <summary><h2>Magic numbers and addresses</h2></summary>
      <p class="why">A number that ends so behaves so, always; +33 6 39 98 and the ending is a fictional one.</p>
      ${endings(magicNumbers)}
      <p class="why">The numbers of Twilio’s test credentials (+1 500 555 0001 and so on) do as they do there.</p>
      <p class="why">An address behaves by what stands before its @, as in patient9005@example.com.</p>
      ${endings(magicAddresses)}
    </details>`;
}

function endings(rows: readonly { ending: string; says: string }[]) {
  return html`<table>
    <thead><tr><th scope="col">Ending</th><th scope="col">What happens</th></tr></thead>
    <tbody>
      ${rows.map(({ ending, says }) => html`<tr><td><code>${ending}</code></td><td>${says}</td></tr>`)}
    </tbody>
  </table>`;
}

function forPrograms() {
  return html`
    <details class="card">
      <summary><h2>For programs</h2></summary>
      <dl>
        <dt><code>GET /messages</code></dt><dd>what phones and mailboxes received, oldest first; <code>?after=ID</code></dd>
        <dt><code>DELETE /messages</code></dt><dd>empties them</dd>
        <dt><code>GET /ledger</code></dt><dd>every text ever accepted, and how many times</dd>
        <dt><code>PUT /faults</code></dt><dd><code>{"sms":{"mode":"500","rate":0.5}}</code> <code>{"email":{"mode":"reject-rcpt"}}</code></dd>
        <dt><code>POST /replies</code></dt><dd><code>{"to":"+33…","text":"STOP"}</code></dd>
        <dt><code>/2010-04-01/Accounts/…</code></dt><dd>Twilio’s Messages API, with signed status callbacks</dd>
        <dt>SMTP</dt><dd>at SANDBOX_SMTP_PORT, one recipient a message, bounces to the return path</dd>
      </dl>
    </details>`;
}
