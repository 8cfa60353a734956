import { html } from 'hono/html';
import type { HeldData } from '../../../domain/held-data.ts';
import { type Language, languages } from '../../../domain/language.ts';
import { rightsTextsIn, textsIn } from '../../../texts/catalogue.ts';
import { writeDay } from '../../../texts/written-appointment-time.ts';
import { paths } from '../paths.ts';
import { buttonForm } from './button-form.ts';
import { detailRows, row, stateNotice, whenRow } from './details-page.ts';
import { type Html, page } from './page.ts';

/** Everything that is held about the reader, with the ways to a copy and to its end. */
export function heldPage({
  language,
  held,
  startsAt,
  form,
}: {
  language: Language;
  held: HeldData;
  /** Of the appointment. */
  startsAt: Date;
  form: string;
}): string {
  const texts = textsIn(language);
  const rights = rightsTextsIn(language);
  const { details, recipient, timeZone, durationMinutes } = held.appointment;
  const state = held.state === 'cancelled' ? 'cancelled' : 'booked';
  const start = Temporal.Instant.fromEpochMilliseconds(startsAt.getTime());
  const dayOf = (at: Temporal.Instant) =>
    writeDay(texts, at.toZonedDateTimeISO(timeZone).toPlainDate());
  const birthDate =
    recipient.birthDate && writeDay(texts, Temporal.PlainDate.from(recipient.birthDate));
  const spoken = languages.find((one) => one === recipient.language);
  return page({
    language,
    content: html`<h1>${rights.heading}</h1>
<p>${rights.intro}</p>
<h2>${rights.fromBooking}</h2>
${stateNotice(texts, state)}
<dl>
${whenRow(texts, { state, startsAt: start, timeZone })}
${detailRows(texts, { ...details, durationMinutes, state: 'booked' })}
${row(rights.yourPhone, recipient.phone && ltr(recipient.phone))}
${row(rights.yourEmail, recipient.email && ltr(recipient.email))}
${row(rights.yourLanguage, spoken ? textsIn(spoken).name : recipient.language)}
${row(rights.yourBirthDate, birthDate)}
${row(rights.yourAccount, recipient.subject && ltr(recipient.subject))}
${row(rights.yourPin, recipient.pin && rights.pinSet)}
</dl>
<h2>${rights.messages}</h2>
<ul>${held.reminders.map(
      ({ channel, at, state: became }) =>
        html`<li>${rights.channels[channel]}, ${dayOf(at)}: ${rights.states[became]}</li>`,
    )}</ul>
${
  held.passkeys.length > 0
    ? html`<h2>${texts.passkeys.yours}</h2>
<ul>${held.passkeys.map(
        ({ tag, createdOn, usedOn }) =>
          html`<li>${rights.passkeys.one({
            tag,
            madeOn: writeDay(texts, createdOn),
            usedOn: writeDay(texts, usedOn),
          })}</li>`,
      )}</ul>`
    : ''
}
${held.stoppedSince && html`<p>${rights.stoppedSince(dayOf(held.stoppedSince))}</p>`}
<p>${rights.keptUntil(dayOf(held.keptUntil))}</p>
${buttonForm({ method: 'post', path: paths.held, form }, rights.download, 'quiet')}
<p><a class="tap" href="${paths.erase}">${rights.eraseLink}</a></p>
<p><a class="tap" href="${paths.details}">${rights.back}</a></p>`,
  });
}

/** A number or an address reads from left to right in every script. */
function ltr(text: string): Html {
  return html`<bdi dir="ltr">${text}</bdi>`;
}
