import { setTimeout as wait } from 'node:timers/promises';
import type { Scenario } from '../scenario.ts';

export const postgresKill: Scenario = {
  name: 'postgres-kill',
  fault: 'SIGKILL of the postmaster under load',
  rounds: { full: 50, least: 2 },
  perSecond: 20,
  dueInMs: 12_000,
  async round({ stage, random, untilMore, breach }) {
    await wait(random() * 1_000);
    await stage.postgres.kill();
    await wait(random() * 500);
    await stage.postgres.restart();
    if (!(await untilMore(10, 60_000))) breach('nothing went out any more');
  },
};
