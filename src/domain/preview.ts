/**
 * Whether so much more would happen now than a person was shown that they should look again. Less is
 * no surprise: somebody else did part of it, or it was pressed twice.
 */
export function hasGrownMuch({ shown, now }: { shown: number; now: number }): boolean {
  return now > shown + Math.max(10, Math.ceil(shown / 10));
}
