import { randomBytes, randomUUID } from 'node:crypto';
import { limits } from '../../config/limits.ts';
import { channels, modes } from '../../src/domain/channel.ts';
import { type Lane, laneKey } from '../../src/domain/lane.ts';
import { Secret } from '../../src/domain/secret.ts';
import { boxPublicKey, newBoxPrivateKey } from '../../src/keys/box-keys.ts';
import { createLinkTokens } from '../../src/keys/link-token.ts';
import type { Log } from '../../src/telemetry/log.ts';
import { createTwilioTransport } from '../../src/transport/sms-twilio.ts';
import type { Transport } from '../../src/transport/transport.ts';
import { type DispatchDeps, dispatchBatch } from '../../src/usecases/dispatch-batch.ts';
import { feedDueReminders, newFeedCursor } from '../../src/usecases/feed-due-reminders.ts';
import type { Alarm } from '../../src/usecases/raise-alarms.ts';
import { createOutcomeRecorder } from '../../src/usecases/record-outcome.ts';
import type { Route } from '../../src/usecases/routes.ts';
import { createSendBreaker } from '../../src/usecases/send-breaker.ts';
import { createSendSlots } from '../../src/usecases/send-slots.ts';
import { settleUncertain } from '../../src/usecases/settle-uncertain.ts';
import { sweepExpired, sweepLeases } from '../../src/usecases/sweep-leases.ts';
import type { TestDatabase } from './database.ts';
import type { MessagesPeer } from './messages-peer.ts';
import { type SeedOptions, seedReminders } from './seed-reminders.ts';

export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} };
export const parcelDay = new Date().toISOString().slice(0, 10);
/** Every lane, those that matter most first. */
export const lanes: readonly Lane[] = modes
  .toReversed()
  .flatMap((mode) => channels.map((channel) => ({ channel, mode })));

const [firstLane = { channel: 'sms', mode: 'live' }] = lanes;
/** As in production. */
export const benchWindowMs = 900_000;

/** What a test says otherwise: of a worker, or of the routes of one. */
export type BenchOverrides = Partial<DispatchDeps> &
  Partial<Route> & {
    readonly timeoutMs?: number;
    readonly email?: Partial<Route>;
  };

