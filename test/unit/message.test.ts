import fc from 'fast-check';
import { SegmentedMessage } from 'sms-segments-calculator';
import { describe, expect, it } from 'vitest';
import { type Language, languages } from '../../src/domain/language.ts';
import { Secret } from '../../src/domain/secret.ts';
import { codeHost, renderCode } from '../../src/message/render-code.ts';
import { renderMessage } from '../../src/message/render-message.ts';
import { smsAlphabet } from '../../src/message/sms-alphabet.ts';
import { messageTexts } from '../../src/texts/catalogue.ts';
import {
  anyLanguage,
  anyToken,
  hosts,
  someCode,
  someLink,
  someToken,
} from '../support/message-samples.ts';

function sms(language: Language, link = someLink, optOut = true): string {
  const message = renderMessage({ language, channel: 'sms', link: new Secret(link), optOut });
  expect(message.channel).toBe('sms');
  return message.text.reveal();
}

function email(language: Language, link = someLink) {
  const message = renderMessage({
    language,
    channel: 'email',
    link: new Secret(link),
    optOut: true,
  });
  if (message.channel !== 'email') throw new Error('not an email');
  return { subject: message.subject, text: message.text.reveal(), html: message.html.reveal() };
}

function codeSms(language: Language, linkHostUrl = hosts.longest, code = someCode): string {
  return renderCode({ language, host: codeHost(linkHostUrl), code: new Secret(code) }).reveal();
}

describe('a message says nothing', () => {
  it('is the constant sentence and the link, whatever the appointment says', () => {
    const details = fc.record({
      practitioner: fc.string(),
      specialty: fc.string(),
      place: fc.string(),
      organisation: fc.string(),
      start: fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
    });
    fc.assert(
      fc.property(anyLanguage, anyToken, fc.boolean(), details, (language, token, optOut, more) => {
        const link = `${hosts.longest}/${token}`;
        const input = { ...more, language, link: new Secret(link), optOut };
        const short = renderMessage({ ...input, channel: 'sms' });
        const constant = messageTexts[language].sms[optOut ? 'withOptOut' : 'plain'];
        expect(short.text.reveal()).toBe(constant + link);
        const long = renderMessage({ ...input, channel: 'email' });
        expect(long.text.reveal()).toBe(email(language).text.replace(someToken, () => token));
      }),
    );
  });

  it('does not print itself', () => {
    const link = new Secret(someLink);
    const code = new Secret(someCode);
    const messages = [
      renderMessage({ language: 'fr', channel: 'sms', link, optOut: true }),
      renderMessage({ language: 'fr', channel: 'email', link, optOut: true }),
      renderCode({ language: 'fr', host: 'localhost', code }),
    ];
    const printed = messages.map((message) => `${message} ${JSON.stringify(message)}`).join();
    expect(printed).not.toContain(someToken);
    expect(printed).not.toContain(someCode);
  });

  it('is one GSM-7 segment, two of UCS-2 in Arabic, with the longest link that the settings allow', () => {
    const rows = languages.flatMap((language) =>
      ([false, true] as const).map((optOut) => {
        const text = sms(language, someLink, optOut);
        const measured = new SegmentedMessage(text);
        expect(measured.numberOfCharacters).toBe(text.length);
        return `${language} ${measured.getEncodingName()} ${measured.segmentsCount} ${text.length} | ${text.slice(0, -someLink.length)}`;
      }),
    );
    expect(hosts.longest).toHaveLength(24);
    expect(rows).toMatchInlineSnapshot(`
      [
        "fr GSM-7 1 129 | Vous avez un rappel. Pour le lire : ",
        "fr GSM-7 1 158 | Vous avez un rappel. Pour stopper, répondez STOP. Pour le lire : ",
        "en GSM-7 1 126 | You have a reminder. To read it: ",
        "en GSM-7 1 149 | You have a reminder. Reply STOP to opt out. To read it: ",
        "de GSM-7 1 131 | Sie haben eine Erinnerung. Zum Lesen: ",
        "de GSM-7 1 157 | Sie haben eine Erinnerung. Zum Abmelden STOP senden. Zum Lesen: ",
        "es GSM-7 1 129 | Tiene un recordatorio. Para leerlo: ",
        "es GSM-7 1 155 | Tiene un recordatorio. Para darse de baja: STOP. Para leerlo: ",
        "it GSM-7 1 125 | Ha un promemoria. Per leggerlo: ",
        "it GSM-7 1 154 | Ha un promemoria. Per non riceverne più: STOP. Per leggerlo: ",
        "nl GSM-7 1 130 | U hebt een herinnering. Om te lezen: ",
        "nl GSM-7 1 155 | U hebt een herinnering. Afmelden: antwoord STOP. Om te lezen: ",
        "ar UCS-2 2 114 | لديك تذكير. لقراءته: ",
        "ar UCS-2 2 134 | لديك تذكير. لوقف الرسائل: STOP. لقراءته: ",
      ]
    `);
  });

  it('names STOP only where the sender can receive it, and before the link', () => {
    for (const language of languages) {
      expect(sms(language, someLink, false)).not.toContain('STOP');
      expect(sms(language)).toMatch(/STOP.*https:/);
      expect(email(language).text).not.toContain('STOP');
    }
  });
});

