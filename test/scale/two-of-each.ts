import type { Scenario, Scene } from '../chaos/scenario.ts';
import type { Actor } from '../chaos/stage/stage.ts';

/** So many more must go out while one of the two is dead. */
const carriedOn = 15;

/** Two processes of each role, as on two machines; one of each is killed in turn, and stays away for a while. */
export function twoOfEach(name: string): Scenario {
  let pairs: readonly (readonly [Actor, Actor])[] = [];
  return {
    ...{ name, perSecond: 20, dueInMs: 5_000, rounds: { full: 3, least: 1 } },
    fault: 'two of each role; one API, one scheduler and one worker killed in turn',
    async prepare({ stage }) {
      const [api, scheduler] = [await stage.addActor('api'), await stage.addActor('scheduler')];
      pairs = [[stage.api, api], [stage.scheduler, scheduler], stage.workers];
      return async () => {
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
        await victim.kill(() => goesOnWithout(scene, victim, left));
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
