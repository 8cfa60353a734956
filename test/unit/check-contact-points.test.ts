import fc from 'fast-check';
import { getExampleNumber } from 'libphonenumber-js/max';
import examples from 'libphonenumber-js/mobile/examples';
import { describe, expect, it } from 'vitest';
import { checkEmail, checkPhone } from '../../src/usecases/check-contact-points.ts';
import { cpuMsOf } from '../support/cpu-ms.ts';

describe('a phone number', () => {
  it.each(['FR', 'DE', 'ES', 'IT', 'NL', 'BE', 'CH', 'GB', 'CA', 'PT', 'RE'] as const)(
    'that is a mobile of %s is taken in both modes',
    (country) => {
      const e164 = getExampleNumber(country, examples)?.number ?? '';
      expect(checkPhone(e164, 'live')).toEqual({ ok: true, e164 });
      expect(checkPhone(e164, 'test')).toEqual({ ok: true, e164 });
    },
  );

  it.each([
    '+33 6 12 34 56 78',
    '+33-6-12-34-56-78',
    '+33.6.12.34.56.78',
    '+33\u00a06\u202f12 34 56 78',
  ])('written %j is taken as digits alone', (text) => {
    expect(checkPhone(text, 'live')).toEqual({ ok: true, e164: '+33612345678' });
  });

  it.each([
    ['', 'nothing'],
    ['0612345678', 'national'],
    ['33612345678', 'no plus'],
    ['0033612345678', 'an international prefix'],
    ['+330612345678', 'a trunk zero'],
    ['+33 (0)6 12 34 56 78', 'a trunk zero'],
    ['+4407911123456', 'a trunk zero'],
    ['+3361234567', 'too short'],
    ['+336123456789', 'too long'],
    ['+33612345678 ext. 5', 'an extension'],
    ['+33612345678;ext=5', 'an extension'],
    ['tel:+33612345678', 'a scheme'],
    ['+33  612345678', 'two spaces'],
    [' +33612345678', 'a space before'],
    ['+33612345678\n', 'a line feed'],
    ['+33612345678-', 'a hyphen at the end'],
    ['+33６12345678', 'other digits'],
    ['++33612345678', 'two plusses'],
    ['+999612345678', 'no such country'],
    ['+1 800 MYAPPLE', 'letters'],
    [`+${'1'.repeat(60)}`, 'far too long'],
  ])('%j is invalid: %s', (text) => {
    expect(checkPhone(text, 'test')).toEqual({ ok: false, code: 'invalid_phone' });
    expect(checkPhone(text, 'live')).toEqual({ ok: false, code: 'invalid_phone' });
  });

  it.each([
    ['+33123456789', 'fixed line'],
    ['+33912345678', 'voice over IP'],
    ['+33800123456', 'freephone'],
    ['+33899123456', 'premium rate'],
    ['+442079461234', 'fixed line'],
    ['+493012345678', 'fixed line'],
    ['+390612345678', 'fixed line'],
    ['+80012345678', 'universal freephone'],
  ])('%s is unreachable by SMS: %s', (text) => {
    expect(checkPhone(text, 'live')).toEqual({ ok: false, code: 'unreachable_phone' });
    expect(checkPhone(text, 'test')).toEqual({ ok: false, code: 'unreachable_phone' });
  });

  it.each([
    '+33639980000',
    '+33 6 39 98 99 99',
    '+447700900000',
    '+447700900999',
    '+12125550100',
    '+14165550199',
    '+15555550100',
    '+15555559999',
    '+491713920000',
    '+491713920099',
    '+4917604069000',
    '+4915228817386',
    '+491729973186',
    '+491749464308',
  ])('reserved and mobile, %s is for test mode alone', (text) => {
    expect(checkPhone(text, 'test')).toEqual({ ok: true, e164: text.replaceAll(' ', '') });
    expect(checkPhone(text, 'live')).toEqual({ ok: false, code: 'reserved_number' });
  });

  it.each([
    '+33199000000',
    '+33261919999',
    '+33353010000',
    '+33465719999',
    '+33536490000',
    '+441134960000',
    '+441184960999',
    '+441214960123',
    '+441614960123',
    '+441914980123',
    '+442079460999',
    '+442896496000',
    '+442920180000',
    '+441632960999',
    '+448081570000',
    '+449098790000',
    '+443069990000',
    '+493023125000',
    '+496990009999',
    '+494066969000',
    '+492214710999',
    '+498999998000',
  ])('reserved and fixed, %s is for no mode', (text) => {
    expect(checkPhone(text, 'test')).toEqual({ ok: false, code: 'unreachable_phone' });
    expect(checkPhone(text, 'live')).toEqual({ ok: false, code: 'reserved_number' });
  });

  it.each([
    '+33639970000',
    '+33639990000',
    '+447911123456',
    '+12125550200',
    '+12125551234',
    '+491713920100',
    '+4915228817387',
  ])('next to a reserved range, %s is not reserved', (text) => {
    expect(checkPhone(text, 'live')).not.toMatchObject({ code: 'reserved_number' });
    expect(checkPhone(text, 'live')).toEqual(checkPhone(text, 'test'));
  });

  it('never throws and only ever answers with E.164, whatever the text', () => {
    const text = fc.oneof(
      fc.string(),
      fc.string({ unit: fc.constantFrom(...'0123456789 -.') }).map((digits) => `+${digits}`),
      fc.integer({ min: 0, max: 99_999_999 }).map((rest) => `+336${rest}`),
    );
    fc.assert(
      fc.property(text, fc.constantFrom('test' as const, 'live' as const), (any, mode) => {
        const checked = checkPhone(any, mode);
        if (!checked.ok) return;
        expect(checked.e164).toMatch(/^\+[1-9]\d{6,14}$/);
        expect(checked.e164).toBe(`+${any.replace(/\D/g, '')}`);
        expect(checkPhone(checked.e164, mode)).toEqual(checked);
      }),
      { numRuns: 300 },
    );
  });
});

