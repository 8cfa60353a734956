import { afterEach, describe, expect, it, vi } from 'vitest';
import { Secret } from '../../src/domain/secret.ts';
import { lintMessages } from '../../src/message/lint-messages.ts';
import { messageTexts } from '../../src/texts/catalogue.ts';
import type { EmailText, MessageTexts } from '../../src/texts/message-texts.ts';
import { hosts, someLink } from '../support/message-samples.ts';

type Changes = {
  sms?: string;
  code?: string;
  email?: Partial<EmailText>;
};

/** Loads guard, renderer and lint beside texts in which a language says something else. */
async function withTexts(language: 'fr' | 'ar', changes: Changes | undefined) {
  vi.resetModules();
  const before = messageTexts[language];
  const changed = changes && {
    sms: changes.sms === undefined ? before.sms : { plain: changes.sms, withOptOut: changes.sms },
    code: changes.code ?? before.code,
    email: { ...before.email, ...changes.email },
  };
  vi.doMock('../../src/texts/catalogue.ts', () => ({
    messageTexts: { ...messageTexts, [language]: changed satisfies MessageTexts | undefined },
  }));
  const { lintMessages } = await import('../../src/message/lint-messages.ts');
  const { assertNeutral } = await import('../../src/message/leak-guard.ts');
  const { renderMessage } = await import('../../src/message/render-message.ts');
  const lint = lintMessages({ linkHostUrl: hosts.sandbox, optOut: true });
  return { lint, assertNeutral, renderMessage };
}

describe('the lint at the start', () => {
  afterEach(() => {
    vi.doUnmock('../../src/texts/catalogue.ts');
    vi.resetModules();
  });

  it.each(Object.entries(hosts))(
    'finds nothing to say about any of our messages on the %s host',
    (_, linkHostUrl) => {
      expect(lintMessages({ linkHostUrl, optOut: true })).toEqual([]);
      expect(lintMessages({ linkHostUrl, optOut: false })).toEqual([]);
    },
  );

  it.each<[string | undefined, string]>([
    [undefined, 'fr: has no text'],
    ['Reçu : ', 'fr: is not GSM-7'],
    ['Un {rappel} : ', 'fr: holds a character outside its alphabet'],
    [`${'Un rappel. '.repeat(7)}`, 'fr: needs 2 segments at its longest, not 1'],
    ['Un rappel :', 'fr: runs into the link'],
    ['Rappel 12 : ', 'fr: holds a digit'],
    ['Vrai ? Voir exemple.fr. Lire : ', 'fr: holds an address'],
    ['Votre rendez-vous : ', 'fr: says "rendez"'],
    ['Un rappel médical : ', 'fr: says "medic"'],
    ['Pour annuler, CANCEL : ', 'fr: says "cancel"'],
  ])('refuses %j as a French SMS', async (sms, problem) => {
    const changes = sms === undefined ? undefined : { sms };
    expect((await withTexts('fr', changes)).lint).toContain(problem);
  });

  it.each<[string, string]>([
    ['لديك موعد: ', 'ar: says "موعد"'],
    ['لديك مَوْعِد: ', 'ar: says "موعد"'],
    ['تذكير من الطبيب: ', 'ar: says "طب"'],
    ['تذكير من الدكتور: ', 'ar: says "دكتور"'],
    ['تذكير من وزارة الصحة: ', 'ar: says "صح"'],
    ['تذكير من المستشفى: ', 'ar: says "مستشف"'],
    ['تذكير: غدًا ', 'ar: says "غدا"'],
    ['تذكير: اليوم ', 'ar: says "اليوم"'],
    ['لإلغاء الموعد: ', 'ar: says "الغاء"'],
    ['تذكير ١٢: ', 'ar: holds a digit'],
    [`${'لديك تذكير. '.repeat(5)}`, 'ar: needs 3 segments at its longest, not 2'],
    ['You have a reminder: ', 'ar: is not UCS-2'],
    ['لديك\u200f تذكير: ', 'ar: holds a character outside its alphabet'],
  ])('refuses %j as an Arabic SMS', async (sms, problem) => {
    expect((await withTexts('ar', { sms })).lint).toContain(problem);
  });

  it.each<[Changes, string]>([
    [{ code: 'Reçu : {code}.' }, 'fr: code: is not GSM-7'],
    [{ code: 'Votre code.' }, 'fr: code: does not hold {code} once'],
    [{ code: 'Votre code médical : {code}.' }, 'fr: code: says "medic"'],
    [{ code: 'Votre code : {code}. Valable 10 minutes.' }, 'fr: code: holds a digit'],
    [
      { code: `Votre code : {code}. ${'Ne le donnez pas. '.repeat(8)}` },
      'fr: code: needs 2 segments at its longest, not 1',
    ],
    [{ email: { subject: 'Votre rendez-vous' } }, 'fr: email: says "rendez"'],
    [{ email: { subject: 'Un rappel\r\nBcc: x' } }, 'fr: email: has a subject of several lines'],
    [{ email: { opening: 'Demain, vous avez un rappel.' } }, 'fr: email: says "demain"'],
    [{ email: { never: '' } }, 'fr: email: has an empty text'],
    [{ email: { link: 'Lire le <b>rappel</b>' } }, 'fr: email: holds markup'],
    [{ email: { link: 'Ouvrir {link}' } }, 'fr: email: holds a hole'],
    [{ email: { address: 'Voir exemple.fr' } }, 'fr: email: holds an address'],
    [{ email: { stopping: 'Annulez par retour.' } }, 'fr: email: says "annul"'],
  ])('refuses %j', async (changes, problem) => {
    expect((await withTexts('fr', changes)).lint).toContain(problem);
  });

  it('finds a host too long for one segment', () => {
    expect(lintMessages({ linkHostUrl: `${hosts.longest}.fr`, optOut: true })).not.toEqual([]);
  });

  it.each<[string, 'sms' | 'email', Changes]>([
    ['a second address in an SMS', 'sms', { sms: 'Voir https://x.fr ou : ' }],
    ['a rich alphabet in an SMS', 'sms', { sms: 'Reçu : ' }],
    ['a second address in an email', 'email', { email: { never: 'Voir https://x.fr' } }],
    ['an address in a subject', 'email', { email: { subject: 'https://x.fr' } }],
    ['a header in a subject', 'email', { email: { subject: 'Un rappel\r\nBcc: x' } }],
    ['an image in an email', 'email', { email: { never: '<img alt="">' } }],
    ['a script in an email', 'email', { email: { never: '<script></script>' } }],
    ['a handler in an email', 'email', { email: { never: '<p onclick="x()">' } }],
    ['a resource in an email', 'email', { email: { never: '<p style="background:url(x)">' } }],
    ['the link once more in an email', 'email', { email: { never: '{link}' } }],
  ])('has a guard behind it that refuses %s in the constants', async (_, channel, changes) => {
    const { assertNeutral, renderMessage } = await withTexts('fr', changes);
    const link = new Secret(someLink);
    const input = { language: 'fr', channel, link, optOut: true } as const;
    const message = renderMessage(input);
    expect(() => assertNeutral({ ...input, message, linkHostUrl: hosts.longest })).toThrow(
      'LEAK_GUARD',
    );
  });
});
