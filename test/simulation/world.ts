import { heldUpBeat, type Lane, laneKey } from '../../src/domain/lane.ts';
import type { Journal } from '../../src/journal/journal.ts';
import type { Database } from '../../src/store/database.ts';
import { dispatchBeat } from '../../src/store/lane-load.ts';
import { type FeedCursor, newFeedCursor } from '../../src/usecases/feed-due-reminders.ts';
import { type Breach, type Watch, watch } from './invariants.ts';
import { createIo, type Fault, type Io, type Process, startProcess } from './io.ts';
import { createMemoryDatabase } from './memory-database.ts';
import { createPast, journalOf, type Past } from './past.ts';
import { createProvider, moods, type Provider } from './provider.ts';
import { createRandom, type Random } from './random.ts';
import type { Statements } from './statement.ts';
import { emptyTables, type Tables } from './tables.ts';
import { startWorker, type Worker } from './worker.ts';

export const lanes: readonly Lane[] = [
  { channel: 'sms', mode: 'live' },
  { channel: 'email', mode: 'live' },
];

export type Role = 'api' | 'ops' | 'scheduler' | 'worker';

/** Where a world keeps what it stores, beside its tables. */
export interface Backend {
  databaseOf(role: Role): Database;
  /** The clock has been turned, or workers have been heard of. */
  arrange(): Promise<void>;
}

export interface WorldOptions {
  readonly seed: number;
  /** What the store's statements do, where a promise is to be broken. */
  readonly statements?: Statements | undefined;
  readonly faultAt?: ((place: number, label: string) => Fault) | undefined;
  /** Another than memory. */
  readonly backendOf?: ((world: { tables: Tables; nowMs: () => number }) => Backend) | undefined;
  /** Told of every step in words. */
  readonly tell?: ((line: string) => void) | undefined;
  readonly startMs?: number | undefined;
}

/** One simulated deployment: its database, its processes, its provider, its clock. */
export interface World {
  readonly io: Io;
  readonly tables: Tables;
  readonly provider: Provider;
  readonly watch: Watch;
  readonly past: Past;
  /** Only memory does; elsewhere a restore is one to the same moment. */
  readonly goesBack: boolean;
  readonly journal: Pick<Journal, 'append'>;
  readonly workers: Worker[];
  /** Batches that were rung for. */
  readonly bells: string[];
  readonly cursors: Map<string, FeedCursor>;
  readonly stopped: Set<string>;
  readonly spoilt: Map<string, 'LEAK_GUARD' | 'cannot_open' | 'no_link_key'>;
  readonly organisationIds: readonly string[];
  readonly usesRevisions: boolean;
  /** Numbers of the step that is under way. */
  random: Random;
  nowMs(): number;
  turnClock(ms: number): Promise<void>;
  nextId(): string;
  /** A process that makes one run of something, and what it sees of the database. */
  runAs(role: Role, work: (database: Database) => Promise<unknown>): Promise<void>;
  restart(place: number): void;
  heartbeats(): Promise<void>;
  tell(line: () => string): void;
  breaches(): readonly Breach[];
}

const firstMs = Date.parse('2026-12-01T09:00:00Z');

