import { html } from 'hono/html';
import { type Faults, receiptModes, type SmsFaults, sendModes } from '../faults.ts';
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
const shares: readonly (readonly [rate: number, words: string])[] = [
  [1, 'every message'],
  [0.5, 'every second message'],
  [0.25, 'every fourth message'],
  [0.1, 'every tenth message'],
];

/** What misbehaves on purpose, in a sentence. @returns undefined when nothing does */
export function faultSentence({ sms }: Faults): string | undefined {
  const some: string[] = [];
  if (sms.rate > 0 && sms.mode !== 'ok') some.push(`the provider ${sendWords[sms.mode]}`);
  if (sms.rate > 0 && sms.receipts !== 'ok') {
    const words = receiptWords[sms.receipts];
    some.push(sms.receipts === 'forged' ? words : `receipts ${words}`);
  }
  const parts: string[] = [];
  if (some.length > 0) {
    const share = sms.rate < 1 ? `for ${shareWords(sms.rate)} ` : '';
    parts.push(`${share}${some.join(' and ')}`);
  }
  if (sms.listLagSeconds > 0) parts.push(`the list lags ${sms.listLagSeconds} seconds`);
  if (sms.forceRedaction) parts.push('the provider keeps no text');
  return parts.length === 0 ? undefined : `Misbehaving on purpose: ${parts.join('; ')}.`;
}

function shareWords(rate: number): string {
  return shares.find(([known]) => known === rate)?.[1] ?? `${Math.round(rate * 100)} % of messages`;
}

/** The provider's bad days, to be had at will. */
export function faultForm({ sms }: Faults) {
  const rates = shares.some(([rate]) => rate === sms.rate)
    ? shares
    : [[sms.rate, shareWords(sms.rate)] as const, ...shares];
  return html`
    <section class="card" aria-labelledby="faults">
      <h2 id="faults">Misbehave on purpose</h2>
      <p class="why">A provider has bad days. Nobody may get a reminder twice, or none, because of one.</p>
      <form method="post" action="/phone/faults">
        ${select('mode', 'The provider', sendModes, (mode) => sendWords[mode], sms.mode)}
        ${select('receipts', 'Receipts', receiptModes, (mode) => receiptWords[mode], sms.receipts)}
        <label for="rate">For</label>
        <select id="rate" name="rate">
          ${rates.map(([rate, words]) => option(String(rate), words, rate === sms.rate))}
        </select>
        <label for="listLagSeconds">The list lags by (seconds)</label>
        <input id="listLagSeconds" name="listLagSeconds" type="number" min="0" max="3600" value="${sms.listLagSeconds}">
        <label class="check">
          <input type="checkbox" name="forceRedaction" ${sms.forceRedaction ? 'checked' : ''}>
          The provider keeps no text
        </label>
        <p class="buttons"><button>Apply</button></p>
      </form>
    </section>`;
}

function select<T extends string>(
  name: string,
  label: string,
  values: readonly T[],
  words: (value: T) => string,
  current: T,
) {
  return html`
    <label for="${name}">${label}</label>
    <select id="${name}" name="${name}">
      ${values.map((value) => option(value, words(value), value === current))}
    </select>`;
}

function option(value: string, words: string, chosen: boolean) {
  return html`<option value="${value}" ${chosen ? 'selected' : ''}>${words}</option>`;
}

/** Numbers that misbehave by themselves, and what programs can ask. */
export function reference() {
  return html`
    <details class="card">
      <summary><h2>Magic numbers</h2></summary>
      <p class="why">A number that ends so behaves so, always; +33 6 39 98 and the ending is a fictional one.</p>
      <table>
        <thead><tr><th scope="col">Ending</th><th scope="col">What happens</th></tr></thead>
        <tbody>
          ${magicNumbers.map(({ ending, says }) => html`<tr><td><code>${ending}</code></td><td>${says}</td></tr>`)}
        </tbody>
      </table>
      <p class="why">The numbers of Twilio’s test credentials (+1 500 555 0001 and so on) do as they do there.</p>
    </details>
    <details class="card">
      <summary><h2>For programs</h2></summary>
      <dl>
        <dt><code>GET /messages</code></dt><dd>what the phones received, oldest first; <code>?after=ID</code></dd>
        <dt><code>DELETE /messages</code></dt><dd>empties the phones</dd>
        <dt><code>GET /ledger</code></dt><dd>every text ever accepted, and how many times</dd>
        <dt><code>PUT /faults</code></dt><dd><code>{"sms":{"mode":"500","rate":0.5}}</code></dd>
        <dt><code>POST /replies</code></dt><dd><code>{"to":"+33…","text":"STOP"}</code></dd>
        <dt><code>/2010-04-01/Accounts/…</code></dt><dd>Twilio’s Messages API, with signed status callbacks</dd>
      </dl>
    </details>`;
}
