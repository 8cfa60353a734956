import fc from 'fast-check';
import { SegmentedMessage } from 'sms-segments-calculator';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type Language, languages } from '../../src/domain/language.ts';
import { Secret } from '../../src/domain/secret.ts';
import { assertNeutral, LeakGuardError } from '../../src/message/leak-guard.ts';
import { lintMessages } from '../../src/message/lint-messages.ts';
import { renderMessage } from '../../src/message/render-message.ts';
import { smsTexts } from '../../src/message/sms-texts.ts';

const hosts = { production: 'https://r.exemple-rdv.fr', sandbox: 'http://localhost:3001' };
const base64url = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'];
const token = fc
  .tuple(
    fc.constantFrom('a', 'b'),
    fc.array(fc.constantFrom(...base64url), { minLength: 66, maxLength: 66 }),
    fc.constantFrom(...'AEIMQUYcgkosw048'),
  )
  .map(([selector, middle, last]) => selector + middle.join('') + last);
const someToken = `a${'Xy-_'.repeat(16)}Zz0`;
const language = fc.constantFrom(...languages);

function rendered(language: Language, link: string, optOut = true): string {
  return renderMessage({ language, channel: 'sms', link: new Secret(link), optOut }).reveal();
}

function guard(text: string, change: Partial<Parameters<typeof assertNeutral>[0]> = {}): void {
  assertNeutral({
    text: new Secret(text),
    link: new Secret(`${hosts.production}/${someToken}`),
    language: 'fr',
    channel: 'sms',
    optOut: true,
    linkHostUrl: hosts.production,
    ...change,
  });
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
      fc.property(language, token, fc.boolean(), details, (language, token, optOut, details) => {
        const link = `${hosts.production}/${token}`;
        const text = renderMessage({
          ...details,
          language,
          channel: 'sms',
          link: new Secret(link),
          optOut,
        }).reveal();
        const constant = smsTexts[language][optOut ? 'withOptOut' : 'plain'];
        expect(text.slice(0, constant.length)).toBe(constant);
        expect(text.slice(constant.length)).toBe(link);
      }),
    );
  });

  it('does not print itself', () => {
    const link = new Secret(`${hosts.production}/${someToken}`);
    const text = renderMessage({ language: 'fr', channel: 'sms', link, optOut: true });
    expect(`${text} ${JSON.stringify({ text })}`).not.toContain(someToken);
  });

  it('is one GSM-7 segment in every language with the longest link that the settings allow', () => {
    const rows = languages.flatMap((language) =>
      ([false, true] as const).map((optOut) => {
        const text = rendered(language, `${hosts.production}/${someToken}`, optOut);
        const sms = new SegmentedMessage(text);
        expect(sms.numberOfCharacters).toBe(text.length);
        return `${language} ${sms.getEncodingName()} ${sms.segmentsCount} ${text.length} | ${smsTexts[language][optOut ? 'withOptOut' : 'plain']}`;
      }),
    );
    expect(hosts.production).toHaveLength(24);
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
      ]
    `);
  });

  it('names STOP only where the sender can receive it, and before the link', () => {
    for (const language of languages) {
      const link = `${hosts.production}/${someToken}`;
      expect(rendered(language, link, false)).not.toContain('STOP');
      expect(rendered(language, link, true)).toMatch(/STOP.*https:/);
    }
  });
});

describe('the leak guard', () => {
  it('passes what the renderer makes, for every language, link and host', () => {
    fc.assert(
      fc.property(
        language,
        token,
        fc.boolean(),
        fc.constantFrom(...Object.values(hosts)),
        (language, token, optOut, linkHostUrl) => {
          const link = new Secret(`${linkHostUrl}/${token}`);
          const text = renderMessage({ language, channel: 'sms', link, optOut });
          assertNeutral({ text, link, language, channel: 'sms', optOut, linkHostUrl });
        },
      ),
    );
  });

  const good = rendered('fr', `${hosts.production}/${someToken}`);
  it.each<[string, string]>([
    ['one word more', good.replace('rappel', 'rappel important')],
    ['a name', good.replace('Vous', 'Léa, vous')],
    ['one character less', good.slice(1)],
    ['another host', good.replace('exemple', 'exempla')],
    ['two links', `${good} ${hosts.production}/${someToken}`],
    ['the link twice, once as the sentence', `${hosts.production}/${someToken} ${good}`],
    ['a trailing space', `${good} `],
    ['a trailing newline', `${good}\n`],
    ['a homoglyph', good.replace('Vous', 'V\u043eus')],
    ['an accent composed otherwise', good.normalize('NFD')],
    ['a no-break space', good.replace(' : ', '\u00a0: ')],
    ['the sentence of another language', rendered('en', `${hosts.production}/${someToken}`)],
    ['the sentence without STOP', rendered('fr', `${hosts.production}/${someToken}`, false)],
    ['another token', good.replace('Xy-_', 'Yx-_')],
    ['nothing', ''],
  ])('refuses %s', (_, text) => {
    expect(text).not.toBe(good);
    expect(() => guard(text)).toThrow(LeakGuardError);
  });

  it.each<[string, string]>([
    ['of another host of the same length', `https://r.exempla-rdv.fr/${someToken}`],
    ['of a host that begins like ours', `${hosts.production}.evil.example/${someToken}`],
    ['with a longer path', `${hosts.production}/x/${someToken}`],
    ['with a query', `${hosts.production}/${someToken}?clinic=1`],
    ['with a word in place of the token', `${hosts.production}/cardiologie`],
    ['one character short', `${hosts.production}/${someToken.slice(1)}`],
    ['with spare bits set in the MAC', `${hosts.production}/${someToken.slice(0, -1)}1`],
    ['with a newline at its end', `${hosts.production}/${someToken}\n`],
    ['on http', `http://r.exemple-rdv.fr/${someToken}`],
  ])('refuses a link %s, even when the text matches it', (_, link) => {
    const text = rendered('fr', link);
    expect(() => guard(text, { link: new Secret(link) })).toThrow(LeakGuardError);
  });

  it('refuses a message that needs a second segment', () => {
    const linkHostUrl = `${hosts.production}.longer`;
    const link = `${linkHostUrl}/${someToken}`;
    const text = rendered('fr', link);
    expect(() => guard(text, { link: new Secret(link), linkHostUrl })).toThrow(LeakGuardError);
  });

  it('gives away nothing but its code', () => {
    const error = (() => {
      try {
        guard(`${good} Dr. Moreau`);
      } catch (error) {
        return error as LeakGuardError;
      }
      return undefined;
    })();
    expect({ ...error, message: error?.message, cause: error?.cause }).toEqual({
      code: 'LEAK_GUARD',
      message: 'LEAK_GUARD',
      name: 'LeakGuardError',
      cause: undefined,
    });
  });
});

