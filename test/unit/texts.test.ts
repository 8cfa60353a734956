import { describe, expect, it } from 'vitest';
import { directionOf, type Language, languages } from '../../src/domain/language.ts';
import { messageTexts, rightsTextsIn, textsIn } from '../../src/texts/catalogue.ts';

/** Every text of a language by the path to it; a function is written with an argument. */
function textsByPath(value: unknown, path = ''): [path: string, text: string][] {
  if (typeof value === 'string') return [[path, value]];
  if (typeof value === 'function') {
    return path.startsWith('.write') ? [] : [[path, String(value('§'))]];
  }
  return Object.entries(value ?? {}).flatMap(([key, inner]) =>
    textsByPath(inner, `${path}.${key}`),
  );
}

/** What the pages and messages of a language say; names of directions, parts and tags left out. */
function wordsOf(language: Language): Map<string, string> {
  const all = [
    ...textsByPath(textsIn(language)),
    ...textsByPath(messageTexts[language], '.messages'),
  ];
  return new Map(all.filter(([path]) => !/^\.(?:tag|direction)$|\.part$/.test(path)));
}

const words = new Map(languages.map((language) => [language, wordsOf(language)]));
const latin = languages.filter((language) => directionOf(language) === 'ltr');

function eachText(language: Language): [path: string, text: string][] {
  return [...(words.get(language) ?? [])];
}

describe.each(languages)('the texts in %s', (language) => {
  it('have the same shape as in every other language', () => {
    const paths = (each: Language) => eachText(each).map(([path]) => path);
    expect(paths(language).length).toBeGreaterThan(140);
    expect(paths(language).toSorted()).toEqual(paths('en').toSorted());
  });

  it('say which language they are and which way it runs', () => {
    expect(textsIn(language).tag).toBe(language);
    expect(textsIn(language).direction).toBe(language === 'ar' ? 'rtl' : 'ltr');
    expect(textsIn(language).direction).toBe(directionOf(language));
  });

  it('leave nothing empty and no space astray', () => {
    const spaced = /^\.(?:errorTitlePrefix|messages\.sms\..*)$/;
    for (const [path, text] of eachText(language)) {
      expect(text.trim(), path).not.toBe('');
      expect(spaced.test(path) ? text.trimEnd() : text, path).toBe(text.trim());
      expect(text, path).not.toMatch(/ {2}|[\n\t\u200b\u202a-\u202e\u2066-\u2069]/);
    }
  });

  it('speak of the same numbers as every other language', () => {
    const numbers = (text = '') => (text.match(/\d+/g) ?? []).toSorted();
    for (const [path, text] of eachText(language)) {
      expect(numbers(text), path).toEqual(numbers(words.get('en')?.get(path)));
    }
  });

  it('put what they are given into the sentence', () => {
    for (const [path, text] of eachText('en').filter(([, text]) => text.includes('§'))) {
      expect(words.get(language)?.get(path)?.split('§').length, path).toBe(text.split('§').length);
    }
  });

  it('ask for day, month and year, each once', () => {
    const parts = textsIn(language).birthDate.fields.map(({ part }) => part);
    expect(parts.toSorted()).toEqual(['day', 'month', 'year']);
  });

  it('name no practice, no profession and no health before proof', () => {
    const revealing =
      /\bsant[eé]|m[eé]di[czk]|docteur|doct|hospita|hôpital|clini|klini|cabinet|patient|pazient|paciente|arzt|praxis|kranken|gesund|salud|salute|gezondh|dokter|praktij|dottor|ospedal|ziekenhui|عياد|طبيب|طبي|دكتور|مستشف|صح[ةيت]/i;
    for (const [path, text] of eachText(language)) {
      if (path.startsWith('.details.')) continue;
      expect(text, path).not.toMatch(revealing);
    }
  });

  it('promise the same as the messages: what the check page calls the sentences', () => {
    expect(textsIn(language).landing.heading).toBe(messageTexts[language].email.subject);
    expect(messageTexts[language].email.opening).toBe(`${messageTexts[language].email.subject}.`);
  });
});

describe('the catalogue', () => {
  it('leaves nothing untranslated', () => {
    const same = languages.flatMap((one, index) =>
      languages.slice(index + 1).flatMap((other) =>
        eachText(one)
          .filter(([path, text]) => words.get(other)?.get(path) === text)
          .map(([path, text]) => `${one} ${other} ${path}: ${text}`),
      ),
    );
    expect(same).toMatchInlineSnapshot(`
      [
        "en es .errorTitlePrefix: Error: ",
        "es it .details.practitioner: Con",
        "es it .details.reason: Motivo",
      ]
    `);
  });

  it('names each language in itself', () => {
    expect(languages.map((language) => textsIn(language).name)).toEqual([
      'Français',
      'English',
      'Deutsch',
      'Español',
      'Italiano',
      'Nederlands',
      'العربية',
    ]);
  });

  it('has a word for the PIN that no code by SMS goes by, and the other way round', () => {
    const terms: Record<Language, [pin: RegExp, code: RegExp]> = {
      fr: [/code personnel/i, /code(?! personnel| de votre carte)/i],
      en: [/\bPIN\b/, /\bcode/i],
      de: [/\bPIN\b/, /\bcode/i],
      es: [/\bPIN\b/, /\bclave|código/i],
      it: [/\bPIN\b/, /\bcodic/i],
      nl: [/pincode/i, /\bcode/i],
      ar: [/الرقم السري|رقمك السري|رقم سري/, /رمز/],
    };
    for (const language of languages) {
      const { pin, code } = textsIn(language);
      const [pinWord, codeWord] = terms[language];
      const said = (value: unknown) => textsByPath(value).map(([, text]) => text);
      expect(said(pin).join('\n')).toMatch(pinWord);
      expect(said(pin).join('\n')).not.toMatch(codeWord);
      // The page on what is held calls it the same.
      expect(rightsTextsIn(language).yourPin).toMatch(pinWord);
      expect(said(code).join('\n')).toMatch(codeWord);
      expect(said(code).join('\n')).not.toMatch(pinWord);
      expect(messageTexts[language].code).toMatch(codeWord);
      expect(messageTexts[language].code).not.toMatch(pinWord);
    }
  });
});

describe('the typography', () => {
  it.each(latin)('of %s has curly signs and a dash for nothing', (language) => {
    for (const [path, text] of eachText(language)) {
      expect(text, path).not.toMatch(/["]|\.\.\.|--|[\u0600-\u06ff]/);
      // GSM-7 has no curly apostrophe.
      if (!/^\.messages\.(?:sms|code)/.test(path)) expect(text, path).not.toContain("'");
    }
  });

  it('sets a no-break space before high signs in French and nowhere else', () => {
    for (const [path, text] of eachText('fr')) {
      if (!/^\.messages\.(?:sms|code)/.test(path))
        expect(text, path).not.toMatch(/[^\u00a0][:?!;»]/);
    }
    for (const language of languages.filter((each) => each !== 'fr')) {
      for (const [path, text] of eachText(language)) expect(text, path).not.toMatch(/\s[:?!;]/);
    }
  });

  it('opens every Spanish question', () => {
    for (const [path, text] of eachText('es')) {
      expect(text.split('¿').length, path).toBe(text.split('?').length);
    }
  });

  it('sets Arabic with its own comma and question mark, and European digits', () => {
    for (const [path, text] of eachText('ar')) {
      expect(text, path).toMatch(/[\u0621-\u064a]/);
      expect(text, path).not.toMatch(/[,;?\u0660-\u0669\u06f0-\u06f9]/);
    }
  });
});
