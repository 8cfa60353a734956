import type { CeilingName } from '../domain/quota.ts';
import { ceilingNames } from '../domain/quota.ts';

/** Which option stands for which ceiling. */
export const ceilingOptions = {
  appointmentsPerHour: 'appointments-per-hour',
  appointmentsPerDay: 'appointments-per-day',
  remindersPerHour: 'reminders-per-hour',
  remindersPerDay: 'reminders-per-day',
  numbersPerHour: 'numbers-per-hour',
} as const satisfies Record<CeilingName, string>;

/** The options of ceilings, as they were typed. */
export type CeilingValues = {
  readonly [Option in (typeof ceilingOptions)[CeilingName]]?: string | undefined;
};

/** What was typed, unchecked; null: no ceiling. What was not is absent. */
export function ceilingsFrom(values: CeilingValues): { [Name in CeilingName]?: number | null } {
  return Object.fromEntries(
    ceilingNames.flatMap((name) => {
      const text = values[ceilingOptions[name]];
      return text === undefined ? [] : [[name, text === 'none' ? null : numberFrom(text)]];
    }),
  );
}

/** Not a number for anything but digits: Number would take '' for 0 and 1e2 for 100. */
export function numberFrom(text: string): number {
  return /^\d+$/.test(text) ? Number(text) : Number.NaN;
}
