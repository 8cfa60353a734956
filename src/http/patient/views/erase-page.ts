import { html } from 'hono/html';
import type { Language } from '../../../domain/language.ts';
import { rightsTextsIn } from '../../../texts/catalogue.ts';
import type { ToldErasure } from '../../../usecases/erase-for-recipient.ts';
import { paths } from '../paths.ts';
import { formToken } from './button-form.ts';
import { page } from './page.ts';

/** The answer that erases the reminder and leaves the passkeys of its reader. */
export const keepPasskeys = 'erase_but_passkeys';

/**
 * What erasing means, and the button that does it. Opening this page erases nothing.
 *
 * Only its reader knows whether their passkeys open anything else that they want: who has some is asked.
 */
export function erasePage({
  language,
  form,
  hasPasskeys,
}: {
  language: Language;
  form: string;
  hasPasskeys: boolean;
}): string {
  const { erase: texts, passkeys: passkeyTexts } = rightsTextsIn(language);
  const ask = (
    answer: string,
    label: string,
    look: '' | 'quiet',
  ) => html`<form method="post" action="${paths.erase}">
${formToken(form)}
<button name="answer" value="${answer}"${look && html` class="quiet"`}>${label}</button>
</form>`;
  return page({
    language,
    content: html`<h1>${texts.heading}</h1>
${texts.paragraphs.map((paragraph) => html`<p>${paragraph}</p>`)}
${hasPasskeys ? html`<p>${passkeyTexts.warning}</p>` : ''}
${ask('erase', texts.button, '')}
${hasPasskeys ? ask(keepPasskeys, passkeyTexts.keep, 'quiet') : ''}
<p><a class="tap" href="${paths.details}">${texts.back}</a></p>`,
  });
}

/**
 * That it is gone, with the receipt to keep. Link and session are over: to ask for another language would lead
 * to a page that knows nothing of it.
 */
export function erasedPage({
  language,
  receipt,
  passkeys,
}: { language: Language } & ToldErasure): string {
  const { erased: texts, passkeys: passkeyTexts } = rightsTextsIn(language);
  return page({
    language,
    isShownOnce: true,
    content: html`<h1>${texts.heading}</h1>
${texts.paragraphs.map((paragraph) => html`<p>${paragraph}</p>`)}
${passkeys > 0 ? html`<p>${passkeyTexts.removed}</p>` : ''}
<h2><label for="receipt">${texts.receiptHeading}</label></h2>
<p>${texts.receiptHint}</p>
<textarea id="receipt" class="receipt" dir="ltr" rows="8" readonly>${receipt}</textarea>`,
  });
}