describe('the lint at the start', () => {
  afterEach(() => {
    vi.doUnmock('../../src/message/sms-texts.ts');
    vi.resetModules();
  });

  /** Loads guard and lint beside texts in which French says something else. */
  async function withFrench(text: string | undefined) {
    vi.resetModules();
    const french = text === undefined ? undefined : { plain: text, withOptOut: text };
    vi.doMock('../../src/message/sms-texts.ts', () => ({
      smsTexts: { ...smsTexts, fr: french },
    }));
    const { lintMessages } = await import('../../src/message/lint-messages.ts');
    const { assertNeutral } = await import('../../src/message/leak-guard.ts');
    return { lint: lintMessages({ linkHostUrl: hosts.sandbox, optOut: true }), assertNeutral };
  }

  it.each(Object.entries(hosts))(
    'finds nothing to say about our texts on the %s host',
    (_, url) => {
      expect(lintMessages({ linkHostUrl: url, optOut: true })).toEqual([]);
      expect(lintMessages({ linkHostUrl: url, optOut: false })).toEqual([]);
    },
  );

  it.each<[string | undefined, string]>([
    [undefined, 'fr: has no text'],
    ['Reçu : ', 'fr: is not GSM-7'],
    [`${'Un rappel. '.repeat(7)}`, 'fr: needs 2 segments with the longest link, not 1'],
    ['Un rappel :', 'fr: runs into the link'],
    ['Rappel 12 : ', 'fr: holds a digit'],
    ['Vrai ? Voir exemple.fr. Lire : ', 'fr: holds an address'],
    ['Votre rendez-vous : ', 'fr: says "rendez"'],
    ['Un rappel médical : ', 'fr: says "medic"'],
    ['Pour annuler, CANCEL : ', 'fr: says "cancel"'],
  ])('refuses %j', async (text, problem) => {
    expect((await withFrench(text)).lint).toContain(problem);
  });

  it('finds a host too long for one segment', () => {
    expect(lintMessages({ linkHostUrl: `${hosts.production}.fr`, optOut: true })).not.toEqual([]);
  });

  it('has a guard behind it that refuses a second address or a rich alphabet in the constants', async () => {
    for (const sentence of ['Voir https://x.fr ou : ', 'Reçu : ']) {
      const { assertNeutral } = await withFrench(sentence);
      const link = `${hosts.production}/${someToken}`;
      expect(() =>
        assertNeutral({
          text: new Secret(sentence + link),
          link: new Secret(link),
          language: 'fr',
          channel: 'sms',
          optOut: true,
          linkHostUrl: hosts.production,
        }),
      ).toThrow('LEAK_GUARD');
    }
  });
});
