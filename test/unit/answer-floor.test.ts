import type { FastifyReply, FastifyRequest } from 'fastify';
import { describe, expect, it } from 'vitest';
import { takeAtLeast, waitForPace } from '../../src/http/patient/answer-floor.ts';

describe('the time that every answer takes', () => {
  it('is on top of the time that somebody with many wrong answers is made to wait', async () => {
    let elapsedTime = 0;
    const reply = {
      get elapsedTime() {
        return elapsedTime;
      },
    } as FastifyReply;
    const pace = {
      wait: async () => {
        elapsedTime += 3_000;
      },
      noteWrong() {},
    };
    const sourceOf = () => Buffer.alloc(32);
    await waitForPace({ pace, sourceOf }, { ip: '192.0.2.1' } as FastifyRequest, reply);
    const begun = performance.now();
    await takeAtLeast({ answerFloorMs: 60 }, reply);
    // A timer may be a moment early.
    expect(performance.now() - begun).toBeGreaterThanOrEqual(55);
  });
});
