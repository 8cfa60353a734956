import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { contactPointOf } from '../../src/domain/contact-point.ts';
import { checkEmail, checkPhone } from '../../src/usecases/check-contact-points.ts';

// A link is refused unless the note in it and the newest version name the same contact point: were
// the two written differently, a link would die, or one for an old number would live.
describe('a contact point', () => {
  const separator = fc.constantFrom('', ' ', '.', '-', '\u00a0', '\u202f');

  it('is the same in a note and in any version that spells the phone otherwise', () => {
    fc.assert(
      fc.property(fc.array(separator, { minLength: 10, maxLength: 10 }), (separators) => {
        const digits = '3639980042';
        const phone = `+3${[...digits].map((digit, at) => separators[at] + digit).join('')}`;
        const checked = checkPhone(phone, 'test');
        expect(checked).toEqual({ ok: true, e164: '+33639980042' });
        expect(contactPointOf({ phone }, 'sms')).toBe('+33639980042');
      }),
    );
  });

  it('is the same in a note and in any version that spells the email otherwise', () => {
    fc.assert(
      fc.property(fc.emailAddress(), fc.boolean(), (address, shout) => {
        const [local, domain = ''] = address.split('@');
        const email = shout ? `${local}@${domain.toUpperCase()}` : address;
        const checked = checkEmail(email, 'test');
        fc.pre(checked.ok);
        expect(contactPointOf({ email }, 'email')).toBe(checked.ok && checked.address);
      }),
    );
  });

  it('is missing where the version names none on that channel', () => {
    expect(contactPointOf({ email: 'a@b.fr' }, 'sms')).toBeUndefined();
    expect(contactPointOf({ phone: '+33639980042' }, 'email')).toBeUndefined();
  });
});
