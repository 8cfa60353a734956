/**
 * When the links of an appointment stop working: at the first UTC midnight that is 24 hours or more
 * after its end. Whole days keep the number of keys small and the expiry from telling the hour.
 */
export function linkExpiresAt(endsAt: Temporal.Instant): Temporal.Instant {
  return endsAt
    .add({ hours: 24 })
    .toZonedDateTimeISO('UTC')
    .round({ smallestUnit: 'day', roundingMode: 'ceil' })
    .toInstant();
}

/** The day in UTC, `YYYY-MM-DD`: names the worker's key of a send day. */
export function utcDay(instant: Temporal.Instant): string {
  return instant.toZonedDateTimeISO('UTC').toPlainDate().toString();
}

/** The month in UTC, `YYYY-MM`: names the patient role's key of a month of link expiry. */
export function utcMonth(instant: Temporal.Instant): string {
  return instant.toZonedDateTimeISO('UTC').toPlainDate().toPlainYearMonth().toString();
}
