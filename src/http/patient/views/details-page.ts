import { html } from 'hono/html';
import { parsePhoneNumberFromString } from 'libphonenumber-js';
import type { AppointmentDetails } from '../../../domain/appointment.ts';
import type { Language } from '../../../domain/language.ts';
import { textsIn } from '../../../texts/catalogue.ts';
import type { PatientTexts } from '../../../texts/patient-texts.ts';
import { writeAppointmentTime, writeDuration } from '../../../texts/written-appointment-time.ts';
import { buttonForm } from './button-form.ts';
import { type Html, page } from './page.ts';

/** The appointment as the patient may see it after proof, in the clear. */
export interface AppointmentView extends AppointmentDetails {
  readonly state: 'booked' | 'moved' | 'cancelled';
  readonly startsAt: Temporal.Instant;
  /** IANA zone of the place. */
  readonly timeZone: string;
  /** Left out when the booking system did not say: a page must not make a duration up. */
  readonly durationMinutes?: number | undefined;
}

/** How long the session lasts, and the ways out of it. */
export interface SessionControls {
  readonly form: string;
  readonly leavePath: string;
  readonly moreTimePath: string;
  /** Where messages can be stopped. */
  readonly stopPath: string;
  /** Where it stands what is held, for who may see it. */
  readonly held?: { readonly path: string; readonly label: string } | undefined;
  /** Where passkeys are made and removed, for whoever may. */
  readonly passkeysPath?: string;
  readonly endsInMinutes: number;
  /** Whether more time can still be had; false near the end of the whole session. */
  readonly extendable: boolean;
}

/** Where to be and when: everything, said plainly, after proof. */
export function detailsPage({
  language,
  appointment,
  session,
}: {
  language: Language;
  appointment: AppointmentView;
  session: SessionControls;
}): string {
  const texts = textsIn(language);
  const cancelled = appointment.state === 'cancelled';
  return page({
    language,
    step: 'details',
    content: html`<h1>${texts.details.heading}</h1>
${stateNotice(texts, appointment.state)}
<dl>
${whenRow(texts, appointment)}
${detailRows(texts, appointment)}
</dl>
<p>${cancelled ? texts.details.again : texts.details.change}</p>
${sessionControls(texts, session)}`,
  });
}

/** What the booking system said of it, time and state left out; of a cancelled one what still counts. */
export function detailRows(
  texts: PatientTexts,
  appointment: Omit<AppointmentView, 'startsAt' | 'timeZone'>,
): Html {
  const cancelled = appointment.state === 'cancelled';
  return html`${row(texts.details.for, appointment.for)}
${row(texts.details.practitioner, appointment.practitioner)}
${row(texts.details.specialty, appointment.specialty)}
${row(texts.details.place, placeText(appointment))}
${row(texts.details.duration, cancelled ? undefined : durationText(texts, appointment))}
${row(texts.details.instructions, cancelled ? undefined : appointment.instructions)}
${row(texts.details.reason, appointment.reason)}
${row(texts.details.phone, appointment.phone && phoneLink(appointment.phone))}`;
}

/** That it was moved or cancelled, before anything else. */
export function stateNotice(texts: PatientTexts, state: AppointmentView['state']): Html | '' {
  if (state === 'moved') return html`<p class="state">${texts.details.moved}</p>`;
  if (state === 'cancelled') {
    return html`<p class="state cancelled">${texts.details.cancelled}</p>`;
  }
  return '';
}

/** When it is, on the clock of where it is. */
export function whenRow(
  texts: PatientTexts,
  { state, startsAt, timeZone }: Pick<AppointmentView, 'state' | 'startsAt' | 'timeZone'>,
): Html {
  const written = writeAppointmentTime(texts, startsAt, timeZone);
  const label = state === 'cancelled' ? texts.details.plannedFor : texts.details.when;
  return html`<div><dt>${label}</dt><dd><time datetime="${written.machine}">${written.date} <span class="clock">${written.time}</span></time> <span class="zone">(${written.zone})</span></dd></div>`;
}

/** One line of the list; nothing at all when there is nothing to say. */
export function row(label: string, value: string | Html | undefined): Html | '' {
  if (!value) return '';
  return html`<div><dt>${label}</dt><dd dir="auto">${value}</dd></div>`;
}

function placeText({ place }: Pick<AppointmentView, 'place'>): string {
  return [place?.name, place?.address].filter(Boolean).join('\n');
}

function durationText(
  texts: PatientTexts,
  { durationMinutes }: Pick<AppointmentView, 'durationMinutes'>,
): string {
  return durationMinutes ? writeDuration(texts, durationMinutes) : '';
}

/** Grouped for the eye and the ear; what cannot be read as a number is shown as it came. */
function phoneLink(phone: string): Html | string {
  const parsed = parsePhoneNumberFromString(phone);
  if (!parsed) return phone;
  return html`<a class="tap" href="${parsed.getURI()}">${parsed.formatInternational()}</a>`;
}

/** How to leave, and how to stay. */
export function sessionControls(texts: PatientTexts, session: SessionControls): Html {
  const left = writeDuration(texts, session.endsInMinutes);
  const leave = { method: 'post', path: session.leavePath, form: session.form } as const;
  const moreTime = { method: 'post', path: session.moreTimePath, form: session.form } as const;
  return html`<div class="end">
<p>${texts.details.leaveHint}</p>
${buttonForm(leave, texts.details.leave, 'main')}
<p>${session.extendable ? texts.details.closesIn(left) : texts.details.closesFinally(left)}</p>
${session.extendable ? buttonForm(moreTime, texts.details.moreTime, 'quiet') : ''}
${session.passkeysPath && html`<p><a class="tap" href="${session.passkeysPath}">${texts.passkeys.link}</a></p>`}
<p><a class="tap" href="${session.stopPath}">${texts.optOut.link}</a></p>
${session.held && html`<p><a class="tap" href="${session.held.path}">${session.held.label}</a></p>`}
</div>`;
}
