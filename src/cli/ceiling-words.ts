const count = { type: 'string', value: 'COUNT|none' } as const;

/**
 * The options of what may be accepted in an hour and in a day.
 *
 * @param appointments what is counted as one
 */
export const ceilingWords = (appointments: string) =>
  ({
    'appointments-per-hour': { ...count, means: appointments },
    'appointments-per-day': { ...count, means: 'The same in a UTC day' },
    'reminders-per-hour': { ...count, means: 'Reminders and notices added in an hour' },
    'reminders-per-day': { ...count, means: 'The same in a UTC day' },
    'numbers-per-hour': { ...count, means: 'Different phone numbers in an hour, 50000 at most' },
  }) as const;
