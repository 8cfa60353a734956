import type { Channel } from '../../src/domain/channel.ts';
import type { Lane } from '../../src/domain/lane.ts';
import { Secret } from '../../src/domain/secret.ts';
import type { Database } from '../../src/store/database.ts';
import type { Log } from '../../src/telemetry/log.ts';
import type { SendOutcome } from '../../src/transport/transport.ts';
import { type DispatchDeps, dispatchBatch } from '../../src/usecases/dispatch-batch.ts';
import type { OpenedReminder, openReminder } from '../../src/usecases/open-reminder.ts';
import { createOutcomeRecorder } from '../../src/usecases/record-outcome.ts';
import type { Route } from '../../src/usecases/routes.ts';
import type { SendBreaker } from '../../src/usecases/send-breaker.ts';
import { createSendSlots } from '../../src/usecases/send-slots.ts';
import { type SettleDeps, settleUncertain } from '../../src/usecases/settle-uncertain.ts';
import { type Io, type Process, startProcess } from './io.ts';
import type { Provider } from './provider.ts';
import type { Random } from './random.ts';

export interface WorkerDeps {
  readonly io: Io;
  readonly database: Database;
  readonly provider: Provider;
  readonly nowMs: () => number;
  readonly random: () => Random;
  /** `reminder channel` of whoever said stop. */
  readonly stopped: Set<string>;
  /** What goes wrong when a reminder is opened. */
  readonly spoilt: Map<string, 'LEAK_GUARD' | 'cannot_open' | 'no_link_key'>;
}

/** A worker process: everything in it is lost when it is killed. */
export interface Worker {
  readonly process: Process;
  readonly heldUp: (channel: Channel) => boolean;
  dispatch(batchId: string): void;
  settle(lane: Lane): void;
  /** Nothing that it began is under way. */
  isIdle(): boolean;
}

export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} };
const key = new Secret(Buffer.alloc(32));

export function startWorker(deps: WorkerDeps, name: string): Worker {
  const { io, nowMs } = deps;
  const process = startProcess(name, { waits: true });
  const database = io.databaseOf(process, deps.database);
  const routes = { sms: routeOf(deps, process, 'sms'), email: routeOf(deps, process, 'email') };
  let underWay = 0;

  const sending: DispatchDeps & SettleDeps = {
    database,
    log: silentLog,
    routeOf: ({ channel }) => routes[channel],
    monotonicMs: nowMs,
    open: openUnsealed(deps),
    epochPrivateKey: async () => key,
    findSuppressed: (contacts) =>
      io.call(process, {
        label: 'who said stop',
        perform: () =>
          new Set(contacts.flatMap(({ reminderId, to }) => suppressed(reminderId, to))),
        before: away,
        after: away,
      }),
    recorder: createOutcomeRecorder({
      database,
      log: silentLog,
      random: () => deps.random().next(),
      sleep: () => io.call<void>(process, { label: 'wait', perform() {}, before() {}, after() {} }),
    }),
    linkTokens: {} as DispatchDeps['linkTokens'],
    linkHostUrl: '',
    optOut: false,
    optOutUrlOf: async () => new Secret(''),
    openLink: async (_deps, { reminderId }, { lookup }) => ({
      to: new Secret(reminderId),
      mark: new Secret(lookup.toString('hex')),
    }),
    settleWindowMs: 60_000,
    onAlarm() {},
  };

  function suppressed(reminderId: string, to: Secret<string>): string[] {
    const channel = to === undefined ? '' : (contacts.get(to) ?? '');
    return deps.stopped.has(`${reminderId} ${channel}`) ? [reminderId] : [];
  }

  async function run(work: () => Promise<unknown>): Promise<void> {
    underWay += 1;
    try {
      await work();
    } catch {
      // The database was away: what it should have been is in `io.blunders`.
    }
    underWay -= 1;
  }

  return {
    process,
    heldUp: (channel) => routes[channel].breaker.allows() !== 'all',
    dispatch: (batchId) => void run(() => dispatchBatch(sending, batchId)),
    settle: (lane) => void run(() => settleUncertain(sending, lane)),
    isIdle: () => underWay === 0 && sending.recorder.pending() === 0,
  };
}

function away(): never {
  throw new Error('away');
}

const contacts = new WeakMap<Secret<string>, Channel>();

/** Nothing is sealed here: the contact point is the reminder, and the text is its link's mark. */
function openUnsealed({ spoilt }: WorkerDeps): typeof openReminder {
  return async (_deps, reminder) => {
    const { link, reminderId, channel } = reminder;
    if (!link) return { ok: false, reason: 'no_parcel' };
    const reason = spoilt.get(reminderId);
    if (reason) return { ok: false, reason };
    const text = new Secret(link.lookup.toString('hex'));
    const to = new Secret(reminderId);
    contacts.set(to, channel);
    const opened = {
      reminder,
      link,
      selector: link.selector ?? 'a',
      to,
      message: { channel, text },
    };
    return { ok: true, opened: opened as OpenedReminder };
  };
}

function routeOf(deps: WorkerDeps, process: Process, channel: Channel): Route {
  return {
    transport: deps.provider.transportOf(process, channel),
    breaker: breakerOf(deps.nowMs),
    slots: createSendSlots(4, { nowMs: deps.nowMs }),
    recordOptOut: ({ contact }) =>
      deps.io.call<void>(process, {
        label: 'opt out',
        perform: () => void deps.stopped.add(`${contact.reveal()} ${channel}`),
        before: away,
        after: away,
      }),
  };
}

const troublesInARow = 2;
const openMs = 5_000;

/** As the true one decides, by the simulated clock and after fewer troubles. */
function breakerOf(nowMs: () => number): SendBreaker {
  let troubles = 0;
  let openUntilMs = 0;
  const allows = () => {
    if (troubles < troublesInARow) return 'all';
    return nowMs() >= openUntilMs ? 'one' : 'none';
  };
  return {
    allows,
    waitMs: () => Math.max(1_000, openUntilMs - nowMs()),
    async run(send) {
      if (allows() === 'none') return undefined;
      const outcome = await send();
      if (!isTrouble(outcome)) troubles = 0;
      else {
        troubles += 1;
        openUntilMs = nowMs() + openMs;
      }
      return outcome;
    },
  };
}

function isTrouble(outcome: SendOutcome | undefined): boolean {
  return (
    outcome?.kind === 'uncertain' ||
    (outcome?.kind === 'refused' && ['not_connected', 'rate_limited'].includes(outcome.reason))
  );
}
