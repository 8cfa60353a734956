import { heldUpBeat, type Lane } from '../domain/lane.ts';
import type { Connection, Database } from './database.ts';

/** How much a lane has been given lately. */
export interface LaneLoad {
  /** Reminders queued or being sent, counted up to `countMax`. */
  readonly outstanding: number;
  /**
   * Of those, the ones that no worker has written an intent for, and how long the first has been. None where
   * one is counted at most, for that may be any.
   */
  readonly waiting: number;
  readonly waitedMs: number;
  /** Reminders fed within the window, and within its last second. */
  readonly fedInWindow: number;
  readonly fedInSecond: number;
  /** Since the last batch; null when there was none within the window. */
  readonly sinceLastBatchMs: number | null;
  readonly paused: boolean;
  /** Worker processes that were alive a moment ago. */
  readonly workers: number;
  /** Of those, the ones that find the provider down. */
  readonly workersHeldUp: number;
}

/** A load, and what makes it of use to those that read after it. */
export interface LoadReading extends LaneLoad {
  /** By the server's clock. */
  readonly readAtMs: number;
  /** Reminders fed since the reading that was named; 0 where none was. */
  readonly fedSince: number;
  /** When the lease ends that ends first of those counted; leases made later end later. */
  readonly firstLeaseUntilMs: number;
}

/** What workers are heard of by. */
export const dispatchBeat = 'dispatch';
const aliveMs = 20_000;

/**
 * @param input.countedAtMs when what is in hand was last counted, within the window: it is not counted again,
 *   which goes through all of it, and `outstanding`, `waiting` and `waitedMs` are 0
 * @param input.leasesFromMs what another reading found as the first lease: what is over before it stays in the index
 *   until vacuum comes, and would be gone through each time
 */
export async function readLaneLoad(
  connection: Connection,
  input: Lane & {
    windowMs: number;
    countMax: number;
    leaseMs: number;
    countedAtMs?: number | undefined;
    leasesFromMs?: number | undefined;
  },
): Promise<LoadReading> {
  const { rows } = await connection.query({
    name: 'read lane load',
    text: `select
        o.outstanding, o.waiting, o.waited_ms, floor(extract(epoch from o.first_lease_until) * 1000)::float8 as first_lease_until_ms,
        coalesce(sum(b.reminder_count), 0)::int as fed,
        coalesce(sum(b.reminder_count) filter (
          where b.created_at > to_timestamp($9::float8 / 1000)), 0)::int as fed_since,
        (extract(epoch from clock_timestamp()) * 1000)::float8 as read_at_ms,
        -- A little less than the second from one tick to the next.
        coalesce(sum(b.reminder_count) filter (
          where b.created_at > clock_timestamp() - interval '950 milliseconds'), 0)::int as fed_in_second,
        extract(epoch from clock_timestamp() - max(b.created_at))::float8 * 1000 as since_ms,
        not may_send() or exists (select from pauses p
          where p.ended_at is null and p.organisation_id is null
          and (p.channel is null or p.channel = $1)) as paused,
        (select count(*)::int from heartbeats h where h.name = $5
          and h.beat_at > clock_timestamp() - $7::float8 * interval '1 millisecond') as workers,
        (select count(*)::int from heartbeats h where h.name = $6
          and h.beat_at > clock_timestamp() - $7::float8 * interval '1 millisecond') as held_up
      from (select count(*)::int as outstanding,
          (count(*) filter (where i.is_waiting))::int as waiting,
          coalesce(extract(epoch from now() - min(i.lease_until) filter (where i.is_waiting))::float8
            * 1000 + $4::float8, 0) as waited_ms,
          coalesce(min(i.lease_until), now()) as first_lease_until
        from (select state = 'queued' and $3 > 1 as is_waiting, lease_until from reminders
          where $9::float8 is null and phase = 'in_hand' and channel = $1 and mode = $8
            and lease_until >= coalesce(to_timestamp($10::float8 / 1000), '-infinity') limit $3) i) o
      left join batches b
      -- A lease ends at a fixed time after its batch was made, and leases are indexed.
      on b.lease_until > now() + ($4::float8 - $2::float8) * interval '1 millisecond'
        and b.created_at > clock_timestamp() - $2::float8 * interval '1 millisecond'
        -- None that the clock has not come to again since it was set back.
        and b.created_at <= clock_timestamp()
        and b.channel = $1 and b.mode = $8
      group by o.outstanding, o.waiting, o.waited_ms, o.first_lease_until`,
    values: [
      input.channel,
      input.windowMs,
      input.countMax,
      input.leaseMs,
      dispatchBeat,
      heldUpBeat(input),
      aliveMs,
      input.mode,
      input.countedAtMs,
      input.leasesFromMs,
    ],
  });
  const [row] = rows;
  return {
    outstanding: row?.outstanding ?? 0,
    waiting: row?.waiting ?? 0,
    waitedMs: row?.waited_ms ?? 0,
    fedInWindow: row?.fed ?? 0,
    fedInSecond: row?.fed_in_second ?? 0,
    sinceLastBatchMs: row?.since_ms ?? null,
    paused: row?.paused ?? false,
    workers: row?.workers ?? 0,
    workersHeldUp: row?.held_up ?? 0,
    readAtMs: row?.read_at_ms ?? 0,
    fedSince: row?.fed_since ?? 0,
    firstLeaseUntilMs: row?.first_lease_until_ms ?? 0,
  };
}

/** Whether a worker process other than this one was alive a moment ago and did not find the provider down. */
export async function isReachedByOthers(
  database: Pick<Database, 'query'>,
  { instance, ...lane }: Lane & { instance: string },
): Promise<boolean> {
  const rows = await database.query<{ reached: boolean }>(
    `select exists (select from heartbeats d
       where d.name = $1 and d.instance <> $3
         and d.beat_at > clock_timestamp() - $4::float8 * interval '1 millisecond'
         and not exists (select from heartbeats h where h.name = $2 and h.instance = d.instance
           and h.beat_at > clock_timestamp() - $4::float8 * interval '1 millisecond')) as reached`,
    [dispatchBeat, heldUpBeat(lane), instance, aliveMs],
  );
  return rows[0]?.reached ?? false;
}
