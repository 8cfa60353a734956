import { setTimeout as wait } from 'node:timers/promises';
import type { Scenario } from '../scenario.ts';

/** A statement that is not answered is given up after 17 s. */
const givenUpMs = 45_000;

export const postgresSilent: Scenario = {
  name: 'postgres-silent',
  fault: 'the way to PostgreSQL half open, stalled, late or slow for one process after the other',
  rounds: { full: 12, least: 1 },
  dueInMs: 25_000,
  async round({ stage, random, realLeases, untilMore, breach }, number) {
    const { toPostgres } = random.anyOf([stage.api, ...stage.workers, stage.scheduler]);
    const ways = [
      () => toPostgres.muffle(),
      () => toPostgres.stall(),
      () => toPostgres.delay(random.between(50, 400)),
      () => toPostgres.trickle(256, 5),
    ];
    ways[number % ways.length]?.();
    await wait(random.between(500, realLeases ? 20_000 : 3_000));
    toPostgres.heal();
    if (!(await untilMore(10, givenUpMs))) breach('nothing went out any more');
  },
};
