import { setTimeout as wait } from 'node:timers/promises';
import type { Scenario, Scene } from '../scenario.ts';

/** Ways in which the API gets nowhere with a database that is there. */
const ways: Record<string, (scene: Scene) => Promise<void>> = {
  async 'no connection left'({ stage, random }) {
    await stage.rows('alter role sotto_api connection limit 0');
    await stage.rows(
      `select pg_terminate_backend(pid) from pg_stat_activity where usename = 'sotto_api'`,
    );
    await wait(random.between(1_000, 3_000));
    await stage.rows('alter role sotto_api connection limit -1');
  },
  /** Longer than anybody waits for a lock. */
  async 'a table locked'({ stage, random }) {
    const seconds = random.between(1, 3);
    await stage.rows(
      `do $$ begin lock table appointments in access exclusive mode;
         perform pg_sleep(${seconds}); end $$`,
    );
  },
};
const names = Object.keys(ways);

export const databaseFull: Scenario = {
  name: 'database-full',
  fault: 'no connection left for the API, tables locked: it says "later", and never 500',
  rounds: { full: 20, least: 2 },
  perSecond: 30,
  dueInMs: 8_000,
  async round(scene, number) {
    const name = names[number % names.length] ?? '';
    const before = scene.bookings.turnedAway();
    await ways[name]?.(scene);
    if (scene.bookings.turnedAway() > before) scene.note(name);
    await scene.untilMore(5, 30_000);
  },
  async check({ bookings, breach }) {
    if (bookings.turnedAway() === 0) breach('nobody was told to come later');
  },
};
