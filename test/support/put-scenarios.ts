import fc from 'fast-check';
import type { Channel, RequestedChannel } from '../../src/domain/channel.ts';
import type { PutDecision } from '../../src/domain/put-decision.ts';
import type {
  StoredAppointment,
  StoredLink,
  StoredReminder,
  WantedAppointment,
} from '../../src/domain/put-facts.ts';
import { canTransition, type ReminderState, reminderStates } from '../../src/domain/reminder.ts';
import type { PlannedReminder } from '../../src/domain/schedule.ts';

type Instant = Temporal.Instant;

/** A stored appointment, or none yet, and what a PUT wants of it. */
export interface Scenario {
  readonly stored: StoredAppointment | undefined;
  readonly wanted: WantedAppointment;
}

export const channels: readonly Channel[] = ['sms', 'email'];
const requestedChannels: readonly RequestedChannel[] = ['sms', 'email', 'auto'];
const hoursBefore: Readonly<Record<string, number>> = { P2D: 48, P1D: 24, PT3H: 3 };
const befores = Object.keys(hoursBefore);
const firstStart = Temporal.Instant.from('2026-12-03T09:30:00Z');
/** Few enough that what is wanted often equals what is stored. */
const starts = [0, 1, 30].map((hours) => firstStart.add({ hours }));
/** Of an appointment that has been and is put off. */
const passedStart = firstStart.subtract({ hours: 100 });
const nows = [1, 20, 30, 50, 90].map((hours) => firstStart.subtract({ hours }));

const bool = fc.boolean();
const instantAround = (instant: Instant) =>
  fc.constantFrom(-400, -1, 0, 1, 400).map((hours) => instant.add({ hours }));

let counter = 0;
const freshId = () => `${++counter}`;

function links(now: Instant): fc.Arbitrary<StoredLink[]> {
  const onChannel = (channel: Channel) =>
    fc
      .array(
        fc.record({ attempted: bool, revoked: bool, expiresAt: instantAround(now), newest: bool }),
        { maxLength: 3 },
      )
      .map((some) =>
        some.map(({ newest, ...link }, index): StoredLink => {
          // Of one reminder and channel, the newest link alone may be the one in use.
          const current = index === some.length - 1 && newest;
          return { id: freshId(), channel, current, sealPublicKey: new Uint8Array(32), ...link };
        }),
      );
  return fc.tuple(onChannel('sms'), onChannel('email')).map((both) => both.flat());
}

function storedReminder(
  now: Instant,
  kind: StoredReminder['kind'],
  state: fc.Arbitrary<ReminderState>,
): fc.Arbitrary<StoredReminder> {
  return fc
    .record({
      state,
      requestedChannel: fc.constantFrom(...requestedChannels),
      channel: fc.constantFrom(...channels),
      before: fc.constantFrom(...befores),
      start: fc.constantFrom(...starts),
      pendingEnd: fc.constantFrom(null, 'cancelled', 'superseded'),
      possiblySent: fc.boolean(),
      skipped: fc.constantFrom('booked_late', 'quiet_hours'),
      sendAt: instantAround(now),
      links: links(now),
    })
    .map(({ start, ...some }) => {
      const gone = ['sent', 'delivered', 'undelivered'].includes(some.state);
      const resolvedAt = start.subtract({ hours: hoursBefore[some.before] ?? 0 });
      return {
        ...some,
        id: freshId(),
        kind,
        before: kind === 'planned' ? some.before : null,
        requestedChannel: kind === 'planned' ? some.requestedChannel : some.channel,
        resolvedAt: kind === 'planned' ? resolvedAt : some.sendAt,
        dueAt: some.sendAt,
        notAfter: start,
        skipped: some.state === 'skipped' ? some.skipped : null,
        pendingEnd: some.state === 'sending' ? some.pendingEnd : null,
        possiblySent: !gone && some.possiblySent,
        sentAt: gone ? some.sendAt : null,
      };
    });
}

/** What tells one planned reminder from another. */
export function meaningOf(
  reminder: Pick<StoredReminder, 'before' | 'resolvedAt'>,
  channel: RequestedChannel,
): string {
  return `${channel} ${reminder.before} ${reminder.resolvedAt}`;
}

