import { expect, it } from 'vitest';
import { untilAnswered } from '../../src/cli/until-answered.ts';

it.each([408, 503])(
  'a request that is answered %i, or not at all, is sent again until it is taken',
  async (status) => {
    const answers = [status, undefined, status, 201];
    const patience = {
      signal: new AbortController().signal,
      ...{ patienceMs: 60_000, waitMaxMs: 60_000, closedUntilMs: 0 },
    };
    const answer = await untilAnswered(patience, async () => {
      const next = answers.shift();
      return next === undefined ? undefined : { status: next, body: {}, retryAfterMs: undefined };
    });
    expect(answer).toMatchObject({ status: 201 });
    expect(answers).toEqual([]);
  },
);
