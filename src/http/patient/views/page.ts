import assert from 'node:assert/strict';
import { html } from 'hono/html';
import { type Language, languages } from '../../../domain/language.ts';
import { textsIn } from '../../../texts/catalogue.ts';
import { stylesheet } from '../style.ts';

/** A piece of a page: what the `html` tag makes, every value in it escaped. */
export type Html = ReturnType<typeof html>;

/** The steps of the contract that programs may look for on `main`. */
export type Step = 'landing' | 'prove' | 'code' | 'details' | 'locked';

/**
 * The frame of every patient page.
 *
 * The title is one constant per language, so that a tab, a history or a shared screen says nothing;
 * there is no Open Graph for previews to show, no script, and nothing from elsewhere. The language
 * links are relative (`?lang=fr`), so the frame never holds the address it stands at: wherever a
 * page answers, a GET of the same path must answer too; a page that is shown once has no such links.
 */
export function page({
  language,
  step,
  failed = false,
  isShownOnce = false,
  content,
}: {
  language: Language;
  step?: Step;
  /** The page reports an error in what was entered. */
  failed?: boolean;
  /** What it tells cannot be asked for again. */
  isShownOnce?: boolean;
  content: Html;
}): string {
  const texts = textsIn(language);
  const main =
    step === undefined ? html`<main id="main">` : html`<main id="main" data-step="${step}">`;
  const document = html`<!doctype html>
<html lang="${texts.tag}" dir="${texts.direction}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="format-detection" content="telephone=no, date=no, address=no">
<title>${failed ? texts.errorTitlePrefix : ''}${texts.title}</title>
<link rel="stylesheet" href="${stylesheet.href}">
</head>
<body>
<a class="skip" href="#main">${texts.skipToContent}</a>
<header>
<p class="brand">${texts.title}</p>
${isShownOnce ? '' : html`<nav aria-label="${texts.languageMenu}"><ul class="languages">${languages.map((other) => languageItem(other, language))}</ul></nav>`}
</header>
${main}
${content}
</main>
<footer>
<p>${texts.help}</p>
<p><a class="tap" href="/check">${texts.checkLink}</a></p>
</footer>
</body>
</html>
`;
  // The tag turns asynchronous when a promise is put into it; views are pure and hold none.
  assert(!(document instanceof Promise));
  return document.toString();
}

function languageItem(other: Language, current: Language): Html {
  const { tag, direction, name } = textsIn(other);
  return other === current
    ? html`<li><span lang="${tag}" dir="${direction}" aria-current="true">${name}</span></li>`
    : html`<li><a href="?lang=${tag}" lang="${tag}" dir="${direction}" hreflang="${tag}">${name}</a></li>`;
}
