import type { Scenario } from '../scenario.ts';

export const calm: Scenario = {
  name: 'calm',
  fault: 'nothing: what the others are compared with',
  rounds: { full: 10, least: 3 },
  perSecond: 20,
  async round(scene) {
    await scene.untilMore(15);
  },
};
