import type { Booking, Bookings } from './bookings.ts';
import type { Stage, Tenant } from './stage.ts';

/** What became of everything that one scenario booked: the peers' ledgers against what was answered. */
export interface Verdict {
  /** Reminders answered 2xx. */
  readonly accepted: number;
  /** Those of them that the peers have at least once. */
  readonly delivered: number;
  /** Before anything went out. */
  readonly cancelled: number;
  /** Ended with a reason that says why nothing went out: held, expired, booked too late. */
  readonly ended: number;
  /** Neither with a peer nor ended with a reason. */
  readonly lost: number;
  readonly unflaggedDuplicates: number;
  readonly flaggedDuplicates: number;
  readonly uncertainMade: number;
  readonly uncertainSettled: number;
  readonly held: number;
  readonly longestLagMs: number;
  /** The longest time in which none was accepted, and in which none arrived, while more came. */
  readonly pausesMs: { readonly accepting: number; readonly sending: number };
  /** Every breach, in words; empty when all is well. */
  readonly faults: readonly string[];
}

interface Row {
  readonly reference: string;
  readonly appointment_id: string;
  readonly version: number;
  readonly state: string;
  readonly reason: string | null;
  readonly possible_duplicate: boolean;
}

/** States in which nothing more happens by itself, for a reason that stands in the row. */
const endedStates = ['failed', 'expired', 'suppressed', 'skipped', 'superseded'];
const saysSent = ['sent', 'delivered', 'undelivered'];
/** What was handed over before a cancellation was committed may arrive so much later. */
const ghostAfterMs = 1_000;

export async function judge(options: {
  stage: Stage;
  tenant: Tenant;
  bookings: Bookings;
}): Promise<Verdict> {
  const { stage, tenant, bookings } = options;
  const copies = readLedgers(stage);
  const rows = await readRows(stage, tenant);
  const doubts = await readDoubts(stage, tenant);
  const faults: string[] = [...bookings.wrongAnswers];
  const counts = { delivered: 0, cancelled: 0, ended: 0, lost: 0, unflagged: 0, flagged: 0 };
  let longestLagMs = 0;

  for (const booking of bookings.all) {
    const arrived = copies.get(booking.contact) ?? [];
    const mine = rows.get(booking.reference) ?? [];
    faults.push(...storedFaults(booking, mine));
    const [row] = mine;
    const [first] = arrived;
    if (!row) {
      if (booking.id !== undefined && first === undefined) counts.lost += 1;
      continue;
    }
    if (first !== undefined) {
      counts.delivered += 1;
      longestLagMs = Math.max(longestLagMs, first - booking.dueAtMs);
    }
    if (arrived.length > 1) {
      if (row.possible_duplicate) counts.flagged += arrived.length - 1;
      else {
        counts.unflagged += arrived.length - 1;
        faults.push(`${booking.reference} arrived ${arrived.length} times, unflagged`);
      }
    }
    if (booking.cancelledAtMs !== undefined) {
      if (first === undefined) counts.cancelled += 1;
      const latest = arrived.at(-1) ?? 0;
      if (latest > booking.cancelledAtMs + ghostAfterMs) {
        faults.push(
          `${booking.reference} was sent ${latest - booking.cancelledAtMs} ms after its end`,
        );
      }
      continue;
    }
    if (first !== undefined) continue;
    // Only what ends for want of time says all with its state.
    const isExplained = row.reason !== null || row.state === 'expired';
    if (endedStates.includes(row.state) && isExplained) counts.ended += 1;
    else {
      counts.lost += 1;
      const word = saysSent.includes(row.state) ? 'is with no peer' : 'is owed';
      faults.push(`${booking.reference} is ${row.state} and ${word}`);
    }
  }
  faults.push(...ghosts(bookings, rows));
  const settled = doubts.made - doubts.open;
  if (doubts.open > 0) faults.push(`${doubts.open} doubts are not settled`);
  if (doubts.made !== doubts.left + doubts.open) {
    faults.push(`${doubts.made} doubts made, ${doubts.left} settled, ${doubts.open} open`);
  }
  return {
    accepted: bookings.all.filter(({ id }) => id !== undefined).length,
    ...{ delivered: counts.delivered, cancelled: counts.cancelled, ended: counts.ended },
    ...{ lost: counts.lost, unflaggedDuplicates: counts.unflagged },
    flaggedDuplicates: counts.flagged,
    ...{ uncertainMade: doubts.made, uncertainSettled: settled, held: doubts.held },
    ...{ longestLagMs, faults },
    pausesMs: pausesOf(bookings, copies),
  };
}

