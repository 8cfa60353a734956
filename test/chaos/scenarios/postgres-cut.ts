import { setTimeout as wait } from 'node:timers/promises';
import type { Scenario } from '../scenario.ts';

export const postgresCut: Scenario = {
  name: 'postgres-cut',
  fault: 'every connection to PostgreSQL cut, again and again',
  rounds: { full: 60, least: 12 },
  perSecond: 20,
  dueInMs: 4_000,
  async round({ stage, random, untilMore }, number) {
    for (const { toPostgres } of stage.actors()) {
      if (random() < 0.7) toPostgres.cutAll();
    }
    await wait(random() * 200);
    if (number % 6 === 5) await untilMore(5);
  },
  async check({ breach }, { uncertainMade }) {
    // What was known was stored: nothing died, so nothing need be in doubt.
    if (uncertainMade > 0) breach(`${uncertainMade} came into doubt though nothing died`);
  },
};
