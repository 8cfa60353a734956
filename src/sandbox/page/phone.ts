import { html } from 'hono/html';
import { parsePhoneNumberFromString } from 'libphonenumber-js';
import type { AcceptedSms } from '../accepted.ts';
import { piecesOf } from '../links.ts';
import { sizeOfSms } from '../sms-size.ts';
import { proof } from './proof.ts';
import { time } from './time.ts';
import type { Entry, PhoneView } from './view.ts';

/** More than these are no slip but another script. */
const fewCharacters = 6;

/** One phone: whose it is, what it received, and a way to answer. */
export function phoneArticle(phone: PhoneView, options: { patientUrl: string; nowMs: number }) {
  const id = `phone-${phone.number.replace(/\D/g, '')}`;
  const name = spoken(phone.number);
  return html`
    <article class="phone" id="${id}" aria-labelledby="${id}-name">
      <header>
        <h3 id="${id}-name">${name}</h3>
        ${proof(phone.person)}
      </header>
      <div class="screen" id="${id}-screen" data-live>
        ${
          phone.older > 0 &&
          html`<p class="older"><a href="/?phone=${encodeURIComponent(phone.number)}">${phone.older} older</a></p>`
        }
        ${phone.entries.length === 0 && html`<p class="waiting">Waiting for a message</p>`}
        <ol>
          ${phone.entries.map((entry) => entryItem(entry, id, options))}
        </ol>
        ${
          phone.optedOut &&
          html`<p class="note">Opted out: messages to this phone are refused (21610) until it replies START.</p>`
        }
      </div>
      <footer>
        <form method="post" action="/phone/reply" class="reply">
          <input type="hidden" name="to" value="${phone.number}">
          <input name="text" aria-label="Reply from ${name}" placeholder="Reply" required maxlength="1600" autocomplete="off">
          <button class="quiet">Send</button>
        </form>
        <form method="post" action="/phone/reply">
          <input type="hidden" name="to" value="${phone.number}">
          <button name="text" value="STOP" class="quiet" aria-label="Reply STOP from ${name}">Reply STOP</button>
        </form>
      </footer>
    </article>`;
}

function entryItem(entry: Entry, phoneId: string, options: { patientUrl: string; nowMs: number }) {
  if (entry.kind === 'typed') {
    return html`<li class="typed" id="${phoneId}-${Date.parse(entry.at)}">
      <p class="text" dir="auto">${entry.reply.text}</p>
      <p class="facts">${time(entry.at, options.nowMs)}</p>
    </li>`;
  }
  const { message } = entry;
  return html`<li class="received" id="${message.id}">
    <p class="text" dir="auto">${piecesOf(message.text).map((piece) =>
      piece.link
        ? html`<a href="${piece.text}" target="_blank" rel="noreferrer">${piece.text}</a>`
        : piece.text,
    )}</p>
    <p class="facts">${time(message.receivedAt, options.nowMs)} · ${size(message)} · ${progress(message)}</p>
    ${warnings(message, options.patientUrl).map((warning) => html`<p class="note">${warning}</p>`)}
  </li>`;
}

function size({ length, encoding, segments }: AcceptedSms): string {
  return `${length} characters · ${encoding} · ${segments} ${segments === 1 ? 'segment' : 'segments'}`;
}

function progress({ provider }: AcceptedSms): string {
  return provider.errorCode === null
    ? provider.status
    : `${provider.status} (${provider.errorCode})`;
}

/** What a reminder should never be: costly, or leading elsewhere than to the patient pages. */
function warnings(message: AcceptedSms, patientUrl: string): string[] {
  const found: string[] = [];
  const { beyondGsm } = sizeOfSms(message.text);
  const cost = `costs as much as ${message.segments} messages`;
  if (beyondGsm.length > 0) {
    const few = beyondGsm.length <= fewCharacters;
    const cause = few ? `Not in GSM-7: ${beyondGsm.join(' ')}` : 'A script beyond GSM-7';
    found.push(message.segments > 1 ? `${cause} (${cost})` : cause);
  } else if (message.segments > 1) {
    found.push(`Too long: ${cost}`);
  }
  const elsewhere = piecesOf(message.text).some(
    (piece) => piece.link && !piece.text.startsWith(`${patientUrl}/`),
  );
  if (elsewhere) found.push(`A link leads elsewhere than to ${patientUrl}`);
  return found;
}

/** A number with the spaces that people know it by. */
export function spoken(number: string): string {
  return parsePhoneNumberFromString(number)?.formatInternational() ?? number;
}