describe('an email address', () => {
  it.each([
    ['a@b.fr', 'a@b.fr'],
    ['Lea.Martin+rdv@Example.COM', 'Lea.Martin+rdv@example.com'],
    ["o'neill@mail.example.co.uk", "o'neill@mail.example.co.uk"],
    ['a@xn--mller-kva.example', 'a@xn--mller-kva.example'],
    ['a@example.XN--P1AI', 'a@example.xn--p1ai'],
    ['a@1.example', 'a@1.example'],
    ['-@example.com', '-@example.com'],
  ])('%s is taken as %s', (text, address) => {
    expect(checkEmail(text, 'test')).toEqual({ ok: true, address });
  });

  const local = 'l'.repeat(64);
  const domain = `${'d'.repeat(63)}.${'d'.repeat(63)}.${'d'.repeat(58)}.fr`;

  it('may have 254 characters, 64 of them before the @', () => {
    expect(`${local}@${domain}`).toHaveLength(254);
    expect(checkEmail(`${local}@${domain}`, 'test')).toMatchObject({ ok: true });
  });

  it.each([
    `${local}@${domain.replace('.fr', 'd.fr')}`,
    `${local}l@example.com`,
    `a@${'d'.repeat(64)}.fr`,
    '',
    'a',
    '@example.com',
    'a@',
    'a@b',
    'a@localhost',
    'a@@example.com',
    'a@b@example.com',
    '.a@example.com',
    'a.@example.com',
    'a..b@example.com',
    'a@.example.com',
    'a@example.com.',
    'a@example..com',
    'a@-example.com',
    'a@example-.com',
    'a@exa_mple.com',
    'a@example.c',
    'a@example.123',
    'a@[127.0.0.1]',
    'a@127.0.0.1',
    'Lea <a@example.com>',
    '<a@example.com>',
    'a@example.com, b@example.com',
    'a@example.com;b@example.com',
    '"a b"@example.com',
    'a(comment)@example.com',
    'a b@example.com',
    ' a@example.com',
    'a@example.com ',
    'a@example.com\n',
    'a@example.com\r\nBcc: b@example.com',
    'a\0@example.com',
    'mailto:a@example.com',
    'léa@example.com',
    'a@müller.example',
    'a@ｅxample.com',
  ])('is never %j', (text) => {
    expect(checkEmail(text, 'test')).toEqual({ ok: false, code: 'invalid_email' });
  });

  it('once taken is taken again unchanged and holds nothing that ends a header', () => {
    fc.assert(
      fc.property(fc.emailAddress(), (text) => {
        const checked = checkEmail(text, 'test');
        if (!checked.ok) return;
        expect(checkEmail(checked.address, 'test')).toEqual(checked);
        expect(checked.address).toMatch(/^[\x21-\x7e]+$/);
        expect(checked.address.toLowerCase()).toBe(text.toLowerCase());
      }),
    );
  });

  it('is judged in no time, however it is built', async () => {
    const tookMs = await cpuMsOf(() => {
      for (const text of ['a.'.repeat(126), `a@${'a-'.repeat(125)}`, `a@${'a.'.repeat(125)}`]) {
        expect(checkEmail(text, 'test').ok).toBe(false);
      }
    });
    expect(tookMs).toBeLessThan(1_000);
  });

  it.each(['canari@example.com', 'c@mail.EXAMPLE.org', 'c@clinic.test', 'c@x.invalid'])(
    'takes %s in test mode alone, for nobody can read there',
    (text) => {
      expect(checkEmail(text, 'test').ok).toBe(true);
      expect(checkEmail(text, 'live')).toEqual({ ok: false, code: 'reserved_address' });
    },
  );

  it.each(['canari@notexample.com', 'canari@contest.fr', 'example.com@poste.net'])(
    'takes %s in live mode too',
    (text) => expect(checkEmail(text, 'live')).toMatchObject({ ok: true }),
  );
});
