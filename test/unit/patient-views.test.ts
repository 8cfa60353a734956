import { describe, expect, it } from 'vitest';
import { limits } from '../../config/limits.ts';
import { factors } from '../../src/domain/factor.ts';
import { directionOf, type Language, languages } from '../../src/domain/language.ts';
import { stylesheet } from '../../src/http/patient/style.ts';
import {
  type BirthDateError,
  birthDatePage,
} from '../../src/http/patient/views/birth-date-page.ts';
import { checkPage } from '../../src/http/patient/views/check-page.ts';
import { type CodeNews, codePage } from '../../src/http/patient/views/code-page.ts';
import { detailsPage } from '../../src/http/patient/views/details-page.ts';
import { landingPage } from '../../src/http/patient/views/landing-page.ts';
import { lockedPage } from '../../src/http/patient/views/locked-page.ts';
import { noticePage } from '../../src/http/patient/views/notice-page.ts';
import { otherWays } from '../../src/http/patient/views/other-ways.ts';
import { portalPage } from '../../src/http/patient/views/portal-page.ts';
import { provePinPage } from '../../src/http/patient/views/prove-page.ts';
import { type OfferProblem, sendCodePage } from '../../src/http/patient/views/send-code-page.ts';
import { timePage } from '../../src/http/patient/views/time-page.ts';
import { smsSentence } from '../../src/message/message-constants.ts';
import { textsIn } from '../../src/texts/catalogue.ts';
import type { NoticeKind } from '../../src/texts/patient-texts.ts';

const form = 'F0rm-t0ken';
const session = {
  form,
  leavePath: '/leave',
  moreTimePath: '/more-time',
  stopPath: '/stop',
  endsInMinutes: 10,
  extendable: true,
};
const appointment = {
  state: 'booked',
  startsAt: Temporal.Instant.from('2026-12-03T09:30:00Z'),
  timeZone: 'Europe/Paris',
  durationMinutes: 90,
  practitioner: 'Dr Amélie Moreau',
  specialty: 'Cardiologie',
  place: { name: 'Les Tilleuls', address: '12 rue de la Paix' },
  instructions: 'Rien.',
  phone: '+33478123456',
  reason: 'Bilan',
  for: 'Léa',
} as const;

const noticeKinds: readonly NoticeKind[] = [
  'linkUnusable',
  'sessionEnded',
  'cookiesRefused',
  'formExpired',
  'problem',
  'left',
];
const allWays = otherWays(factors, undefined);
const prove = (language: Language, error?: 'missing' | 'malformed' | 'refused') =>
  provePinPage({ language, path: '/prove', form, error, ways: allWays });
const birthDate = (language: Language, error?: BirthDateError) =>
  birthDatePage({ language, path: '/prove', form, error, ways: allWays });
const offer = (language: Language, problem?: OfferProblem) =>
  sendCodePage({ language, form, problem, sendPath: '/s', codePath: '/code', ways: allWays });
const portal = (language: Language, problem?: 'unavailable') =>
  portalPage({ language, startPath: '/portal/start', problem, ways: allWays });
const code = (
  language: Language,
  { error, news }: { error?: 'missing' | 'malformed' | 'refused'; news?: CodeNews } = {},
) => codePage({ language, path: '/code', sendPath: '/s', form, ways: allWays, error, news });
const check = (language: Language, changes: { optOut?: boolean; sender?: string } = {}) =>
  checkPage({
    ...{ language, linkHostUrl: 'https://r.exemple.fr', sender: '36111', optOut: true },
    ...{ emailSender: 'rappel@exemple.fr', codes: true },
    ...changes,
  });

/** Every page there is, by a name for the report, with the step it says it is. */
function pagesIn(language: Language): [name: string, html: string, step?: string][] {
  const details = (state: 'booked' | 'moved' | 'cancelled') =>
    detailsPage({ language, appointment: { ...appointment, state }, session });
  return [
    ['landing', landingPage({ language, action: { method: 'get', path: '/p' } }), 'landing'],
    ['prove', prove(language), 'prove'],
    ['prove with an error', prove(language, 'refused'), 'prove'],
    ['birth date', birthDate(language), 'prove'],
    ['birth date with an error', birthDate(language, 'refused'), 'prove'],
    ['send a code', offer(language), 'prove'],
    ['send a code with an error', offer(language, 'optedOut'), 'prove'],
    ['portal', portal(language), 'prove'],
    ['portal with an error', portal(language, 'unavailable'), 'prove'],
    ['code', code(language), 'code'],
    ['code under way', code(language, { news: 'uncertain' }), 'code'],
    ['code with an error', code(language, { error: 'refused' }), 'code'],
    ['time', timePage({ language, appointment, ways: allWays, session }), 'details'],
    ['booked', details('booked'), 'details'],
    ['moved', details('moved'), 'details'],
    ['cancelled', details('cancelled'), 'details'],
    ['locked', lockedPage({ language, helpCode: 'K7P4QX', ways: allWays }), 'locked'],
    ['check', check(language)],
    ...noticeKinds.map((kind): [string, string] => [kind, noticePage({ language, kind })]),
  ];
}
const everyPage = languages.flatMap((language) =>
  pagesIn(language).map(([name, html, step]) => ({ language, name, html, step })),
);

