import { html } from 'hono/html';
import type { Channel } from '../../../domain/channel.ts';
import type { Language } from '../../../domain/language.ts';
import { textsIn } from '../../../texts/catalogue.ts';
import { formToken } from './button-form.ts';
import { page } from './page.ts';

/**
 * What stopping messages means, and the one button that does it. Opening this page stops nothing.
 *
 * It names neither the number nor the address: whoever sees the screen learns neither.
 */
export function optOutPage({
  language,
  channel,
  path,
  form,
  backPath,
}: {
  language: Language;
  channel: Channel;
  /** Where the button posts `answer=stop`. */
  path: string;
  /** The form token, where there is a session. */
  form?: string | undefined;
  backPath?: string | undefined;
}): string {
  const texts = textsIn(language).optOut;
  return page({
    language,
    content: html`<h1>${texts.heading}</h1>
<p>${texts.stops[channel]}</p>
<p>${texts.everywhere}</p>
<p>${texts.unchanged}</p>
<form method="post" action="${path}">
${form && formToken(form)}
<button name="answer" value="stop">${texts.button}</button>
</form>
${backPath && html`<p><a class="tap" href="${backPath}">${texts.back}</a></p>`}`,
  });
}

/** What was stopped, that it changes no appointment, and how to get messages again. */
export function optOutDonePage({
  language,
  channel,
  canReply,
  detailsPath,
}: {
  language: Language;
  channel: Channel;
  /** Whether the number that messages come from reads replies. */
  canReply: boolean;
  /** Where there is a session to go back to. */
  detailsPath?: string | undefined;
}): string {
  const { optOut: texts, details } = textsIn(language);
  return page({
    language,
    content: html`<h1>${texts.doneHeading}</h1>
<p>${texts.stopped[channel]} ${texts.onItsWay}</p>
<p>${texts.everywhere}</p>
<p>${texts.unchanged}</p>
<p>${channel === 'sms' && canReply ? texts.againByReply : texts.again}</p>
${detailsPath && html`<p><a class="tap" href="${detailsPath}">${details.heading}</a></p>`}`,
  });
}
