import type { Channel } from '../../src/domain/channel.ts';
import { AppError } from '../../src/domain/errors.ts';
import type { PutDecision } from '../../src/domain/put-decision.ts';
import type { NewReminder, WantedAppointment } from '../../src/domain/put-facts.ts';
import type { PlannedReminder } from '../../src/domain/schedule.ts';
import type { Journal } from '../../src/journal/journal.ts';
import type { SealedAppointment, SealedLink } from '../../src/store/accepted-version.ts';
import type { Database } from '../../src/store/database.ts';
import { isHeldBack } from '../../src/store/lives.ts';
import { acceptGroup, type PutOperation } from '../../src/usecases/accept-group.ts';
import { createDeleteAppointment } from '../../src/usecases/delete-appointment.ts';
import { unsignedErasures } from '../support/unsigned-erasures.ts';
import type { Random } from './random.ts';
import type { ReminderRow } from './tables.ts';

export interface BookingDeps {
  readonly database: Database;
  readonly nextId: () => string;
  readonly journal: Pick<Journal, 'append'>;
}

/** What names an appointment here: all are live. */
export interface Booked {
  readonly organisationId: string;
  readonly reference: string;
}

export interface PutWish extends Booked {
  readonly wanted: WantedAppointment;
}

const minuteMs = 60_000;
const befores = [
  ['PT5M', 5],
  ['PT45M', 45],
  ['PT2H', 120],
  ['PT5H', 300],
] as const;
const allChannels: readonly (readonly Channel[])[] = [['sms'], ['email'], ['email', 'sms']];

/** Draws a PUT that has passed every check of its form. */
export function drawWanted(
  random: Random,
  {
    nowMs,
    startMs,
    revision,
  }: { nowMs: number; startMs: number | undefined; revision: number | undefined },
): WantedAppointment {
  const linkChannels = random.pick([...allChannels, allChannels[2] ?? []]);
  const keepsStart = startMs !== undefined && startMs > nowMs && random.chance(0.4);
  const first = random.pick(befores);
  const start = keepsStart
    ? startMs
    : nowMs + (first[1] + random.pick([-1, 1, 1, 2, 10])) * minuteMs;
  const chosen = random.chance(0.8) ? [first] : [first, random.pick(befores)];
  const isQuiet = random.chance(0.1);
  const instant = Temporal.Instant.fromEpochMilliseconds;
  return {
    revision,
    status: startMs !== undefined && random.chance(0.2) ? 'cancelled' : 'booked',
    notice: random.pick(['if_told', 'if_told', 'now', 'none']),
    startsAt: instant(start),
    endsAt: instant(start + 20 * minuteMs),
    reminders: Array.from(new Set(chosen), ([before, minutes]) =>
      plan({ before, at: start - minutes * minuteMs, start, nowMs, random, linkChannels }),
    ).sort((one, other) => Temporal.Instant.compare(one.sendAt, other.sendAt)),
    linkChannels,
    now: instant(nowMs),
    isQuiet: () => false,
    noticeAt: (notAfter) =>
      isQuiet || notAfter.epochMilliseconds <= nowMs ? undefined : instant(nowMs),
  };
}

/** What was put last, put once more, with both contact points. */
export function sameWanted(
  reminders: readonly ReminderRow[],
  { nowMs, startMs, revision }: { nowMs: number; startMs: number; revision: number | undefined },
): WantedAppointment {
  const instant = Temporal.Instant.fromEpochMilliseconds;
  const planned = reminders.filter(
    ({ kind, not_after: end }) => kind === 'planned' && end === startMs,
  );
  return {
    ...{ revision, status: 'booked', notice: 'none', linkChannels: ['email', 'sms'] },
    ...{
      startsAt: instant(startMs),
      endsAt: instant(startMs + 20 * minuteMs),
      now: instant(nowMs),
    },
    reminders: Array.from(
      new Map(planned.map((row) => [`${row.before} ${row.requested_channel}`, row])).values(),
      (row): PlannedReminder => {
        const resolvedAt = instant(row.resolved_at);
        return {
          ...{ before: row.before ?? '', channel: row.requested_channel },
          ...{ resolvedAt, plannedAt: resolvedAt, sendAt: resolvedAt, notAfter: instant(startMs) },
          ...(row.resolved_at <= nowMs ? { skipped: 'booked_late' as const } : {}),
        };
      },
    ),
    isQuiet: () => false,
    noticeAt: () => undefined,
  };
}

