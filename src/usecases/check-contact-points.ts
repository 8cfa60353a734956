import {
  type CountryCode,
  getCountryCallingCode,
  isSupportedCountry,
  parsePhoneNumberFromString,
} from 'libphonenumber-js/max';
import type { Mode } from '../domain/channel.ts';
import { emailForm, phoneForm } from '../domain/contact-point.ts';

export type CheckedPhone =
  | { ok: true; e164: string }
  | { ok: false; code: 'invalid_phone' | 'unreachable_phone' | 'reserved_number' };

export type CheckedEmail =
  | { ok: true; address: string }
  | { ok: false; code: 'invalid_email' | 'reserved_address' };

/**
 * Numbers that regulators keep out of use for films and examples. Some count as valid to
 * libphonenumber and some do not, so they are looked up here before it is asked.
 */
const reservedNumbers: readonly { source: string; numbers: RegExp; isMobile: boolean }[] = [
  {
    source: 'Arcep, décision 2018-0881 (numbering plan), numbers for audiovisual works',
    numbers: /^\+3363998\d{4}$/,
    isMobile: true,
  },
  {
    source: 'Arcep, as above, fixed lines',
    numbers: /^\+33(?:19900|26191|35301|46571|53649)\d{4}$/,
    isMobile: false,
  },
  {
    source: 'Ofcom, numbers for drama use, mobile',
    numbers: /^\+447700900\d{3}$/,
    isMobile: true,
  },
  {
    source: 'Ofcom, as above: cities, no area, freephone, premium rate, UK wide',
    numbers:
      /^\+44(?:11[3-8]4960|1[2-6]14960|1914980|2079460|2896496|2920180|1632960|8081570|9098790|3069990)\d{3}$/,
    isMobile: false,
  },
  {
    source: 'Bundesnetzagentur, Mitteilung 148/2021 (Rufnummern für Medienproduktionen), mobile',
    numbers:
      /^\+49(?:(?:17139200|176040690)\d\d|15228817386|15228895456|15254599371|1729925904|1729968532|172997318[56]|1729980752|1749091317|1749464308)$/,
    isMobile: true,
  },
  {
    source: 'Bundesnetzagentur, as above: Berlin, Frankfurt, Hamburg, Köln, München',
    numbers: /^\+49(?:3023125|6990009|4066969|2214710|8999998)\d{3}$/,
    isMobile: false,
  },
  {
    source: 'ATIS-0300115 (555 line numbers): 555-0100 to 555-0199; area code 555 is not assigned',
    numbers: /^\+1(?:[2-9]\d\d55501\d\d|555555\d{4})$/,
    isMobile: true, // the plan does not tell mobile numbers from fixed lines
  },
];

/**
 * Checks a recipient's phone number offline, for SMS.
 *
 * Taken is the international form with `+`, digits in groups parted by single spaces, dots or
 * hyphens. A trunk zero (`+44 0…`, `+44 (0)…`), an extension or a national form is refused: what is
 * stored must be the number that was meant, and only the booking system knows it.
 *
 * @returns the number as `+` and digits (ITU-T E.164); `unreachable_phone` for what is certainly no
 *   mobile; `reserved_number` in live mode for numbers that belong to nobody
 */
export function checkPhone(text: string, mode: Mode): CheckedPhone {
  if (!/^\+[1-9](?:[ \u00a0\u202f.-]?\d){6,14}$/.test(text)) {
    return { ok: false, code: 'invalid_phone' };
  }
  const e164 = phoneForm(text);

  const reserved = reservedNumbers.find(({ numbers }) => numbers.test(e164));
  if (reserved !== undefined) {
    if (mode === 'live') return { ok: false, code: 'reserved_number' };
    return reserved.isMobile ? { ok: true, e164 } : { ok: false, code: 'unreachable_phone' };
  }

  const parsed = parsePhoneNumberFromString(e164);
  // Another number than the one given means that a trunk prefix was dropped on the way.
  if (parsed === undefined || parsed.number !== e164 || !parsed.isValid()) {
    return { ok: false, code: 'invalid_phone' };
  }
  const type = parsed.getType();
  return type === 'MOBILE' || type === 'FIXED_LINE_OR_MOBILE'
    ? { ok: true, e164 }
    : { ok: false, code: 'unreachable_phone' };
}

/** Whether phones can be in a country of this code (ISO 3166-1 alpha-2). */
export function isPhoneCountry(code: string): code is CountryCode {
  return isSupportedCountry(code);
}

/**
 * Whether a number lies in one of the countries, offline, as its digits tell. One that belongs to nobody
 * lies wherever its calling code leads; one of no country, as of satellites, lies in none.
 *
 * @param e164 that passed `checkPhone`
 */
export function isInCountries(e164: string, countries: readonly string[]): boolean {
  const phone = parsePhoneNumberFromString(e164);
  if (phone?.country !== undefined) return countries.includes(phone.country);
  return countries.some(
    (code) => isPhoneCountry(code) && getCountryCallingCode(code) === phone?.countryCallingCode,
  );
}

/** Domains that no mail is ever delivered to (RFC 2606, 2 and 3; RFC 6761, 6). */
const reservedDomain = /(?:^|\.)(?:test|example|invalid|localhost|example\.(?:com|net|org))$/;

const atom = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+";
const label = '[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?';
const topLabel = '(?:[A-Za-z]{2,63}|[Xx][Nn]--[A-Za-z0-9-]{0,58}[A-Za-z0-9])';
const addressShape = new RegExp(`^(?<local>${atom}(?:\\.${atom})*)@(?:${label}\\.)+${topLabel}$`);

/**
 * Checks a recipient's email address: a bare address as mail servers everywhere take it.
 *
 * That is RFC 5321's dot-string of ASCII at a domain name with a dot: no display name, comment,
 * quoted local part or address literal, nor anything that could end a header line. Letters beyond
 * ASCII need SMTPUTF8 (RFC 6531), which many servers lack; an international domain is taken in its
 * `xn--` form. At most 254 characters, 64 of them before the `@` (RFC 5321, 4.5.3.1).
 *
 * @returns the address with its domain in lower case; the part before `@` may be case-sensitive;
 *   `reserved_address` in live mode for domains that are kept for examples
 */
export function checkEmail(text: string, mode: Mode): CheckedEmail {
  const { local } = (text.length <= 254 && addressShape.exec(text)?.groups) || {};
  if (local === undefined || local.length > 64) return { ok: false, code: 'invalid_email' };
  const address = emailForm(text);
  if (mode === 'live' && reservedDomain.test(address.slice(local.length + 1))) {
    return { ok: false, code: 'reserved_address' };
  }
  return { ok: true, address };
}
