import type { Channel } from './channel.ts';
import type {
  NewReminder,
  StoredAppointment,
  StoredReminder,
  WantedAppointment,
} from './put-facts.ts';

type Instant = Temporal.Instant;

/**
 * The one message that tells of a change, if one is owed and there is a way to send it.
 *
 * It goes on the channel of the last message gone out if that can still be used, else another, at
 * the next minute that quiet hours allow.
 */
export function planNotice({
  stored,
  wanted,
  told,
  due,
}: {
  stored: StoredAppointment | undefined;
  wanted: WantedAppointment;
  told: readonly StoredReminder[];
  /** Whether somebody was told what is no longer so. */
  due: boolean;
}): NewReminder | undefined {
  const owed = wanted.notice === 'now' || (wanted.notice === 'if_told' && due);
  if (!owed) return undefined;
  const channel = noticeChannel(told, wanted.linkChannels);
  if (!channel) return undefined;
  const notAfter = noticeDeadline(stored, wanted);
  const sendAt = wanted.noticeAt(notAfter);
  return {
    kind: 'notice',
    requestedChannel: channel,
    channel,
    before: null,
    resolvedAt: wanted.now,
    sendAt: sendAt ?? wanted.now,
    notAfter,
    // Told like a planned one that cannot be in time: somebody has to call the patient.
    skipped: wanted.isOverCeiling ? 'quota_exceeded' : sendAt ? undefined : 'quiet_hours',
  };
}

/** A notice that survives a change, and the times that it is worth something in now. */
export interface NoticeTimes {
  readonly id: string;
  readonly sendAt: Instant;
  readonly notAfter: Instant;
}

/**
 * Moves the deadline of a notice that waits to the earliest time a patient may go by, and its
 * sending before it where quiet hours allow; where they do not, it expires and says so.
 */
export function retimeNotice(
  { id, sendAt, notAfter: before }: StoredReminder,
  { startsAt, now, noticeAt }: WantedAppointment,
): NoticeTimes {
  const ahead = Temporal.Instant.compare(before, now) > 0;
  const notAfter = ahead && Temporal.Instant.compare(before, startsAt) < 0 ? before : startsAt;
  const inTime = Temporal.Instant.compare(sendAt, notAfter) < 0;
  return { id, sendAt: inTime ? sendAt : (noticeAt(notAfter) ?? sendAt), notAfter };
}

/** The channel of the last one gone out if it can still be used, else another that can. */
function noticeChannel(
  told: readonly StoredReminder[],
  usable: readonly Channel[],
): Channel | undefined {
  const last = told.toSorted((one, other) => goneOutAt(one) - goneOutAt(other)).at(-1);
  return last && usable.includes(last.channel) ? last.channel : usable[0];
}

function goneOutAt({ sentAt, sendAt }: StoredReminder): number {
  return (sentAt ?? sendAt).epochMilliseconds;
}

/** A notice of a move is worth nothing after the earlier of the two times, if that is still ahead. */
function noticeDeadline(stored: StoredAppointment | undefined, wanted: WantedAppointment): Instant {
  const old = stored?.startsAt;
  const earlierOld =
    old &&
    Temporal.Instant.compare(old, wanted.startsAt) < 0 &&
    Temporal.Instant.compare(old, wanted.now) > 0;
  return earlierOld ? old : wanted.startsAt;
}
