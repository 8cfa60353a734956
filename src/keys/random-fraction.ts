import { randomInt } from 'node:crypto';

const steps = 2 ** 47;

/**
 * A number in [0, 1) that nobody can foretell from others they have seen. Send times are drawn with it:
 * whoever knows when their own reminders went out must not learn how far others' were moved.
 */
export function randomFraction(): number {
  return randomInt(steps) / steps;
}
