import { setTimeout as wait } from 'node:timers/promises';
import type { RedisProgram } from '../support/redis-process.ts';
import { waitFor } from '../support/wait-for.ts';
import type { Scenario, Scene } from './scenario.ts';
import { createBookings } from './stage/bookings.ts';
import { countArrived, judge, type Verdict } from './stage/judge.ts';
import { randomFrom } from './stage/random.ts';
import { type Backend, openStage, type Shape, type Stage } from './stage/stage.ts';
import { watchLedger } from './stage/watch-ledger.ts';

export interface ChaosOptions {
  readonly backend: Backend;
  readonly seed: number;
  readonly scenarios: readonly Scenario[];
  /** Undefined: the full number of rounds of each. */
  readonly minutes: number | undefined;
  /** Leases and windows are waited for, and not turned forward. */
  readonly realLeases?: boolean;
  /** Rounds that were played in earlier parts: what is chosen goes on from there. */
  readonly roundsBefore?: number;
  readonly redisProgram: RedisProgram | undefined;
  /** A folder that holds another version, installed. */
  readonly olderVersion?: string | undefined;
  /** Whether everything runs from that one at first. */
  readonly beginsOlder?: boolean;
  /** What it is played on; one PostgreSQL, and one Redis, when absent. */
  readonly shape?: Shape | undefined;
  /** Told of what is going on. */
  readonly tell: (line: string) => void;
}

/** What one scenario has come to. */
export interface Outcome extends Verdict {
  readonly scenario: string;
  readonly fault: string;
  readonly backend: Backend;
  readonly rounds: number;
  readonly seconds: number;
  readonly turnedAway: number;
  readonly alarmsExpected: readonly string[];
  readonly alarmsFired: readonly string[];
  readonly notes: Readonly<Record<string, number>>;
}

export interface ChaosResult {
  readonly backend: Backend;
  readonly seed: number;
  readonly outcomes: readonly Outcome[];
  /** What belongs to no scenario alone. */
  readonly faults: readonly string[];
  readonly ledgerSamples: number;
}

interface Played {
  readonly scenario: Scenario;
  readonly scene: Scene;
  readonly rounds: number;
  readonly breaches: string[];
  readonly notes: Record<string, number>;
  readonly span: readonly [fromMs: number, untilMs: number];
}

/** Never so late that a stage which does not come to rest is not judged. */
const settleMaxMs = 240_000;
const quietMs = 20_000;
const defaultPerSecond = 10;
const openMax = 60;
const cancelledShare = 0.05;

/**
 * Plays scenarios one after the other on one running system, lets everything settle, and judges each
 * by the ledgers of the peers.
 */
export async function runChaos(options: ChaosOptions): Promise<ChaosResult> {
  const { backend, seed, scenarios, minutes, tell, realLeases = false, roundsBefore = 0 } = options;
  const stage = await openStage(options);
  try {
    const watch = watchLedger(stage);
    const played: Played[] = [];
    const endsAtMs = minutes === undefined ? undefined : Date.now() + minutes * 60_000;
    for (const [place, scenario] of scenarios.entries()) {
      const left = scenarios.length - place;
      const untilMs =
        endsAtMs === undefined ? undefined : Date.now() + (endsAtMs - Date.now()) / left;
      tell(`${backend}: ${scenario.name}: ${scenario.fault}`);
      played.push(await play(stage, { scenario, seed, untilMs, realLeases, roundsBefore }));
    }
    tell(`${backend}: everything settles`);
    await settle(stage, !realLeases);
    const outcomes: Outcome[] = [];
    for (const one of played) outcomes.push(await conclude(stage, one));
    await watch.stop();
    const faults = [...stage.mishaps, ...new Set(watch.faults)];
    return { backend, seed, outcomes, faults, ledgerSamples: watch.samples() };
  } finally {
    await stage.stop();
  }
}

async function play(
  stage: Stage,
  given: {
    scenario: Scenario;
    seed: number;
    untilMs: number | undefined;
    realLeases: boolean;
    roundsBefore: number;
  },
): Promise<Played> {
  const fromMs = Date.now();
  const { scenario, seed, untilMs, realLeases, roundsBefore } = given;
  const { name, rounds: plan, perSecond = defaultPerSecond } = scenario;
  const random = randomFrom(seed, `${stage.backend} ${name}${roundsBefore || ''}`);
  const tenant = await stage.createTenant(name);
  const { dueInMs = 2_000 } = scenario;
  const bookings = createBookings({ stage, tenant, name, random, dueInMs });
  const breaches: string[] = [];
  const notes: Record<string, number> = {};
  const scene: Scene = {
    ...{ stage, tenant, bookings, random, realLeases },
    async untilMore(count, withinMs = 20_000) {
      const goal = countArrived(stage, bookings) + count;
      return isTrueWithin(() => countArrived(stage, bookings) >= goal, withinMs);
    },
    book: (count, channel) =>
      Promise.all(Array.from({ length: count }, () => bookings.put(channel ? { channel } : {}))),
    breach: (words) => void breaches.push(words),
    note(what, count = 1) {
      notes[what] = (notes[what] ?? 0) + count;
    },
  };
  const undo = await scenario.prepare?.(scene);
  const traffic = startTraffic(scene, perSecond);
  let rounds = 0;
  try {
    if (perSecond > 0) await scene.untilMore(1);
    const wanted = () =>
      rounds < plan.least ||
      (rounds < plan.full && (untilMs === undefined || Date.now() < untilMs));
    for (; wanted(); rounds += 1) await scenario.round(scene, roundsBefore + rounds);
  } catch (error) {
    breaches.push(`round ${rounds + 1}: ${error instanceof Error ? error.message : error}`);
  } finally {
    await undo?.();
    await stage.heal();
  }
  await traffic.stop();
  await bookings.allAnswered();
  await untilQuiet(stage, tenant.organisationId);
  return { scenario, scene, rounds, breaches, notes, span: [fromMs, Date.now()] };
}

