import { type Before, subtractBefore } from './before.ts';
import type { RequestedChannel } from './channel.ts';
import { type QuietHours, quietSpan, quietSpansAround } from './quiet-hours.ts';
import type { SkipReason } from './reminder.ts';

export interface PlanInput {
  readonly startsAt: Temporal.Instant;
  readonly timeZone: string;
  /** The instant to plan from: nothing is planned at or before it. */
  readonly now: Temporal.Instant;
  /** Nothing is planned at or after it; of a reminder, the start. */
  readonly notAfter: Temporal.Instant;
  readonly quietHours: QuietHours;
  readonly jitterMinutes: number;
  /** A number in [0, 1), asked once for each reminder that is not skipped. */
  readonly random: () => number;
  readonly entries: readonly { readonly before: Before; readonly channel: RequestedChannel }[];
}

export interface PlannedReminder {
  /** The canonical text of the entry's `before`. */
  readonly before: string;
  readonly channel: RequestedChannel;
  /** The start less `before`; with channel and `before`, what tells a reminder from a moved one. */
  readonly resolvedAt: Temporal.Instant;
  /** Out of quiet hours; equal to `resolvedAt` when skipped. */
  readonly plannedAt: Temporal.Instant;
  /** With jitter; equal to `resolvedAt` when skipped. */
  readonly sendAt: Temporal.Instant;
  readonly notAfter: Temporal.Instant;
  readonly skipped?: SkipReason;
}

const enoughLeftMs = 2 * 60 * 60_000;

/**
 * Plans when an appointment's reminders are due, earliest first.
 *
 * Times are computed in the appointment's time zone, so a reminder two days before 09:00 stays at
 * 09:00 across a clock change. What falls in quiet hours moves to their end or, when less than two
 * hours would then be left, to a minute before they began, if that is still ahead. What cannot be in
 * time comes back as `skipped`: a reminder whose time has passed is never sent at once, because a
 * patient who booked a minute ago would take it for a mistake.
 *
 * Each send time then moves at random, evenly over `jitterMinutes` to either side, so that it does
 * not tell the hour of the appointment. The move is at most a quarter of `before` and of the time
 * left, and half the way to the next reminder of this appointment, so that none overtakes another. It
 * stays out of quiet hours, after `now` and before `notAfter`. The span is cut to what is
 * allowed before the draw: cutting the drawn time would send half a night's reminders in the very
 * second in which quiet hours end.
 */
export function planReminders(input: PlanInput): PlannedReminder[] {
  const planned = input.entries.map((entry) => planReminder(input, entry));
  return planned
    .map((reminder) =>
      reminder.skipped ? reminder : { ...reminder, sendAt: withJitter(input, reminder, planned) },
    )
    .sort(
      (one, other) =>
        Temporal.Instant.compare(one.sendAt, other.sendAt) ||
        Temporal.Instant.compare(one.resolvedAt, other.resolvedAt),
    );
}

/**
 * When a notice may go out: now or, in quiet hours, at their end.
 *
 * A notice tells of a change that has already happened. It has no earlier moment to move to and is
 * worth reading up to the last minute, so however little time is left when quiet hours end, it goes
 * out then; the rule that leaves a reminder two hours is not for it.
 *
 * @returns undefined when that is not before `notAfter`
 */
export function nextAllowedMinute(input: {
  now: Temporal.Instant;
  timeZone: string;
  quietHours: QuietHours;
  notAfter: Temporal.Instant;
}): Temporal.Instant | undefined {
  const { now, timeZone, quietHours, notAfter } = input;
  const allowed = quietSpan(now, timeZone, quietHours)?.ends ?? now;
  return isBefore(allowed, notAfter) ? allowed : undefined;
}

function planReminder(input: PlanInput, entry: PlanInput['entries'][number]): PlannedReminder {
  const resolvedAt = subtractBefore(input.startsAt, input.timeZone, entry.before);
  const reminder = {
    before: entry.before.text,
    channel: entry.channel,
    resolvedAt,
    plannedAt: resolvedAt,
    sendAt: resolvedAt,
    notAfter: input.notAfter,
  };
  if (!isInTime(input, resolvedAt)) return { ...reminder, skipped: 'booked_late' };
  const plannedAt = outOfQuietHours(input, resolvedAt);
  if (plannedAt === undefined) return { ...reminder, skipped: 'quiet_hours' };
  return { ...reminder, plannedAt, sendAt: plannedAt };
}

function outOfQuietHours(
  input: PlanInput,
  resolvedAt: Temporal.Instant,
): Temporal.Instant | undefined {
  const { timeZone, quietHours, notAfter } = input;
  const quiet = quietSpan(resolvedAt, timeZone, quietHours);
  if (quiet === undefined) return resolvedAt;

  if (elapsedMs(quiet.ends, notAfter) >= enoughLeftMs) return quiet.ends;
  const eve = quiet.begins.subtract({ minutes: 1 });
  if (isInTime(input, eve)) return eve;
  return isInTime(input, quiet.ends) ? quiet.ends : undefined;
}

function withJitter(
  input: PlanInput,
  { resolvedAt, plannedAt }: PlannedReminder,
  others: readonly PlannedReminder[],
): Temporal.Instant {
  const gapsMs = others
    .filter(({ skipped }) => !skipped)
    .map((other) => Math.abs(elapsedMs(plannedAt, other.plannedAt)))
    .filter((gapMs) => gapMs > 0);
  const planned = plannedAt.epochMilliseconds;
  // A quarter of the time left keeps clear of `notAfter`, also after a move to the end of quiet
  // hours: of the ten minutes that may then remain, jitter must not take nine.
  const reachMs = Math.floor(
    Math.min(
      input.jitterMinutes * 60_000,
      elapsedMs(resolvedAt, input.startsAt) / 4,
      elapsedMs(plannedAt, input.notAfter) / 4,
      ...gapsMs.map((gapMs) => gapMs / 2),
    ),
  );
  let earliest = Math.max(planned - reachMs, input.now.epochMilliseconds + 1);
  let latest = planned + reachMs;
  for (const quiet of quietSpansAround(plannedAt, input.timeZone, input.quietHours)) {
    if (isBefore(plannedAt, quiet.begins)) {
      latest = Math.min(latest, quiet.begins.epochMilliseconds - 1);
    } else {
      earliest = Math.max(earliest, quiet.ends.epochMilliseconds);
    }
  }
  const drawn = input.random();
  if (latest <= earliest) return plannedAt;
  return Temporal.Instant.fromEpochMilliseconds(
    earliest + Math.floor(drawn * (latest - earliest + 1)),
  );
}

function isInTime(input: PlanInput, instant: Temporal.Instant): boolean {
  return isBefore(input.now, instant) && isBefore(instant, input.notAfter);
}

function elapsedMs(from: Temporal.Instant, to: Temporal.Instant): number {
  return to.epochMilliseconds - from.epochMilliseconds;
}

function isBefore(one: Temporal.Instant, other: Temporal.Instant): boolean {
  return Temporal.Instant.compare(one, other) < 0;
}
