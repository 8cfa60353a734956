import type { SmtpSession } from './email-smtp-session.ts';

/** Most servers close a connection that is idle for some minutes; ours never waits for that. */
const idleMs = 4_000;
/** Servers count; 100 is what the strictest of the large ones allow on one connection. */
const messagesPerSessionMax = 100;
const sessionAgeMaxMs = 60_000;

interface Held {
  readonly session: SmtpSession;
  readonly openedAt: number;
  messages: number;
}

/** @typeParam Result what a use gives, and what comes instead when no session can be opened */
export interface SessionPool<Result> {
  /**
   * Does something with a session, one that is open already if there is one.
   *
   * @param use says whether the session may be used again
   * @returns undefined when the signal aborts while all are in use
   */
  with(
    signal: AbortSignal,
    use: (session: SmtpSession, isReused: boolean) => Promise<{ result: Result; again: boolean }>,
  ): Promise<Result | undefined>;
  /** Leaves what is idle; what is in use ends with its user. */
  close(): void;
}

/** Keeps sessions open between messages, though not for long. */
export function createSessionPool<Result extends object>(options: {
  open: (signal: AbortSignal) => Promise<SmtpSession | Result>;
  sessionsMax: number;
}): SessionPool<Result> {
  const idle: { held: Held; timer: NodeJS.Timeout }[] = [];
  const waiting = new Set<() => void>();
  let taken = 0;
  let isClosed = false;

  function fromIdle(): Held | undefined {
    for (let last = idle.pop(); last; last = idle.pop()) {
      clearTimeout(last.timer);
      if (last.held.session.isOpen()) return last.held;
      last.held.session.close();
    }
    return undefined;
  }

  function putBack(held: Held): void {
    const isFresh =
      held.messages < messagesPerSessionMax && performance.now() - held.openedAt < sessionAgeMaxMs;
    if (isClosed || !isFresh || !held.session.isOpen()) {
      held.session.quit();
      return;
    }
    const entry = {
      held,
      timer: setTimeout(() => {
        idle.splice(idle.indexOf(entry), 1);
        held.session.quit();
      }, idleMs),
    };
    idle.push(entry);
  }

  async function takePlace(signal: AbortSignal): Promise<boolean> {
    while (taken >= options.sessionsMax && !signal.aborted) {
      await new Promise<void>((resolve) => {
        const wake = () => {
          waiting.delete(wake);
          signal.removeEventListener('abort', wake);
          resolve();
        };
        waiting.add(wake);
        signal.addEventListener('abort', wake);
      });
    }
    if (signal.aborted) {
      // It may have been woken for a place that it does not take any more.
      wakeNext();
      return false;
    }
    taken += 1;
    return true;
  }

  function leavePlace(): void {
    taken -= 1;
    wakeNext();
  }

  function wakeNext(): void {
    const [next] = waiting;
    next?.();
  }

  return {
    async with(signal, use) {
      if (!(await takePlace(signal))) return undefined;
      try {
        let held = fromIdle();
        const isReused = held !== undefined;
        if (!held) {
          const opened = await options.open(signal);
          if (!('handOver' in opened)) return opened;
          held = { session: opened, openedAt: performance.now(), messages: 0 };
        }
        held.messages += 1;
        const { result, again } = await use(held.session, isReused);
        if (again) putBack(held);
        else held.session.close();
        return result;
      } finally {
        leavePlace();
      }
    },
    close() {
      isClosed = true;
      for (const { held, timer } of idle.splice(0)) {
        clearTimeout(timer);
        held.session.quit();
      }
    },
  };
}
