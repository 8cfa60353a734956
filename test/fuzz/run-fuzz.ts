import fc, { type Arbitrary } from 'fast-check';
import type { System } from '../support/system.ts';
import { createSender, type FuzzAnswer, type FuzzRequest } from './exchange.ts';
import { changes, readState } from './state.ts';

export interface FuzzInput<Request extends FuzzRequest> {
  readonly system: System;
  readonly url: string;
  readonly requests: Arbitrary<Request>;
  readonly count: number;
  readonly seed: number;
  /** What is wrong with an answer, if anything. */
  readonly judge: (request: Request, answer: FuzzAnswer) => string | undefined;
  readonly tell?: (line: string) => void;
}

export interface FuzzResult {
  readonly sent: number;
  /** Of those, requests that were refused and sent once more, between two looks at the database. */
  readonly again: number;
  readonly byStatus: Readonly<Record<string, number>>;
  readonly routes: number;
  readonly faults: readonly string[];
}

const sliceSize = 500;
const againMax = 100;
const connections = 8;
const faultsMax = 20;

/**
 * Sends that many requests, and judges each answer. Of each slice, some that were refused are sent
 * again, all together, and nothing that requests change may have changed.
 */
export async function runFuzz<Request extends FuzzRequest>(
  input: FuzzInput<Request>,
): Promise<FuzzResult> {
  const { system, url, requests, count, seed, judge, tell } = input;
  const sender = createSender(url, connections);
  const byStatus: Record<string, number> = {};
  const routes = new Set<string>();
  const faults = new Set<string>();
  let again = 0;
  let sent = 0;

  async function sendAndJudge(slice: readonly Request[]): Promise<FuzzAnswer[]> {
    const answers = await sender.sendAll(slice);
    sent += slice.length;
    for (const [index, answer] of answers.entries()) {
      const request = slice[index] as Request;
      routes.add(request.route);
      byStatus[answer.status] = (byStatus[answer.status] ?? 0) + 1;
      const fault = judge(request, answer);
      if (fault !== undefined) faults.add(`${request.route}: ${fault}`);
    }
    return answers;
  }

  for (let start = 0; start < count && faults.size < faultsMax; start += sliceSize) {
    const numRuns = Math.min(sliceSize, count - start);
    const slice = fc.sample(requests, { seed: seed + start, numRuns });
    const answers = await sendAndJudge(slice);
    const isRefused = (answer: FuzzAnswer | undefined) => (answer?.status ?? 0) >= 400;
    const refused = slice
      .filter(({ method }, index) => method !== 'GET' && isRefused(answers[index]))
      .slice(0, againMax);
    const before = await readState(system);
    const second = await sendAndJudge(refused);
    const after = await readState(system);
    again += refused.length;
    const changed = changes(before, after);
    if (changed.length > 0 && second.every(isRefused)) {
      const names = [...new Set(refused.map(({ route }) => route))].join(', ');
      faults.add(`${changed.join(', ')} changed by requests that were refused, among ${names}`);
    }
    if (start % 10_000 === 0) tell?.(`${start + numRuns} of ${count}`);
  }
  sender.close();
  return { sent, again, byStatus, routes: routes.size, faults: [...faults] };
}