/** Books so many a second, and cancels some of them soon after, until it is stopped. */
function startTraffic(scene: Scene, perSecond: number) {
  const { bookings, random } = scene;
  let stopping = false;
  const work = (async () => {
    const startedAtMs = performance.now();
    for (let count = 0; !stopping && perSecond > 0; count += 1) {
      const dueMs = startedAtMs + (count * 1_000) / perSecond - performance.now();
      if (dueMs > 0) await wait(dueMs);
      // Those that are not answered yet are enough to find out with.
      while (bookings.open() >= openMax && !stopping) await wait(20);
      const isToEnd = random() < cancelledShare;
      const afterMs = random() * 3_000;
      void bookings.put().then(async (booking) => {
        if (!isToEnd) return;
        await wait(afterMs);
        await bookings.cancel(booking);
      });
    }
  })();
  return {
    async stop() {
      stopping = true;
      await work;
      // The last to be cancelled is cancelled after this.
      await wait(50);
    },
  };
}

/** What can go out now has gone out; what leases hold, or is in doubt, is waited for at the end of all. */
async function untilQuiet(stage: Stage, organisationId: string): Promise<void> {
  await isTrueWithin(async () => {
    const [row] = await stage.rows(
      `select count(*)::int as due from reminders where organisation_id = $1
       and (state = 'scheduled' and due_at <= clock_timestamp() + interval '3 seconds'
         or state in ('queued', 'sending') and updated_at > clock_timestamp() - interval '5 seconds')`,
      [organisationId],
    );
    return row?.due === 0;
  }, quietMs);
}

/** @param turns whether leases and windows are made to pass; else they are waited for */
async function settle(stage: Stage, turns: boolean): Promise<void> {
  await isTrueWithin(
    async () => {
      if (turns) await stage.turnClock();
      const [row] = await stage.rows(
        `select count(*)::int as open from reminders
         where state in ('queued', 'sending', 'uncertain')
           or state = 'scheduled' and due_at <= clock_timestamp() + interval '1 minute'`,
      );
      return row?.open === 0;
    },
    settleMaxMs,
    turns ? 1_000 : 2_000,
  );
}

async function conclude(stage: Stage, played: Played): Promise<Outcome> {
  const { scenario, scene, rounds, breaches, notes, span } = played;
  const verdict = await judge(scene);
  await scenario
    .check?.(scene, verdict)
    .catch((error: Error) => breaches.push(`could not be checked: ${error.message}`));
  const fired = await alarmsBetween(stage, span);
  const alarmsExpected = rounds > 0 ? (scenario.alarms ?? []) : [];
  const missing = alarmsExpected.filter((code) => !fired.includes(code));
  return {
    ...verdict,
    ...{ scenario: scenario.name, fault: scenario.fault, backend: stage.backend, rounds, notes },
    seconds: Math.round((span[1] - span[0]) / 1_000),
    turnedAway: scene.bookings.turnedAway(),
    ...{ alarmsExpected, alarmsFired: fired },
    faults: [...breaches, ...verdict.faults, ...missing.map((code) => `no alarm ${code}`)],
  };
}

/** What was written into the register of incidents, and what a process called out. */
async function alarmsBetween(stage: Stage, [fromMs, untilMs]: Played['span']): Promise<string[]> {
  const logged = stage.errors
    .filter(({ atMs, line }) => line.code !== undefined && atMs >= fromMs && atMs <= untilMs)
    .map(({ line }) => line.code ?? '');
  const seen = await stage.rows<{ code: string }>(
    `select distinct i.code from incidents i
       left join incident_entries e on e.incident_id = i.id and e.kind = 'seen'
     where coalesce(e.at, i.opened_at) between to_timestamp($1) and to_timestamp($2)`,
    [fromMs / 1_000, untilMs / 1_000],
  );
  return Array.from(new Set([...logged, ...seen.map(({ code }) => code)]));
}

async function isTrueWithin(
  holds: () => boolean | Promise<boolean>,
  withinMs: number,
  pollMs = 50,
): Promise<boolean> {
  return waitFor(holds, withinMs, pollMs).then(
    () => true,
    () => false,
  );
}
