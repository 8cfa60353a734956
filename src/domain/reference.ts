/**
 * Whether the text can be a booking system's own reference of an appointment: 1 to 128 characters of
 * `A-Za-z0-9._:-`. Ops pages and events show references, so a reference must never be a name.
 */
export function isReference(text: string): boolean {
  return /^[A-Za-z0-9._:-]{1,128}$/.test(text);
}
