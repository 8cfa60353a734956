import assert from 'node:assert/strict';
import { setTimeout as wait } from 'node:timers/promises';
import type { HttpAnswer, HttpConnection } from './http-connection.ts';

interface Load {
  readonly connections: readonly HttpConnection[];
  readonly count: number;
  /** The next request, as it goes over the wire. */
  readonly request: () => string;
  /** What each must be answered with. */
  readonly status: number;
}

/** What a load came to. */
export interface LoadResult {
  readonly perSecond: number;
  readonly latenciesMs: readonly number[];
}

/** Closed loop: each connection asks again as soon as it was answered. */
export async function loadAsFastAsAnswered(load: Load): Promise<LoadResult> {
  const latenciesMs: number[] = [];
  const startedAt = performance.now();
  let left = load.count;
  await Promise.all(
    load.connections.map(async (connection) => {
      while (left > 0) {
        left -= 1;
        const sentAt = performance.now();
        const answer = await connection.send(load.request());
        check(answer, load.status);
        latenciesMs.push(answer.lastByteAtMs - sentAt);
      }
    }),
  );
  return resultOf(latenciesMs, startedAt);
}

/**
 * Open loop: requests leave on time whether or not earlier ones were answered, and latency counts from
 * when each was due to leave, so that a stall is not hidden by a client that waits.
 */
export async function loadAtRate(load: Load & { perSecond: number }): Promise<LoadResult> {
  const { connections, count, request, perSecond } = load;
  const latenciesMs: number[] = [];
  const free = [...connections];
  const startedAt = performance.now();
  const dueAt = (place: number) => startedAt + (place / perSecond) * 1_000;
  const asked: Promise<void>[] = [];
  let failure: unknown;

  async function ask(connection: HttpConnection, place: number): Promise<void> {
    const answer = await connection.send(request());
    check(answer, load.status);
    latenciesMs.push(answer.lastByteAtMs - dueAt(place));
    free.push(connection);
  }
  while (asked.length < count && failure === undefined) {
    while (asked.length < count && dueAt(asked.length) <= performance.now()) {
      const connection = free.pop();
      // All are waiting for answers: it leaves late, and is counted so.
      if (!connection) break;
      const asking = ask(connection, asked.length);
      asking.catch((error: unknown) => {
        failure = error;
      });
      asked.push(asking);
    }
    await wait(1);
  }
  await Promise.all(asked);
  return resultOf(latenciesMs, startedAt);
}

function check({ status, body }: HttpAnswer, expected: number): void {
  assert.equal(status, expected, body);
}

function resultOf(latenciesMs: readonly number[], startedAt: number): LoadResult {
  const seconds = (performance.now() - startedAt) / 1_000;
  return { perSecond: latenciesMs.length / seconds, latenciesMs };
}
