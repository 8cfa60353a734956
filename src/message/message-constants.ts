import { directionOf, type Language } from '../domain/language.ts';
import { messageTexts } from '../texts/catalogue.ts';

/** The parts of an email, `{link}` standing where the link goes. */
export interface EmailConstants {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

/** The constant sentence of an SMS; the link follows it. */
export function smsSentence(language: Language, optOut: boolean): string {
  const { sms } = messageTexts[language];
  return optOut ? sms.withOptOut : sms.plain;
}

/**
 * The SMS with a code, `{code}` and `{host}` standing where they go.
 *
 * By its last line a phone offers the code on that host and on no other, so that a page that only
 * looks like ours is not filled in.
 *
 * @see https://wicg.github.io/sms-one-time-codes/
 */
export function codeConstant(language: Language): string {
  return `${messageTexts[language].code}\n\n@{host} #{code}`;
}

/**
 * The email: the same few words as text and as HTML.
 *
 * The HTML loads nothing and sets no colour, so that mail programs show it light or dark as they
 * show everything else. Language and direction stand on an element of the body too, since many
 * programs drop `html` and `head`. The link has words of its own, and stands once more written out,
 * for those who look where it goes.
 */
export function emailConstants(language: Language): EmailConstants {
  const { subject, opening, reading, link, never, stopping, address } =
    messageTexts[language].email;
  const attributes = `lang="${language}" dir="${directionOf(language)}"`;
  return {
    subject,
    text: `${[opening, `${reading}\n{link}`, never, stopping].join('\n\n')}\n`,
    html: `<!doctype html>
<html ${attributes}>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title>${subject}</title>
</head>
<body style="margin:0">
<div ${attributes} style="max-width:34em;margin:0 auto;padding:24px 16px;font-family:sans-serif;font-size:18px;line-height:1.5">
<h1 style="margin:0 0 16px;font-size:24px;line-height:1.25">${opening}</h1>
<p style="margin:0 0 12px">${reading}</p>
<p style="margin:0 0 24px"><a href="{link}" style="display:inline-block;padding:12px 20px;border:2px solid;border-radius:8px;font-weight:bold">${link}</a></p>
<p style="margin:0 0 12px">${never}</p>
<p style="margin:0 0 12px">${stopping}</p>
<p style="margin:0;font-size:14px">${address}<br><span dir="ltr" style="word-break:break-all">{link}</span></p>
</div>
</body>
</html>
`,
  };
}