/** How many fields a page asks to be filled in. */
function fieldsOn(name: string): number {
  if (name.startsWith('birth date')) return 3;
  return /^(prove|code)/.test(name) ? 1 : 0;
}

function count(html: string, pattern: RegExp): number {
  return html.match(pattern)?.length ?? 0;
}

describe.each(everyPage)('the page "$name" in $language', ({ language, name, html, step }) => {
  const texts = textsIn(language);

  it('is whole, in its language, and says its step', () => {
    expect(html).toMatch(/^<!doctype html>/);
    expect(html).toContain(`<html lang="${language}" dir="${directionOf(language)}">`);
    expect(count(html, /<h1/g)).toBe(1);
    expect(count(html, /<main/g)).toBe(1);
    expect(html.match(/data-step="(.*?)"/)?.[1]).toBe(step);
    expect(html).not.toMatch(/undefined|\[object|>false|NaN|&amp;#/);
  });

  it('has a title that says nothing, and no preview', () => {
    const prefix = name.endsWith('with an error') ? texts.errorTitlePrefix : '';
    expect(html).toContain(`<title>${prefix}${texts.title}</title>`);
    expect(html).not.toMatch(/og:|twitter:|name="description"/);
  });

  it('holds no script, no inline style, and nothing from elsewhere', () => {
    expect(html).not.toMatch(/<script|<style|style=|\son[a-z]+=|javascript:|<img|<iframe/i);
    expect(html).not.toMatch(/(?:href|src|action)="(?:https?:)?\/\//);
    expect(count(html, /<link /g)).toBe(1);
    expect(html).toContain(`<link rel="stylesheet" href="${stylesheet.href}">`);
  });

  it('offers the other languages, a skip link, help and the check page', () => {
    for (const other of languages.filter((each) => each !== language)) {
      expect(html).toContain(`<a href="?lang=${other}" lang="${other}" `);
    }
    expect(html).toContain('<a class="skip" href="#main">');
    expect(html).toContain(texts.help);
    expect(html).toContain('href="/check"');
  });

  it('labels every field that can be seen', () => {
    const fields = html.match(/<input(?![^>]*type="hidden")[^>]*>/g) ?? [];
    expect(fields.length).toBe(fieldsOn(name));
    for (const field of fields) {
      const id = field.match(/ id="(.*?)"/)?.[1];
      expect(html).toContain(`<label for="${id}">`);
    }
  });

  it('carries the form token in every form that posts', () => {
    const forms = html.match(/<form method="post"[\s\S]*?<\/form>/g) ?? [];
    for (const each of forms) {
      expect(each).toContain(`<input type="hidden" name="form" value="${form}">`);
    }
  });

  it('comes in one first flight with its stylesheet', () => {
    const bytes = Buffer.byteLength(html) + Buffer.byteLength(stylesheet.body);
    expect(bytes).toBeLessThanOrEqual(limits.firstViewBytesMax);
  });
});

describe('before proof', () => {
  it.each(languages)('nothing in %s names a practice, a person or a contact', (language) => {
    for (const [name, html, step] of pagesIn(language)) {
      if (step === 'details' || name === 'check') continue;
      expect(html).not.toMatch(
        /tel:|mailto:|@|\*\*|••|doctor|médecin|clinic|cabinet|hospital|praxis|طبيب/i,
      );
      expect(html).not.toContain(appointment.practitioner);
    }
  });

  it('the PIN may be pasted with spaces, is not remembered and never shown again', () => {
    const field = prove('en', 'refused').match(/<input type="text"[^>]*>/)?.[0];
    expect(field).toContain('name="pin"');
    expect(field).toContain('inputmode="numeric"');
    expect(field).toContain('autocomplete="off"');
    expect(field).not.toMatch(/maxlength|pattern|value=|required/);
  });

  it.each(['missing', 'malformed', 'refused'] as const)(
    'the error "%s" stands above the heading and at the field in the same words',
    (error) => {
      const html = prove('en', error);
      const words = textsIn('en').pin.errors[error];
      expect(html.indexOf('There is a problem')).toBeLessThan(html.indexOf('<h1'));
      expect(html).toContain(`href="#pin">${words}</a>`);
      expect(html).toContain(`id="pin-error">${words}</p>`);
      expect(html).toContain('aria-describedby="pin-error pin-hint"');
      expect(html).toContain('role="alert" tabindex="-1" autofocus');
    },
  );

  it('the landing page continues by GET or by POST', () => {
    const get = landingPage({ language: 'en', action: { method: 'get', path: '/p' } });
    const post = landingPage({ language: 'en', action: { method: 'post', path: '/p', form } });
    expect(get).toContain('<form method="get" action="/p">');
    expect(get).not.toContain('name="form"');
    expect(post).toContain('<form method="post" action="/p">');
    expect(post).toContain(`value="${form}"`);
  });

  it('the locked page shows the help code in one piece', () => {
    expect(lockedPage({ language: 'fr', helpCode: 'K7P4QX' })).toContain('>K7P4QX<');
  });

  it('the one 404 says what it must', () => {
    const html = noticePage({ language: 'en', kind: 'linkUnusable' });
    expect(html).toContain('<h1>This link no longer works.</h1>');
    expect(html).toContain('<p>It changes nothing about your appointments.</p>');
  });
});

describe('the check page', () => {
  it.each([true, false])('lists every sentence word for word (opt-out: %s)', (optOut) => {
    for (const language of languages) {
      const html = check(language, { optOut });
      for (const each of languages) {
        expect(html).toContain(
          `<li lang="${each}" dir="${directionOf(each)}">${smsSentence(each, optOut).trimEnd()}</li>`,
        );
      }
    }
  });

  it('names the sender, the host, and what is never asked for', () => {
    const html = check('en');
    expect(html).toContain('The sender of our text messages is always 36111.');
    expect(html).toContain('https://r.exemple.fr/');
    expect(html).toMatch(/Money[\s\S]*bank[\s\S]*password/);
    expect(check('fr')).toMatch(/argent[\s\S]*banque[\s\S]*mot de passe/);
  });

  it('says nothing about a sender that is not known', () => {
    const html = checkPage({
      ...{ language: 'en', linkHostUrl: 'https://r.exemple.fr', codes: false, optOut: false },
    });
    expect(html).not.toMatch(/The sender|Our emails|code/);
  });
});

describe('the languages', () => {
  it('stand in the switcher by their own names, each marked as what it is', () => {
    const html = check('fr');
    for (const each of languages.filter((language) => language !== 'fr')) {
      expect(html).toContain(
        `<a href="?lang=${each}" lang="${each}" dir="${directionOf(each)}" hreflang="${each}">${textsIn(each).name}</a>`,
      );
    }
    expect(html).toContain('<span lang="fr" dir="ltr" aria-current="true">Français</span>');
  });

  it('that are written from the right turn the page, and keep digits and addresses as they are', () => {
    for (const [name, html] of pagesIn('ar')) {
      expect(html, name).toContain('<html lang="ar" dir="rtl">');
      for (const field of html.match(/<input[^>]*name="(?:pin|code)"[^>]*>/g) ?? []) {
        expect(field, name).toContain('dir="ltr"');
      }
    }
    expect(check('ar')).toContain('<strong dir="ltr">https://r.exemple.fr/</strong>');
    expect(check('ar')).toContain('\u2066rappel@exemple.fr\u2069');
  });

  it('set French with a no-break space before high signs and a curly apostrophe', () => {
    for (const [name, html] of pagesIn('fr')) {
      const shown = html
        .replaceAll(/<ul class="sentences">.*?<\/ul>/gs, '')
        .replace(/<[^>]*>/g, ' ')
        .replace('https://', '');
      expect(shown.match(/.{0,20}[^\u00a0][:?!;»]/g) ?? [], name).toEqual([]);
      expect(shown.match(/.{0,20}'.{0,20}|&#39;/g) ?? [], name).toEqual([]);
    }
  });
});

describe('the stylesheet', () => {
  it('loads nothing', () => {
    expect(stylesheet.body).not.toMatch(/url\(|@import|@font-face/);
  });

  it('has an address that changes with it', () => {
    expect(stylesheet.href).toMatch(/^\/style\.css\?v=[A-Za-z0-9_-]{10}$/);
  });

  const [light, dark] =
    stylesheet.body
      .match(/:root \{[\s\S]*?\}/g)
      ?.map(
        (block) =>
          new Map(
            [...block.matchAll(/--([a-z-]+): (#[0-9a-f]{6})/g)].map(([, name, colour]) => [
              name,
              colour,
            ]),
          ),
      ) ?? [];

  it.each<[string, string, number]>([
    ...['page', 'card', 'notice', 'stop'].map((on): [string, string, number] => ['text', on, 4.5]),
    ...['page', 'card'].flatMap((on): [string, string, number][] => [
      ['soft', on, 4.5],
      ['accent', on, 4.5],
      ['accent-deep', on, 4.5],
      ['error', on, 4.5],
      ['edge', on, 3],
    ]),
    ['on-accent', 'accent', 4.5],
    ['on-accent', 'accent-deep', 4.5],
    ['notice-edge', 'card', 3],
  ])('shows %s on %s with a contrast of at least %s, light and dark', (front, back, least) => {
    for (const scheme of [light, dark]) {
      expect(contrast(scheme?.get(front), scheme?.get(back))).toBeGreaterThanOrEqual(least);
    }
  });
});

/** WCAG 2.2, definition of contrast ratio. */
function contrast(front = '', back = ''): number {
  const [lighter = 0, darker = 0] = [luminance(front), luminance(back)].sort((a, b) => b - a);
  return (lighter + 0.05) / (darker + 0.05);
}

function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const value = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