describe('a code by SMS', () => {
  it('ends with the line by which a phone binds it to our host, and holds no address', () => {
    for (const language of languages) {
      expect(codeSms(language).split('\n').at(-1)).toBe(`@r.exemple-rdv.fr #${someCode}`);
      expect(codeSms(language, hosts.sandbox).split('\n').at(-1)).toBe(`@localhost #${someCode}`);
      expect(codeSms(language)).not.toContain('/');
    }
  });

  it('fits its segments in every language', () => {
    const rows = languages.map((language) => {
      const text = codeSms(language);
      const measured = new SegmentedMessage(text);
      expect(measured.segmentsCount).toBeLessThanOrEqual(smsAlphabet(language).segmentsMax);
      return `${language} ${measured.getEncodingName()} ${measured.segmentsCount} ${text.length} | ${text.replaceAll('\n', '⏎')}`;
    });
    expect(rows).toMatchInlineSnapshot(`
      [
        "fr GSM-7 1 72 | Votre code : 024681. Ne le donnez à personne.⏎⏎@r.exemple-rdv.fr #024681",
        "en GSM-7 1 71 | Your code: 024681. Do not give it to anyone.⏎⏎@r.exemple-rdv.fr #024681",
        "de GSM-7 1 79 | Ihr Code: 024681. Geben Sie ihn an niemanden weiter.⏎⏎@r.exemple-rdv.fr #024681",
        "es GSM-7 1 65 | Su clave: 024681. No se la dé a nadie.⏎⏎@r.exemple-rdv.fr #024681",
        "it GSM-7 1 71 | Il suo codice: 024681. Non lo dia a nessuno.⏎⏎@r.exemple-rdv.fr #024681",
        "nl GSM-7 1 66 | Uw code: 024681. Deel deze met niemand.⏎⏎@r.exemple-rdv.fr #024681",
        "ar UCS-2 1 67 | رمزك: 024681. الرجاء عدم إعطائه لأي شخص.⏎⏎@r.exemple-rdv.fr #024681",
      ]
    `);
  });
});