function plan(input: {
  before: string;
  at: number;
  start: number;
  nowMs: number;
  random: Random;
  linkChannels: readonly Channel[];
}): PlannedReminder {
  const { before, at, start, nowMs, random, linkChannels } = input;
  const instant = Temporal.Instant.fromEpochMilliseconds(at);
  const channel = linkChannels.length > 1 ? random.pick(['auto', 'sms', 'email']) : linkChannels[0];
  return {
    before,
    channel: channel as PlannedReminder['channel'],
    ...{ resolvedAt: instant, plannedAt: instant, sendAt: instant },
    notAfter: Temporal.Instant.fromEpochMilliseconds(start),
    ...(at <= nowMs ? { skipped: 'booked_late' as const } : {}),
  };
}

interface Operation extends PutOperation {
  readonly wanted: WantedAppointment;
}

/** Puts an appointment, in a transaction of its own. */
export async function putAppointment(deps: BookingDeps, wish: PutWish): Promise<void> {
  const { organisationId, reference, wanted } = wish;
  const linkExpiresAt = wanted.endsAt.add({ hours: 48 });
  const request = { wanted, linkExpiresAt };
  const operation: Operation = {
    ...{ organisationId, mode: 'live', reference, id: deps.nextId(), request, wanted },
    issuedAt: wanted.now.round('second'),
  };
  const [outcome] = await deps.database.transaction([organisationId], (connection) =>
    acceptGroup(
      {
        journal: deps.journal,
        seal: (...all) => sealNothing(deps, ...all),
        lateGate: async () => undefined,
      },
      connection,
      [operation],
    ).catch((error: unknown) => {
      throw isHeldBack(error) ? new AppError('restoring') : error;
    }),
  );
  if (outcome?.ok === false) throw outcome.error;
}

export async function deleteAppointment(
  { database, journal }: Omit<BookingDeps, 'nextId'>,
  { organisationId, reference, erase }: Booked & { erase: boolean },
): Promise<void> {
  const remove = createDeleteAppointment({
    ...{ database, journal, ...unsignedErasures },
  });
  await remove({ organisationId, mode: 'live', reference, erase });
}

/** The rows that sealing would make, with nothing in them. */
async function sealNothing(
  { nextId }: BookingDeps,
  { wanted }: Operation,
  _appointmentId: string,
  decision: PutDecision,
): Promise<SealedAppointment> {
  const reminders = decision.newReminders.map((reminder) => ({ ...reminder, id: nextId() }));
  const isSent = ({ skipped }: NewReminder) => !skipped;
  const links = [
    ...reminders
      .filter(isSent)
      .flatMap(({ id }) => wanted.linkChannels.map((channel) => ({ reminderId: id, channel }))),
    ...decision.resealed.map(({ reminder, channel }) => ({ reminderId: reminder.id, channel })),
  ].map((owner): SealedLink => ({ ...owner, ...emptyLink(nextId()) }));
  return { viewMonth: '2026-12', content: Buffer.alloc(1), reminders, links, contentKeys: [] };
}

const [publicKey, note, parcel] = [Buffer.alloc(32), Buffer.alloc(1), Buffer.alloc(1)];

function emptyLink(id: string): Omit<SealedLink, 'reminderId' | 'channel'> {
  const lookup = Buffer.from(id.replaceAll('-', ''), 'hex');
  return { id, lookup, sealPublicKey: publicKey, note, parcel, parcelDay: '2026-12-01' };
}
