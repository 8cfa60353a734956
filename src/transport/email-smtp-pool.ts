import type { SmtpSession } from './email-smtp-session.ts';

/** Most servers close a connection that is idle for some minutes; ours never waits for that. */
const idleMs = 4_000;
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
  /** Servers count. */
  messagesPerSession: number;
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

  /** @returns until when its place is taken, where it is not used again: a server counts what is open */
  function putBack(held: Held): Promise<void> | undefined {
    const isFresh =
      held.messages < options.messagesPerSession &&
      performance.now() - held.openedAt < sessionAgeMaxMs;
    if (isClosed || !isFresh || !held.session.isOpen()) {
      return held.session.quit();
    }
    const entry = {
      held,
      timer: setTimeout(() => {
        idle.splice(idle.indexOf(entry), 1);
        void held.session.quit();
      }, idleMs),
    };
    idle.push(entry);
    return undefined;
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
      let left: Promise<void> | undefined;
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
        if (again) left = putBack(held);
        else held.session.close();
        return result;
      } finally {
        if (left) void left.then(leavePlace);
        else leavePlace();
      }
    },
    close() {
      isClosed = true;
      for (const { held, timer } of idle.splice(0)) {
        clearTimeout(timer);
        void held.session.quit();
      }
    },
  };
}
