import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Channel } from '../../src/domain/channel.ts';
import { type Language, languages } from '../../src/domain/language.ts';
import type { EmailMessage, Message } from '../../src/domain/message.ts';
import { Secret } from '../../src/domain/secret.ts';
import { assertNeutral, assertNeutralCode, LeakGuardError } from '../../src/message/leak-guard.ts';
import { codeHost, renderCode } from '../../src/message/render-code.ts';
import { renderMessage } from '../../src/message/render-message.ts';
import {
  anyLanguage,
  anyToken,
  hosts,
  sixDigits,
  someCode,
  someLink,
  someToken,
} from '../support/message-samples.ts';

function render(language: Language, channel: Channel, { link = someLink, optOut = true } = {}) {
  return renderMessage({ language, channel, link: new Secret(link), optOut });
}

function smsOf(language: Language, link = someLink, optOut = true): string {
  return render(language, 'sms', { link, optOut }).text.reveal();
}

function emailOf(language: Language): EmailMessage {
  const message = render(language, 'email');
  if (message.channel !== 'email') throw new Error('not an email');
  return message;
}

type Guarded = Parameters<typeof assertNeutral>[0];

function guard(message: Message, change: Partial<Guarded> = {}): void {
  assertNeutral({
    message,
    link: new Secret(someLink),
    language: 'fr',
    channel: message.channel,
    optOut: true,
    linkHostUrl: hosts.longest,
    ...change,
  });
}

const sms = (text: string): Message => ({ channel: 'sms', text: new Secret(text) });

function guardCode(text: string, change: Partial<Parameters<typeof assertNeutralCode>[0]> = {}) {
  assertNeutralCode({
    text: new Secret(text),
    language: 'fr',
    host: codeHost(hosts.longest),
    code: new Secret(someCode),
    linkHostUrl: hosts.longest,
    ...change,
  });
}

function codeOf(language: Language, host = codeHost(hosts.longest), code = someCode): string {
  return renderCode({ language, host, code: new Secret(code) }).reveal();
}

