import type { Scenario, Scene } from '../chaos/scenario.ts';
import { openPages, type Pages } from '../chaos/stage/pages.ts';
import type { Actor } from '../chaos/stage/stage.ts';

/** So many more must go out while one of the two is dead. */
const carriedOn = 15;

/** Two processes of each role, as on two machines; one of each is killed in turn, and stays away for a while. */
export function twoOfEach(name: string): Scenario {
  let pairs: readonly (readonly [Actor, Actor])[] = [];
  let pages: Pages | undefined;
  return {
    ...{ name, perSecond: 20, dueInMs: 5_000, rounds: { full: 3, least: 1 } },
    fault: 'two of each role, one killed in turn',
    async prepare(scene) {
      const { stage } = scene;
      const [api, scheduler] = [await stage.addActor('api'), await stage.addActor('scheduler')];
      pages = await openPages(scene);
      const { patients, operators } = pages;
      pairs = [[stage.api, api], [stage.scheduler, scheduler], stage.workers, patients, operators];
      return async () => {
        await pages?.close();
        stage.toApi.leadTo(stage.api.port);
        await stage.dismiss(api);
        await stage.dismiss(scheduler);
      };
    },
    async round(scene, number) {
      for (const [one, other] of pairs) {
        const [victim, left] = number % 2 === 0 ? [one, other] : [other, one];
        await left.ready();
        await victim.ready();
        await victim.kill(async () => {
          await goesOnWithout(scene, victim, left);
          await pages?.areSeen(`without one ${victim.role}`);
        });
        await victim.ready();
      }
    },
  };
}

/** As a balancer does, which asks both whether they are ready. */
async function goesOnWithout({ stage, untilMore, breach }: Scene, victim: Actor, left: Actor) {
  if (victim.role === 'api') stage.toApi.leadTo(left.port);
  if (!(await untilMore(carriedOn, 30_000))) breach(`nothing went out without one ${victim.role}`);
}
