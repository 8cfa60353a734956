/**
 * A time zone by its generic name, such as "France Time" or "New York Time".
 *
 * The short generic names of CLDR are the only ones that people use of themselves; the long ones
 * ("Central European Standard Time") are right and tell a patient nothing.
 */
export function zoneName(locale: string, at: Temporal.ZonedDateTime): string {
  const format = new Intl.DateTimeFormat(locale, {
    timeZone: at.timeZoneId,
    timeZoneName: 'shortGeneric',
  });
  const parts = format.formatToParts(at.epochMilliseconds);
  return parts.find((part) => part.type === 'timeZoneName')?.value ?? at.timeZoneId;
}
