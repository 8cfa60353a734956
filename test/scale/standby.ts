import type { Scenario } from '../chaos/scenario.ts';
import { waitFor } from '../support/wait-for.ts';
import { startFollowedPostgres } from './followed-postgres.ts';
import type { World } from './world.ts';

const stillMs = 30_000;
/** So many are asked for and not answered when the primary dies. */
const unconfirmed = 10;

/**
 * The primary waits for its standby. In every second round, the first among them, the standby is cut
 * off some moments before the primary dies: what was written in them is gone, and must not have been
 * confirmed to anybody.
 */
export const standby: World = {
  name: 'standby',
  backend: 'postgres',
  async open() {
    const postgres = await startFollowedPostgres({ isSynchronous: true });
    const scenario: Scenario = {
      ...{ name: 'standby', perSecond: 20, dueInMs: 12_000, rounds: { full: 3, least: 1 } },
      fault: 'SIGKILL of PostgreSQL, and its synchronous standby promoted in its place',
      async round({ stage, bookings, untilMore, breach, note }, number) {
        await postgres.follow();
        if (!(await untilMore(20, stillMs))) breach('nothing went out before it');
        if (number % 2 === 0) {
          postgres.cutOff();
          await waitFor(() => bookings.open() >= unconfirmed, stillMs).catch(() =>
            breach('what the standby lacks was confirmed'),
          );
        }
        const { tookMs } = await postgres.takeOver(stage);
        note('ms until it was promoted', Math.round(tookMs));
        if (!(await untilMore(20, 60_000))) breach('nothing went out any more');
      },
    };
    return { shape: { postgres: postgres.first }, scenario, close: postgres.close };
  },
};
