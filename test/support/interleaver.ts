import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as wait } from 'node:timers/promises';
import type { Connection, Database } from '../../src/store/database.ts';

/** A task that has come no further in this time waits for a lock that another one holds. */
const blockedMs = 15;

interface Task {
  /** Lets it go on from its gate; none while it runs. */
  open: (() => void) | undefined;
  isOver: boolean;
  /** Told whenever it has reached a gate or its end. */
  stopped: () => void;
}

/**
 * Runs tasks step by step, one step of one task at a time, in an order that is given.
 *
 * A step ends at a gate: before each transaction, each statement and each send. A task that waits in
 * PostgreSQL for what another one has locked is left to wait, and comes back when it may go on.
 */
export function createInterleaver() {
  const tasks: Task[] = [];
  const current = new AsyncLocalStorage<Task>();

  async function gate(): Promise<void> {
    const task = current.getStore();
    if (!task) return;
    await new Promise<void>((resolve) => {
      task.open = resolve;
      task.stopped();
    });
  }

  function add(work: () => Promise<unknown>): void {
    const task: Task = { open: undefined, isOver: false, stopped: () => {} };
    tasks.push(task);
    void current.run(task, async () => {
      try {
        await gate();
        await work();
      } finally {
        task.isOver = true;
        task.stopped();
      }
    });
  }

  /** @param picks which of the tasks that could go on does; from the start again at the end */
  async function run(picks: readonly number[]): Promise<void> {
    for (let turn = 0; tasks.some(({ isOver }) => !isOver); turn += 1) {
      const ready = tasks.filter(({ open }) => open !== undefined);
      const task = ready[(picks[turn % picks.length] ?? 0) % Math.max(1, ready.length)];
      if (!task) {
        await wait(1);
        continue;
      }
      const { promise, resolve } = Promise.withResolvers<void>();
      task.stopped = resolve;
      const { open } = task;
      task.open = undefined;
      open?.();
      await Promise.race([promise, wait(blockedMs)]);
    }
  }

  return {
    add,
    run,
    gate,
    database(real: Database): Database {
      return {
        ...real,
        async query(...given: Parameters<Database['query']>) {
          await gate();
          return real.query(...given);
        },
        async transaction(organisationIds, work, options) {
          await gate();
          return real.transaction(
            organisationIds,
            (connection) => work(withGates(connection, gate)),
            options,
          );
        },
      } as Database;
    },
  };
}

function withGates(connection: Connection, gate: () => Promise<void>): Connection {
  const query = async (...given: unknown[]) => {
    await gate();
    return (connection.query as (...all: unknown[]) => Promise<unknown>).apply(connection, given);
  };
  return { query } as unknown as Connection;
}