const waiting: readonly ReminderState[] = ['scheduled', 'queued'];
const anyState = fc.constantFrom(...reminderStates);
const notWaiting = fc.constantFrom(...reminderStates.filter((state) => !waiting.includes(state)));

function storedAppointment(now: Instant): fc.Arbitrary<StoredAppointment> {
  const planned = fc.uniqueArray(storedReminder(now, 'planned', anyState), {
    maxLength: 4,
    // Of ended ones there may be several: each move and each way back leaves one.
    selector: (one) =>
      one.state === 'cancelled' || one.state === 'superseded'
        ? one.id
        : meaningOf(one, one.requestedChannel),
  });
  const pending = fc.array(storedReminder(now, 'notice', fc.constantFrom(...waiting)), {
    maxLength: 1,
  });
  const notices = fc.array(storedReminder(now, 'notice', notWaiting), { maxLength: 2 });
  return fc
    .record({
      state: fc.constantFrom('booked', 'booked', 'cancelled'),
      version: fc.integer({ min: 1, max: 9 }),
      revision: fc.option(fc.nat(9)),
      moved: bool,
      startsAt: fc.constantFrom(...starts, passedStart),
      minutes: fc.constantFrom(20, 60),
      reminders: fc.tuple(planned, pending, notices).map((some) => some.flat()),
    })
    .map(({ minutes, ...some }) => ({
      ...some,
      id: freshId(),
      endsAt: some.startsAt.add({ minutes }),
    }));
}

function wantedAppointment(now: Instant): fc.Arbitrary<WantedAppointment> {
  return fc
    .record({
      revision: fc.option(fc.nat(9), { nil: undefined }),
      status: fc.constantFrom('booked', 'booked', 'cancelled'),
      notice: fc.constantFrom('if_told', 'now', 'none'),
      startsAt: fc.constantFrom(...starts),
      minutes: fc.constantFrom(20, 60),
      entries: fc.uniqueArray(
        fc.record({
          before: fc.constantFrom(...befores),
          channel: fc.constantFrom(...requestedChannels),
        }),
        { maxLength: 4, selector: ({ before, channel }) => `${before} ${channel}` },
      ),
      linkChannels: fc.shuffledSubarray([...channels]),
      noticeInHours: fc.constantFrom(0, 0, 9, undefined),
      elseIsQuiet: bool,
    })
    .map(({ minutes, entries, noticeInHours, elseIsQuiet, ...some }) => ({
      ...some,
      now,
      endsAt: some.startsAt.add({ minutes }),
      reminders: entries.map((entry) => plannedReminder(entry, some.startsAt, now)),
      // Nothing is planned for a time that is.
      isQuiet: (instant) =>
        elseIsQuiet &&
        !entries.some((entry) => plannedReminder(entry, some.startsAt, now).sendAt.equals(instant)),
      noticeAt(notAfter) {
        const at = noticeInHours === undefined ? undefined : now.add({ hours: noticeInHours });
        return at && Temporal.Instant.compare(at, notAfter) < 0 ? at : undefined;
      },
    }));
}

export function plannedReminder(
  { before, channel }: { before: string; channel: RequestedChannel },
  startsAt: Instant,
  now: Instant,
): PlannedReminder {
  const resolvedAt = startsAt.subtract({ hours: hoursBefore[before] ?? 0 });
  const late = Temporal.Instant.compare(resolvedAt, now) <= 0;
  return {
    before,
    channel,
    resolvedAt,
    plannedAt: resolvedAt,
    sendAt: resolvedAt,
    notAfter: startsAt,
    ...(late ? { skipped: 'booked_late' } : {}),
  };
}

const now = fc.constantFrom(...nows);

/** Every state a stored appointment can be in, with every change that can be wanted of it. */
export const scenario: fc.Arbitrary<Scenario> = now.chain((at) =>
  fc.record({
    stored: fc.option(storedAppointment(at), { nil: undefined, freq: 9 }),
    wanted: wantedAppointment(at),
  }),
);

/** The same for what is stored already. */
export const replacement: fc.Arbitrary<Scenario & { stored: StoredAppointment }> = now.chain((at) =>
  fc.record({ stored: storedAppointment(at), wanted: wantedAppointment(at) }),
);