describe('the leak guard', () => {
  it('passes what the renderer makes, for every language, channel, link and host', () => {
    fc.assert(
      fc.property(
        anyLanguage,
        fc.constantFrom<Channel>('sms', 'email'),
        anyToken,
        fc.boolean(),
        fc.constantFrom(...Object.values(hosts)),
        (language, channel, token, optOut, linkHostUrl) => {
          const link = `${linkHostUrl}/${token}`;
          const message = render(language, channel, { link, optOut });
          guard(message, { language, link: new Secret(link), optOut, linkHostUrl });
        },
      ),
    );
  });

  it('passes the code that the renderer makes, for every language, host and code', () => {
    fc.assert(
      fc.property(
        anyLanguage,
        sixDigits,
        fc.constantFrom(...Object.values(hosts)),
        (language, code, linkHostUrl) => {
          const host = codeHost(linkHostUrl);
          const text = codeOf(language, host, code);
          guardCode(text, { language, host, code: new Secret(code), linkHostUrl });
        },
      ),
    );
  });

  /** One character of the text changed, left out or put in. */
  const slip = fc.record({
    language: anyLanguage,
    at: fc.nat(),
    kind: fc.constantFrom('change', 'drop', 'insert'),
    character: fc.oneof(
      fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }),
      fc.constantFrom(...' \n\u00a0\u200b\u200f.:0aA<>'),
    ),
  });

  function slipped(
    text: string,
    { at, kind, character }: { at: number; kind: string; character: string },
  ): string {
    const place = at % text.length;
    const rest = text.slice(kind === 'insert' ? place : place + 1);
    return text.slice(0, place) + (kind === 'drop' ? '' : character) + rest;
  }

  it.each<[string, (language: Language) => string, (language: Language, text: string) => void]>([
    ['SMS', smsOf, (language, text) => guard(sms(text), { language })],
    ['SMS with a code', codeOf, (language, text) => guardCode(text, { language })],
    [
      'email subject',
      (language) => emailOf(language).subject,
      (language, subject) => guard({ ...emailOf(language), subject }, { language }),
    ],
    [
      'email text',
      (language) => emailOf(language).text.reveal(),
      (language, text) => guard({ ...emailOf(language), text: new Secret(text) }, { language }),
    ],
    [
      'email HTML',
      (language) => emailOf(language).html.reveal(),
      (language, html) => guard({ ...emailOf(language), html: new Secret(html) }, { language }),
    ],
  ])('refuses an %s in which one character is other than it should be', (_, good, pass) => {
    fc.assert(
      fc.property(slip, ({ language, ...change }) => {
        const text = good(language);
        const wrong = slipped(text, change);
        fc.pre(wrong !== text);
        expect(() => pass(language, wrong)).toThrow(LeakGuardError);
      }),
      { numRuns: 400 },
    );
  });

  const good = smsOf('fr');
  it.each<[string, string]>([
    ['one word more', good.replace('rappel', 'rappel important')],
    ['a name', good.replace('Vous', 'Léa, vous')],
    ['another host', good.replace('exemple', 'exempla')],
    ['two links', `${good} ${someLink}`],
    ['the link twice, once as the sentence', `${someLink} ${good}`],
    ['a homoglyph', good.replace('Vous', 'V\u043eus')],
    ['an accent composed otherwise', good.normalize('NFD')],
    ['the sentence of another language', smsOf('en')],
    ['the sentence without STOP', smsOf('fr', someLink, false)],
    ['another token', good.replace('Xy-_', 'Yx-_')],
    ['nothing', ''],
  ])('refuses %s', (_, text) => {
    expect(text).not.toBe(good);
    expect(() => guard(sms(text))).toThrow(LeakGuardError);
  });

  it.each<[string, string]>([
    ['of another host of the same length', `https://r.exempla-rdv.fr/${someToken}`],
    ['of a host that begins like ours', `${hosts.longest}.evil.example/${someToken}`],
    ['with a longer path', `${hosts.longest}/x/${someToken}`],
    ['with a query', `${someLink}?clinic=1`],
    ['with a word in place of the token', `${hosts.longest}/cardiologie`],
    ['one character short', `${hosts.longest}/${someToken.slice(1)}`],
    ['with spare bits set in the MAC', `${someLink.slice(0, -1)}1`],
    ['with a newline at its end', `${someLink}\n`],
    ['on http', `http://r.exemple-rdv.fr/${someToken}`],
  ])('refuses a link %s, even when the message matches it', (_, link) => {
    for (const channel of ['sms', 'email'] as const) {
      const message = render('fr', channel, { link });
      expect(() => guard(message, { link: new Secret(link) })).toThrow(LeakGuardError);
    }
  });

  it('refuses a message of another channel than the one it was to go on', () => {
    expect(() => guard(render('fr', 'sms'), { channel: 'email' })).toThrow(LeakGuardError);
    expect(() => guard(render('fr', 'email'), { channel: 'sms' })).toThrow(LeakGuardError);
  });

  it('refuses a message that needs a segment more than its language may have', () => {
    const linkHostUrl = `${hosts.longest}.longer`;
    const link = `${linkHostUrl}/${someToken}`;
    for (const language of ['fr', 'ar'] as const) {
      const message = render(language, 'sms', { link });
      expect(() => guard(message, { language, link: new Secret(link), linkHostUrl })).toThrow(
        LeakGuardError,
      );
    }
  });

  it('refuses a code for another host than ours, even when the text matches it', () => {
    const host = 'r.exempla-rdv.fr';
    expect(() => guardCode(codeOf('fr', host), { host })).toThrow(LeakGuardError);
  });

  it.each(['12345', '1234567', 'Moreau', '12345\n', '１２３４５６', ''])(
    'refuses %j as a code, even when the text matches it',
    (code) => {
      const text = codeOf('fr', codeHost(hosts.longest), code);
      expect(() => guardCode(text, { code: new Secret(code) })).toThrow(LeakGuardError);
    },
  );

  it('gives away nothing but its code', () => {
    const refusals = [
      () => guard(sms(`${good} Dr. Moreau`)),
      () => guardCode(`${codeOf('fr')} Dr. Moreau`),
    ];
    for (const refuse of refusals) {
      const error = caught(refuse);
      expect({ ...error, message: error?.message, cause: error?.cause }).toEqual({
        code: 'LEAK_GUARD',
        message: 'LEAK_GUARD',
        name: 'LeakGuardError',
        cause: undefined,
      });
    }
  });

  it('knows its languages', () => {
    for (const language of languages) {
      for (const other of languages.filter((each) => each !== language)) {
        expect(() => guard(render(language, 'sms'), { language: other })).toThrow(LeakGuardError);
        expect(() => guard(render(language, 'email'), { language: other })).toThrow(LeakGuardError);
        expect(() => guardCode(codeOf(language), { language: other })).toThrow(LeakGuardError);
      }
    }
  });
});

function caught(act: () => void): LeakGuardError | undefined {
  try {
    act();
  } catch (error) {
    return error as LeakGuardError;
  }
  return undefined;
}
