import { html } from 'hono/html';
import type { Language } from '../../../domain/language.ts';
import { textsIn } from '../../../texts/catalogue.ts';
import type { PatientTexts } from '../../../texts/patient-texts.ts';
import type { ToldPasskey } from '../../../usecases/passkeys.ts';
import { buttonForm } from './button-form.ts';
import { page } from './page.ts';
import { passkeyForm } from './passkey-form.ts';
import { errorSummary } from './question.ts';

/** What came of making one. */
export type PasskeysNews = keyof PatientTexts['passkeys']['news'];

/** The passkeys of somebody who has proved who they are: what they are, to make one, to remove one. */
export function passkeysPage({
  language,
  passkeys,
  path,
  form,
  options,
  backPath,
  news,
}: {
  language: Language;
  passkeys: readonly ToldPasskey[];
  path: string;
  form: string;
  options: object;
  backPath: string;
  news?: PasskeysNews | undefined;
}): string {
  const { passkeys: texts, title, ...whole } = textsIn(language);
  const day = (text: string) => whole.writeDate(Temporal.PlainDate.from(text));
  const isFailed = news !== undefined && news !== 'made';
  const item = ({ id, tag, createdOn }: ToldPasskey) => html`<li>
<p><strong>${title} ${tag}</strong>, ${day(createdOn)}</p>
${buttonForm({ method: 'post', path: `${path}/${id}/remove`, form }, texts.remove(tag), 'quiet')}
</li>`;
  return page({
    language,
    failed: isFailed,
    content: html`${isFailed && errorSummary(language, texts.news[news])}
${news === 'made' ? html`<p class="state" role="status">${texts.news.made}</p>` : ''}
<h1>${texts.heading}</h1>
${texts.about.map((paragraph) => html`<p>${paragraph}</p>`)}
${passkeyForm({ ...{ language, path, form, options }, use: 'create', label: texts.make })}
${passkeys.length > 0 ? html`<h2>${texts.yours}</h2><ul class="passkeys">${passkeys.map(item)}</ul>` : ''}
<p><a class="tap" href="${backPath}">${texts.back}</a></p>`,
  });
}
