import { AppError } from '../../src/domain/errors.ts';
import type { Connection, Database } from '../../src/store/database.ts';

/** What may happen to one call to the world outside a process. */
export const faults = ['before', 'after', 'kill-before', 'kill-after'] as const;
export type Fault = (typeof faults)[number] | 'none';

/** A process, or what is left of it. */
export interface Process {
  readonly name: string;
  /** Its calls wait for the scheduler; those of any other process are made at once. */
  readonly waits: boolean;
  alive: boolean;
  /** Resolves when it is killed. Nothing that it still waits for ever comes back. */
  readonly death: Promise<void>;
  kill(): void;
}

export function startProcess(name: string, { waits }: { waits: boolean }): Process {
  const death = Promise.withResolvers<void>();
  const process: Process = {
    ...{ name, waits, alive: true, death: death.promise },
    kill() {
      process.alive = false;
      death.resolve();
    },
  };
  return process;
}

/** One call, and what it answers when it is cut short. */
export interface Call<T> {
  readonly label: string;
  perform(): T | Promise<T>;
  /** Nothing was done. */
  readonly before: () => T;
  /** It was done, and the answer is lost. */
  readonly after: (value: T) => T;
}

export interface WaitingCall {
  readonly process: Process;
  readonly label: string;
  grant(fault: Fault): Promise<void>;
}

/** All that processes ask of the world, one call after the other. */
export interface Io {
  readonly waiting: WaitingCall[];
  /** How many calls were made, statements within a transaction among them. */
  readonly calls: number;
  /** What no process may ever throw. */
  readonly blunders: unknown[];
  call<T>(process: Process, call: Call<T>): Promise<T>;
  databaseOf(process: Process, database: Database): Database;
  forget(process: Process): void;
}

const dead = Symbol('dead');
const never = new Promise<never>(() => {});

/** Thrown within a transaction of a process that is gone, so that it is rolled back. */
class Killed extends Error {}

/** @param faultAt what happens to the nth call of all, when it is not for the scheduler to say */
export function createIo(faultAt?: (place: number, label: string) => Fault): Io {
  const waiting: WaitingCall[] = [];
  const blunders: unknown[] = [];
  let calls = 0;

  function faultOfNext(label: string): Fault {
    calls += 1;
    return faultAt?.(calls, label) ?? 'none';
  }

  async function carryOut<T>(
    process: Process,
    call: Call<T>,
    fault: Fault,
  ): Promise<T | typeof dead> {
    if (fault === 'kill-before') process.kill();
    if (!process.alive) return dead;
    if (fault === 'before') return call.before();
    let value: T;
    try {
      value = await call.perform();
    } catch (error) {
      if (!process.alive) return dead;
      throw error;
    }
    if (fault === 'kill-after') process.kill();
    if (!process.alive) return dead;
    return fault === 'after' ? call.after(value) : value;
  }

  function call<T>(process: Process, wanted: Call<T>): Promise<T> {
    if (!process.alive) return never;
    const planned = faultOfNext(wanted.label);
    if (!process.waits) {
      return carryOut(process, wanted, planned).then((value) => (value === dead ? never : value));
    }
    return new Promise<T>((resolve, reject) => {
      waiting.push({
        process,
        label: wanted.label,
        async grant(fault) {
          try {
            const value = await carryOut(process, wanted, fault === 'none' ? planned : fault);
            if (value !== dead) resolve(value);
          } catch (error) {
            reject(error);
          }
        },
      });
    });
  }

  function cuttable(process: Process, connection: Connection): Connection {
    const query = connection.query as unknown as (...all: unknown[]) => Promise<unknown>;
    async function cut(...all: unknown[]) {
      const fault = faultOfNext('statement');
      if (fault === 'before') throw unavailable();
      if (fault === 'kill-before') throw gone(process);
      const result = await query(...all);
      if (fault === 'after') throw unavailable();
      if (fault === 'kill-after') throw gone(process);
      return result;
    }
    return { query: cut } as unknown as Connection;
  }

  return {
    waiting,
    blunders,
    get calls() {
      return calls;
    },
    call,
    databaseOf: (process, database) => ({
      ...database,
      transaction: (ids, work, options) =>
        call(process, {
          label: 'transaction',
          perform: () =>
            database
              .transaction(ids, (each) => work(faultAt ? cuttable(process, each) : each), options)
              .catch((error) => {
                const isExpected = error instanceof AppError || error instanceof Killed;
                if (!isExpected) blunders.push(error);
                throw error;
              }),
          before: cutOff,
          after: cutOff,
        }),
      query: (text, values, name) =>
        call(process, {
          label: name ?? 'query',
          perform: () => database.query(text, values, name),
          before: cutOff,
          after: cutOff,
        }),
    }),
    forget(process) {
      const left = waiting.filter((one) => one.process !== process);
      waiting.splice(0, waiting.length, ...left);
    },
  };
}

function gone(process: Process): Killed {
  process.kill();
  return new Killed();
}

function unavailable(): AppError {
  return new AppError('unavailable', { retryAfterS: 2 });
}

function cutOff(): never {
  throw unavailable();
}
