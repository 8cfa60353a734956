import { html } from 'hono/html';
import type { Language } from '../../../domain/language.ts';
import { rightsTextsIn } from '../../../texts/rights-texts.ts';
import { paths } from '../paths.ts';
import { formToken } from './button-form.ts';
import { page } from './page.ts';

/** What erasing means, and the one button that does it. Opening this page erases nothing. */
export function erasePage({ language, form }: { language: Language; form: string }): string {
  const texts = rightsTextsIn(language).erase;
  return page({
    language,
    content: html`<h1>${texts.heading}</h1>
${texts.paragraphs.map((paragraph) => html`<p>${paragraph}</p>`)}
<form method="post" action="${paths.erase}">
${formToken(form)}
<button name="answer" value="erase">${texts.button}</button>
</form>
<p><a class="tap" href="${paths.details}">${texts.back}</a></p>`,
  });
}

/** That it is gone, with the receipt to keep. */
export function erasedPage({ language, receipt }: { language: Language; receipt: string }): string {
  const texts = rightsTextsIn(language).erased;
  return page({
    language,
    content: html`<h1>${texts.heading}</h1>
${texts.paragraphs.map((paragraph) => html`<p>${paragraph}</p>`)}
<h2><label for="receipt">${texts.receiptHeading}</label></h2>
<p>${texts.receiptHint}</p>
<textarea id="receipt" class="receipt" dir="ltr" rows="8" readonly>${receipt}</textarea>`,
  });
}
