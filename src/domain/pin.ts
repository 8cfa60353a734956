/**
 * The zero of each run of ten digits that a phone's keyboard may type in place of 0 to 9:
 * Arabic-Indic and its eastern form, Devanagari, Bengali, Thai, full-width.
 */
const zeros = [0x0660, 0x06f0, 0x0966, 0x09e6, 0x0e50, 0xff10];

// White space of every kind, and the marks of direction and width that come along unseen when a PIN
// is pasted from a message.
const unseen = /[\s\u200b-\u200f\u202a-\u202e\u2060-\u2069]/g;

/**
 * The digits of a PIN as a person may have typed or pasted it: spaces of any kind are ignored, and
 * digits of other scripts are read as 0 to 9.
 *
 * @returns 6 to 8 ASCII digits, or undefined when the text is no PIN
 */
export function normalisePin(text: string): string | undefined {
  const digits = readDigits(text);
  return /^[0-9]{6,8}$/.test(digits) ? digits : undefined;
}

/** A text as it was meant where digits are asked for: spaces left out, every script's digits as 0 to 9. */
export function readDigits(text: string): string {
  return text.replace(unseen, '').replace(/\p{Nd}/gu, toAsciiDigit);
}

function toAsciiDigit(digit: string): string {
  const code = digit.charCodeAt(0);
  const zero = zeros.find((first) => code >= first && code < first + 10);
  return zero === undefined ? digit : String(code - zero);
}

/**
 * Whether a PIN is among the first that anyone would try: one digit repeated, a run up or down
 * (9 and 0 are neighbours), or a group of digits repeated to the end (121212, 123123, 1212121).
 *
 * One random PIN of six digits in 900 is such a one; a booking system that makes PINs draws again.
 * Dates are not refused as such, since one random PIN in fourteen reads as a date. The birth date
 * given with the PIN is, in every usual order: whoever knows it would know the PIN.
 *
 * @param digits as `normalisePin` returns them
 * @param birthDate `YYYY-MM-DD`, where one is known
 */
export function isTrivialPin(digits: string, birthDate?: string): boolean {
  return isRun(digits) || isRepeated(digits) || isBirthDate(digits, birthDate);
}

function isRun(digits: string): boolean {
  const steps = Array.from(digits.slice(1), (digit, index) => {
    return (Number(digit) - Number(digits[index]) + 10) % 10;
  });
  return steps.every((step) => step === 1) || steps.every((step) => step === 9);
}

function isRepeated(digits: string): boolean {
  for (let period = 1; period * 2 <= digits.length; period += 1) {
    if (digits.slice(period) === digits.slice(0, -period)) return true;
  }
  return false;
}

function isBirthDate(digits: string, birthDate: string | undefined): boolean {
  if (birthDate === undefined) return false;
  const [year = '', month = '', day = ''] = birthDate.split('-');
  return [year, year.slice(2)].some((years) =>
    [day + month + years, month + day + years, years + month + day].includes(digits),
  );
}
