import { setTimeout as wait } from 'node:timers/promises';
import type { Scenario } from '../scenario.ts';

export const apiKill: Scenario = {
  name: 'api-kill',
  fault: 'SIGKILL of the API while appointments come in; whoever got no answer asks again',
  rounds: { full: 30, least: 3 },
  perSecond: 60,
  dueInMs: 10_000,
  async round({ stage, bookings, random, breach }) {
    await stage.api.ready();
    const before = bookings.all.filter(({ id }) => id !== undefined).length;
    await wait(100 + random() * 400);
    await stage.api.kill();
    await stage.api.ready();
    for (let tries = 0; tries < 200; tries += 1) {
      if (bookings.all.filter(({ id }) => id !== undefined).length >= before + 10) return;
      await wait(50);
    }
    breach('the API took nothing any more');
  },
};