describe('an email', () => {
  it.each(languages)('in %s holds our link, and in HTML that link once to follow', (language) => {
    const { subject, text, html } = email(language);
    expect(subject).not.toContain('://');
    expect(text.split('\n')).toContain(someLink);
    expect(text.match(/\S+:\/\/\S+/g)).toEqual([someLink]);
    expect(html.match(/href="(.*?)"/g)).toEqual([`href="${someLink}"`]);
    expect(html.match(/[a-z]+:\/\/[\w./-]+/g)).toEqual([someLink, someLink]);
  });

  it.each(languages)('in %s is read in its own language and direction', (language) => {
    const { html } = email(language);
    const direction = language === 'ar' ? 'rtl' : 'ltr';
    expect(html).toContain(`<html lang="${language}" dir="${direction}">`);
    expect(html).toContain(`<div lang="${language}" dir="${direction}" `);
    const { link } = messageTexts[language].email;
    expect(html.match(/<a [^>]*>(.*?)<\/a>/)?.[1]).toBe(link);
  });

  it.each(languages)('in %s says the same as text and as HTML', (language) => {
    const { text, html } = email(language);
    const shown = html.replace(/<head>[\s\S]*<\/head>/, '').replace(/<[^>]*>/g, '\n');
    for (const line of text.split('\n').filter(Boolean)) expect(shown).toContain(line);
  });

  it('loads nothing, and sets no colour that a dark screen would lose', () => {
    for (const language of languages) {
      const { html } = email(language);
      expect(html).not.toMatch(/<(img|script|style|link|iframe|object|svg|form)|\bsrc|url\(/i);
      expect(html.match(/(?:color|background)[^:;"]*:/g) ?? []).toEqual([]);
      expect(html).toContain('<meta name="color-scheme" content="light dark">');
    }
  });

  it('reads, in French, exactly so', () => {
    const { subject, text, html } = email('fr');
    expect({ subject, text }).toMatchInlineSnapshot(`
      {
        "subject": "Vous avez un rappel",
        "text": "Vous avez un rappel.

      Pour le lire, ouvrez ce lien :
      https://r.exemple-rdv.fr/aXy-_Xy-_Xy-_Xy-_Xy-_Xy-_Xy-_Xy-_Xy-_Xy-_Xy-_Xy-_Xy-_Xy-_Xy-_Xy-_Zz0

      Nous ne demandons jamais d’argent ni de mot de passe.

      Pour ne plus recevoir ces e-mails, utilisez « Se désabonner » dans votre messagerie.
      ",
      }
    `);
    expect(html).toMatchInlineSnapshot(`
      "<!doctype html>
      <html lang="fr" dir="ltr">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta name="color-scheme" content="light dark">
      <meta name="supported-color-schemes" content="light dark">
      <title>Vous avez un rappel</title>
      </head>
      <body style="margin:0">
      <div lang="fr" dir="ltr" style="max-width:34em;margin:0 auto;padding:24px 16px;font-family:sans-serif;font-size:18px;line-height:1.5">
      <h1 style="margin:0 0 16px;font-size:24px;line-height:1.25">Vous avez un rappel.</h1>
      <p style="margin:0 0 12px">Pour le lire, ouvrez ce lien :</p>
      <p style="margin:0 0 24px"><a href="https://r.exemple-rdv.fr/aXy-_Xy-_Xy-_Xy-_Xy-_Xy-_Xy-_Xy-_Xy-_Xy-_Xy-_Xy-_Xy-_Xy-_Xy-_Xy-_Zz0" style="display:inline-block;padding:12px 20px;border:2px solid;border-radius:8px;font-weight:bold">Lire le rappel</a></p>
      <p style="margin:0 0 12px">Nous ne demandons jamais d’argent ni de mot de passe.</p>
      <p style="margin:0 0 12px">Pour ne plus recevoir ces e-mails, utilisez « Se désabonner » dans votre messagerie.</p>
      <p style="margin:0;font-size:14px">L’adresse du lien :<br><span dir="ltr" style="word-break:break-all">https://r.exemple-rdv.fr/aXy-_Xy-_Xy-_Xy-_Xy-_Xy-_Xy-_Xy-_Xy-_Xy-_Xy-_Xy-_Xy-_Xy-_Xy-_Xy-_Zz0</span></p>
      </div>
      </body>
      </html>
      "
    `);
  });
});
