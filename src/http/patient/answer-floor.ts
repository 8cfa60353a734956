import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Pages } from './pages.ts';

/** When the answers to these began to be looked for, on each reply's own clock. */
const begunMs = new WeakMap<FastifyReply, number>();

/**
 * Waits as long as the recent wrong answers of whoever asks demand. Only then does the time begin that every
 * answer takes: else who was made to wait longer than that could tell answers apart.
 */
export async function waitForPace(
  { pace, sourceOf }: Pick<Pages, 'pace' | 'sourceOf'>,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  await pace.wait(sourceOf(request.ip));
  begunMs.set(reply, reply.elapsedTime);
}

/** Waits until an answer has taken as long as every other. */
export async function takeAtLeast(
  { answerFloorMs }: Pick<Pages, 'answerFloorMs'>,
  reply: FastifyReply,
): Promise<void> {
  const takenMs = reply.elapsedTime - (begunMs.get(reply) ?? 0);
  await sleep(Math.max(0, answerFloorMs - takenMs));
}