/** What is settled after the last was booked is no part of it. */
function pausesOf(bookings: Bookings, copies: ReadonlyMap<string, readonly number[]>) {
  const accepted = bookings.all.flatMap(({ acceptedAtMs = [] }) => acceptedAtMs);
  const lastDueMs = Math.max(...bookings.all.map(({ dueAtMs }) => dueAtMs));
  const arrived = bookings.all.flatMap(({ contact }) => copies.get(contact)?.slice(0, 1) ?? []);
  return {
    accepting: longestGap(accepted),
    sending: longestGap(arrived.filter((atMs) => atMs <= lastDueMs)),
  };
}

function longestGap(times: readonly number[]): number {
  const sorted = times.toSorted((one, other) => one - other);
  return sorted.reduce((most, at, place) => Math.max(most, at - (sorted[place - 1] ?? at)), 0);
}

/** By number or address, when the peers took each copy. */
function readLedgers({ phones, mail }: Stage): Map<string, number[]> {
  const copies = new Map<string, number[]>();
  const add = (to: string, atMs: number) => {
    const known = copies.get(to);
    if (known) known.push(atMs);
    else copies.set(to, [atMs]);
  };
  for (const { to, acceptedAtMs } of phones.accepted) add(to, acceptedAtMs);
  for (const { to, takenAtMs } of mail.taken) add(to, takenAtMs);
  return copies;
}

/** How many of these have reached a peer. */
export function countArrived(stage: Stage, bookings: Bookings): number {
  const copies = readLedgers(stage);
  return bookings.all.filter(({ contact }) => copies.has(contact)).length;
}

/** How long after they were due these reached a peer. */
export function lagsOf(stage: Stage, bookings: Bookings): number[] {
  const copies = readLedgers(stage);
  return bookings.all.flatMap(({ contact, dueAtMs }) => {
    const [first] = copies.get(contact) ?? [];
    return first === undefined ? [] : [first - dueAtMs];
  });
}

async function readRows(stage: Stage, tenant: Tenant): Promise<Map<string, Row[]>> {
  const rows = await stage.rows<Row & { reference: string }>(
    `select a.reference, a.id as appointment_id, a.version, r.state, r.possible_duplicate,
       coalesce(r.reason_code, r.skipped_reason) as reason
     from appointments a join reminders r on r.appointment_id = a.id where a.organisation_id = $1`,
    [tenant.organisationId],
  );
  return Map.groupBy(rows, ({ reference }) => reference);
}

/** An answer 2xx is a promise, and nothing else than an answer 2xx ends the asking. */
function storedFaults(booking: Booking, rows: readonly Row[]): string[] {
  const { reference, id, version, tries } = booking;
  if (id === undefined) return [`${reference} was never accepted`];
  const [row, ...others] = rows;
  if (!row) return [`${reference} was answered 2xx and is not stored`];
  const faults: string[] = [];
  if (others.length > 0) faults.push(`${reference} has ${rows.length} reminders`);
  if (row.appointment_id !== id) faults.push(`${reference} was answered with another id`);
  // Asked again, it may have been stored twice as two versions of one appointment.
  const isCancelled = booking.cancelledAtMs !== undefined;
  if (!isCancelled && row.version !== version) {
    faults.push(`${reference}: version ${version} answered in ${tries}, ${row.version} stored`);
  }
  return faults;
}

function ghosts(bookings: Bookings, rows: ReadonlyMap<string, unknown>): string[] {
  const known = new Set(bookings.all.map(({ reference }) => reference));
  return Array.from(rows.keys())
    .filter((reference) => !known.has(reference))
    .map((reference) => `${reference} is stored and nobody booked it`);
}

/** Counted from the events alone. */
async function readDoubts(stage: Stage, { organisationId }: Tenant) {
  const [row] = await stage.rows<{ made: number; left: number; held: number; open: number }>(
    `select count(*) filter (where to_state = 'uncertain')::int as made,
       count(*) filter (where from_state = 'uncertain')::int as left,
       count(*) filter (where from_state = 'uncertain' and to_state = 'failed')::int as held,
       (select count(*)::int from reminders where organisation_id = $1 and state = 'uncertain') as open
     from events where organisation_id = $1 and from_state is distinct from to_state
       and (from_state = 'uncertain' or to_state = 'uncertain')`,
    [organisationId],
  );
  return row ?? { made: 0, left: 0, held: 0, open: 0 };
}