/** Feeder and dispatcher over a test's own database and a provider of its own, without a queue. */
export function createDispatchBench(database: TestDatabase, peer: MessagesPeer) {
  const epochPrivateKey = newBoxPrivateKey();
  const epochPublicKey = boxPublicKey(epochPrivateKey);
  const worker = database.open('worker');
  const scheduler = database.open('scheduler');
  const cursors = new Map(lanes.map((lane) => [laneKey(lane), newFeedCursor()]));
  const linkTokens = createLinkTokens({
    keys: [{ selector: 'a', key: new Secret(randomBytes(32)) }],
    audience: 'localhost',
  });

  function twilio(timeoutMs: number): Transport {
    return createTwilioTransport({
      accountSid: `AC${'0'.repeat(32)}`,
      authToken: new Secret('token'),
      from: '+33700000000',
      baseUrl: peer.url,
      statusCallbackUrl: (token) => `https://callback.example/${token}`,
      timeoutMs,
      maxSockets: 16,
    });
  }

  /** What a worker process has; made anew for each process a test plays. */
  function deps(overrides: BenchOverrides = {}): DispatchDeps & Route {
    const { timeoutMs = limits.sendTimeoutMs, email, ...others } = overrides;
    const base = others.database ?? worker;
    const route: Route = {
      transport: others.transport ?? twilio(timeoutMs),
      breaker: others.breaker ?? createSendBreaker({}),
      slots: others.slots ?? createSendSlots(16),
      recordOptOut: others.recordOptOut,
    };
    const byEmail = { ...route, breaker: createSendBreaker({}), ...email };
    return {
      ...route,
      database: base,
      routeOf: ({ channel }) => (channel === 'sms' ? route : byEmail),
      recorder: createOutcomeRecorder({ database: base, log: silentLog }),
      epochPrivateKey: async (day) => (day === parcelDay ? new Secret(epochPrivateKey) : undefined),
      findSuppressed: async () => new Set(),
      linkTokens,
      linkHostUrl: 'http://localhost:3001',
      optOut: false,
      optOutUrlOf: async () => new Secret(`http://localhost:3001/stop/${randomUUID()}`),
      log: silentLog,
      ...others,
    };
  }

  function settleWith(made: DispatchDeps, alarms: Alarm[] = [], lane: Lane = firstLane) {
    const onAlarm = (alarm: Alarm) => void alarms.push(alarm);
    return settleUncertain({ ...made, onAlarm, settleWindowMs: benchWindowMs }, lane);
  }

  return {
    worker,
    scheduler,
    epochPublicKey,
    deps,
    seed: (options: Omit<SeedOptions, 'epochPublicKey' | 'parcelDay'> & { parcelDay?: string }) =>
      seedReminders(database.admin, { epochPublicKey, parcelDay, ...options }),
    /** Feeds every lane once, at a rate that bounds nothing, and returns the batches that would ring. */
    async feed(allowedMax?: number): Promise<string[]> {
      await database.admin.query(
        `insert into heartbeats (name, instance, version, beat_at)
         select 'dispatch', 'bench ' || n, '0', 'infinity' from generate_series(1, 4) n
         on conflict do nothing`,
      );
      const rung: string[] = [];
      for (const lane of lanes) {
        const cursor = cursors.get(laneKey(lane)) ?? newFeedCursor();
        await feedDueReminders(
          { database: scheduler, ring: (batchId) => rung.push(batchId) },
          { lane, perSecond: 10_000, cursor, ...(allowedMax ? { allowedMax } : {}) },
        );
      }
      return rung;
    },
    dispatch: (batchId: string, overrides: BenchOverrides = {}) =>
      dispatchBatch(deps(overrides), batchId),
    dispatchWith: (made: DispatchDeps, batchId: string) => dispatchBatch(made, batchId),
    async states(): Promise<Record<string, number>> {
      const { rows } = await database.admin.query(
        'select state, count(*)::int as count from reminders group by state',
      );
      return Object.fromEntries(rows.map((row) => [row.state, row.count]));
    },
    async rows(query: string, values: unknown[] = []): Promise<Record<string, unknown>[]> {
      return (await database.admin.query(query, values)).rows;
    },
    /** Feeds and sends until nothing is due any more. */
    async drain(overrides: BenchOverrides = {}): Promise<void> {
      for (let batches = await this.feed(); batches.length > 0; batches = await this.feed()) {
        await Promise.all(batches.map((batchId) => this.dispatch(batchId, overrides)));
      }
    },
    /** Settles what is due, of the lane that reminders are seeded in, as one worker would. */
    settle: (overrides: BenchOverrides = {}, alarms: Alarm[] = []) =>
      settleWith(deps(overrides), alarms),
    settleWith,
    sweep: () => sweepLeases({ database: scheduler, log: silentLog }),
    /** @param differByMs how far the scheduler's clock is from the database's */
    expire: (differByMs = 0) =>
      sweepExpired({
        database: scheduler,
        now: () => Temporal.Now.instant().add({ milliseconds: differByMs }),
      }),
    /** Turns the clock on for everything in doubt, for what was sent, and for the peer. */
    async turnClock(ms: number): Promise<void> {
      peer.turnMs += ms;
      await database.admin.query(
        `update reminders set doubted_at = doubted_at - $1 * interval '1 millisecond',
           settle_at = settle_at - $1 * interval '1 millisecond',
           not_after = not_after - $1 * interval '1 millisecond'`,
        [ms],
      );
      await database.admin.query(
        `update attempts set started_at = started_at - $1 * interval '1 millisecond',
           copy_owed_at = copy_owed_at - $1 * interval '1 millisecond',
           copy_retry_at = copy_retry_at - $1 * interval '1 millisecond'`,
        [ms],
      );
    },
    /** Makes every lease pass. */
    passLeases: () =>
      database.admin.query(
        `update reminders set lease_until = clock_timestamp() - interval '1 second'
         where state in ('queued', 'sending')`,
      ),
  };
}
