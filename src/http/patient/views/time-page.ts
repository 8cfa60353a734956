import { html } from 'hono/html';
import type { Language } from '../../../domain/language.ts';
import { textsIn } from '../../../texts/catalogue.ts';
import {
  type AppointmentView,
  type SessionControls,
  sessionControls,
  stateNotice,
  whenRow,
} from './details-page.ts';
import { type Way, waysList } from './other-ways.ts';
import { page } from './page.ts';

/** After a birth date: when, and whether it still is; nothing else, and the ways to the rest. */
export function timePage({
  language,
  appointment,
  ways,
  session,
}: {
  language: Language;
  appointment: Pick<AppointmentView, 'state' | 'startsAt' | 'timeZone'>;
  ways: readonly Way[];
  session: SessionControls;
}): string {
  const texts = textsIn(language);
  return page({
    language,
    step: 'details',
    content: html`<h1>${texts.details.heading}</h1>
${stateNotice(texts, appointment.state)}
<dl>
${whenRow(texts, appointment)}
</dl>
<h2>${texts.details.restHeading}</h2>
<p>${texts.details.rest}</p>
${waysList(language, ways)}
<p>${texts.prove.call}</p>
${sessionControls(texts, session)}`,
  });
}
