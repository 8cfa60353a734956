import { describe, expect, it } from 'vitest';
import { languages } from '../../src/domain/language.ts';
import { acceptedLanguage } from '../../src/http/patient/page-language.ts';

describe('a browser’s Accept-Language', () => {
  it('picks among all languages, whatever the region', () => {
    for (const language of languages) {
      expect(acceptedLanguage(language)).toBe(language);
      expect(acceptedLanguage(`${language.toUpperCase()}-XY,en;q=0.1`)).toBe(language);
    }
    expect(acceptedLanguage('ar-DZ,fr-FR;q=0.9')).toBe('ar');
    expect(acceptedLanguage('de-AT;q=0.4, it-CH;q=0.8, nl;q=0.6')).toBe('it');
  });

  it('passes over what there is no page in, and what is refused', () => {
    expect(acceptedLanguage('br, oc;q=0.9, es;q=0.2')).toBe('es');
    expect(acceptedLanguage('de;q=0, nl;q=0.1')).toBe('nl');
    expect(acceptedLanguage('pt-BR')).toBe('en');
  });

  it('is the deployment’s first language where a browser does not say', () => {
    for (const header of [undefined, '', '*', ';;;', 'fr;q=2']) {
      expect(acceptedLanguage(header)).toBe(languages[0]);
    }
  });
});