/** What is stored once a decision has been written, as the store writes it. */
export function afterwards({ stored, wanted }: Scenario, decision: PutDecision): StoredAppointment {
  const ended = new Map(decision.ended.map(({ id, to }) => [id, to]));
  const marked = new Map(decision.marked.map(({ id, end }) => [id, end]));
  const freshLink = (channel: Channel): StoredLink => ({
    id: freshId(),
    channel,
    current: true,
    attempted: false,
    revoked: false,
    expiresAt: wanted.endsAt.add({ hours: 48 }),
    sealPublicKey: new Uint8Array(32),
  });
  const kept = (stored?.reminders ?? []).map((reminder): StoredReminder => {
    const pendingEnd = marked.get(reminder.id);
    return {
      ...reminder,
      state: ended.get(reminder.id) ?? reminder.state,
      pendingEnd: pendingEnd === undefined ? reminder.pendingEnd : pendingEnd,
      links: [
        ...reminder.links
          .filter(({ id }) => !decision.droppedLinkIds.includes(id))
          .map((link) => ({
            ...link,
            current: link.current && !decision.retiredLinkIds.includes(link.id),
            revoked: link.revoked || decision.revokedLinkIds.includes(link.id),
          })),
        ...decision.resealed
          .filter((one) => one.reminder.id === reminder.id)
          .map(({ channel }) => freshLink(channel)),
      ],
    };
  });
  const added = decision.newReminders.map(
    ({ skipped, ...reminder }): StoredReminder => ({
      ...reminder,
      id: freshId(),
      dueAt: reminder.sendAt,
      state: skipped ? 'skipped' : 'scheduled',
      skipped: skipped ?? null,
      pendingEnd: null,
      possiblySent: false,
      sentAt: null,
      links: skipped ? [] : wanted.linkChannels.map(freshLink),
    }),
  );
  return {
    id: stored?.id ?? freshId(),
    state: decision.state,
    version: decision.version,
    revision: decision.revision,
    moved: decision.moved,
    startsAt: wanted.startsAt,
    endsAt: wanted.endsAt,
    reminders: [...kept, ...added],
  };
}

/**
 * A few PUTs of one appointment that tell of its changes, with what happens to its reminders after
 * each of them.
 */
export const history: fc.Arbitrary<{ wanted: WantedAppointment; advances: number[] }[]> = now.chain(
  (at) =>
    fc.array(
      fc.record({
        wanted: wantedAppointment(at)
          .filter(({ linkChannels }) => linkChannels.length > 0)
          .map((wanted) => (wanted.notice === 'none' ? { ...wanted, notice: 'if_told' } : wanted)),
        advances: fc.array(fc.nat(1000), { minLength: 2, maxLength: 12 }),
      }),
      { minLength: 2, maxLength: 5 },
    ),
);

/** What a person asks for, and what goes on to another channel, is not a step of this kind. */
const bySomeoneElse: readonly string[] = [
  'failed scheduled',
  'sent scheduled',
  'undelivered scheduled',
];
/** A mark is carried out instead of these. */
const wayBack: readonly ReminderState[] = ['scheduled', 'failed', 'uncertain'];
const ends: readonly ReminderState[] = ['cancelled', 'superseded', 'erased', 'skipped'];

/** One reminder takes one step that workers, sweeps or receipts may bring about. */
export function advance(stored: StoredAppointment, pick: number): StoredAppointment {
  const steps = stored.reminders.flatMap((reminder) =>
    reminderStates
      .filter((to) => canTransition(reminder.state, to) && !ends.includes(to))
      .filter((to) => !bySomeoneElse.includes(`${reminder.state} ${to}`))
      .map((to) => ({ reminder, to })),
  );
  const step = steps[pick % Math.max(steps.length, 1)];
  if (!step) return stored;
  const { reminder, to } = step;
  const state = wayBack.includes(to) ? ((reminder.pendingEnd as ReminderState | null) ?? to) : to;
  const changed: StoredReminder = {
    ...reminder,
    state,
    pendingEnd: state === 'sending' ? reminder.pendingEnd : null,
    possiblySent: state !== 'sent' && (reminder.possiblySent || reminder.state === 'uncertain'),
    sentAt: state === 'sent' ? reminder.sendAt : reminder.sentAt,
    links: reminder.links.map((link) => ({
      ...link,
      attempted: link.attempted || (state === 'sending' && link.current),
    })),
  };
  return {
    ...stored,
    reminders: stored.reminders.map((one) => (one === reminder ? changed : one)),
  };
}