export async function createWorld(options: WorldOptions): Promise<World> {
  const { statements, tell } = options;
  let clockMs = options.startMs ?? firstMs;
  let ids = 0;
  const nowMs = () => clockMs;
  const tables = emptyTables(clockMs);
  const past = createPast();
  const setUp = createRandom(options.seed);
  const io = createIo(options.faultAt);
  const memory = createMemoryDatabase(tables, { nowMs, ...(statements ? { statements } : {}) });
  const backend = options.backendOf?.({ tables, nowMs }) ?? {
    databaseOf: () => memory,
    arrange: async () => {},
  };
  const stopped = new Set<string>();
  const spoilt: World['spoilt'] = new Map();
  const prefix = options.seed.toString(16).padStart(8, '0');

  const nextId = () => {
    ids += 1;
    return `${prefix}-0000-4000-8000-${ids.toString(16).padStart(12, '0')}`;
  };

  let watched: Watch | undefined;
  const provider = createProvider({
    ...{ io, nowMs, nextId },
    random: () => world.random,
    onCopy: (copy) => watched?.taken(copy),
  });
  watched = watch(tables, { copies: provider.copies, nowMs });

  function newWorker(place: number): Worker {
    const deps = { io, provider, nowMs, stopped, spoilt, random: () => world.random };
    return startWorker({ ...deps, database: backend.databaseOf('worker') }, `worker ${place + 1}`);
  }

  const world: World = {
    ...{ io, tables, provider, nowMs, nextId, stopped, spoilt, random: setUp },
    ...{ watch: watched, past, journal: journalOf(past, nowMs) },
    goesBack: options.backendOf === undefined,
    workers: [],
    bells: [],
    cursors: new Map(lanes.map((lane) => [laneKey(lane), newFeedCursor()])),
    organisationIds: Array.from({ length: setUp.chance(0.3) ? 2 : 1 }, nextId),
    usesRevisions: setUp.chance(0.2),
    async turnClock(ms) {
      clockMs += ms;
      await backend.arrange();
    },
    async runAs(role, work) {
      const process = startProcess(role, { waits: false });
      const running = work(io.databaseOf(process, backend.databaseOf(role))).catch(() => {});
      await Promise.race([running, process.death]);
    },
    restart(place) {
      const worker = world.workers[place];
      if (worker) endProcess(io, worker.process);
      world.workers[place] = newWorker(place);
    },
    async heartbeats() {
      const beats = world.workers.flatMap(({ process, heldUp }) => [
        { name: dispatchBeat, instance: process.name },
        ...lanes
          .filter(({ channel }) => heldUp(channel))
          .map((lane) => ({ name: heldUpBeat(lane), instance: process.name })),
      ]);
      tables.heartbeats.splice(0, tables.heartbeats.length, ...beats);
      await backend.arrange();
    },
    tell: (line) => tell?.(`${clockText(clockMs)} ${line()}`),
    breaches: () => [
      ...world.watch.breaches,
      ...io.blunders.map((error) => ({ promise: 'code', what: String(error) }) as const),
    ],
  };
  for (const id of world.organisationIds) {
    tables.organisations.push({ id, uncertain_policy: setUp.chance(0.7) ? 'resend' : 'hold' });
    if (!setUp.chance(0.2)) continue;
    const onNoAnswer = setUp.chance(0.5) ? 'send' : 'hold';
    tables.checks.push({ id: nextId(), organisation_id: id, on_no_answer: onNoAnswer });
  }
  for (const { channel } of lanes) {
    if (setUp.chance(0.6)) provider.mood[channel] = setUp.pick(moods);
  }
  for (const place of [0, 1]) world.workers[place] = newWorker(place);
  await backend.arrange();
  return world;
}

function endProcess(io: Io, process: Process): void {
  process.kill();
  io.forget(process);
}

function clockText(ms: number): string {
  return new Date(ms).toISOString().slice(11, 19);
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Grants the nth of the calls that wait, and lets its process go on until it waits again. */
export async function grant(world: World, place: number, fault: Fault): Promise<void> {
  const [call] = world.io.waiting.splice(place, 1);
  if (!call) return;
  world.tell(() => `${call.process.name}: ${call.label}${fault === 'none' ? '' : ` (${fault})`}`);
  await call.grant(fault);
  await turn();
  await turn();
  if (!call.process.alive) {
    const at = world.workers.findIndex(({ process }) => process === call.process);
    if (at >= 0) world.restart(at);
  }
  world.watch.look();
}

const patienceMs = 15_000;

/**
 * To the next moment at which something is to be done, as the tables have it.
 *
 * @param isPatient until a reminder's time is over, where nothing comes before
 */
export function untilNext({ tables, nowMs }: World, { isPatient }: { isPatient: boolean }): number {
  const now = nowMs();
  const moments = tables.reminders.flatMap((row) => {
    const end = isPatient ? [row.not_after] : [];
    if (row.state === 'scheduled') return [row.due_at, ...end];
    if (row.state === 'uncertain') return [row.settle_at ?? now, ...end];
    return row.state === 'queued' || row.state === 'sending' ? [row.lease_until ?? now] : [];
  });
  const isOverdue = moments.some((at) => at <= now);
  if (isPatient && isOverdue) return patienceMs;
  const ahead = moments.filter((at) => at > now);
  return ahead.length > 0 ? Math.max(Math.min(...ahead) - now, 1_000) : patienceMs;
}
