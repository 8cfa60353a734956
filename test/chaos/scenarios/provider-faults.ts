import { setTimeout as wait } from 'node:timers/promises';
import type { PeerAnswer } from '../../support/messages-peer.ts';
import type { Scenario, Scene } from '../scenario.ts';

/** What the provider does with one in so many for a while, or the way to it. */
const ways: Record<string, { answers: readonly PeerAnswer[]; begin?: (scene: Scene) => void }> = {
  'too many requests': { answers: ['rate_limit'] },
  'errors of its own': { answers: ['error_500', 'accept', 'accept'] },
  'taken, and no answer': { answers: ['accept_then_hang', 'accept', 'accept', 'accept', 'accept'] },
  'taken, and cut off': { answers: ['accept_then_reset', 'accept', 'accept'] },
  'cut off': { answers: ['accept'], begin: eachWay((way) => way.cutAll()) },
  refused: { answers: ['accept'], begin: eachWay((way) => way.refuse()) },
  'byte by byte': { answers: ['accept'], begin: eachWay((way) => way.trickle(8, 20)) },
  'half open': { answers: ['accept'], begin: eachWay((way) => way.muffle()) },
};
const names = Object.keys(ways);

function eachWay(act: (way: Scene['stage']['api']['toPhones']) => void) {
  return ({ stage }: Scene) => {
    for (const { toPhones } of stage.workers) act(toPhones);
  };
}

export const providerFaults: Scenario = {
  name: 'provider-faults',
  fault:
    '429 with Retry-After, 5xx, taken without an answer, cut off, refused, byte by byte, half open',
  rounds: { full: 24, least: 8 },
  perSecond: 15,
  async round(scene, number) {
    const { stage, random } = scene;
    const name = names[number % names.length] ?? '';
    const way = ways[name];
    stage.phones.answer = (to) => {
      const isMine = scene.bookings.all.some(({ contact }) => contact === to);
      return isMine ? random.anyOf(way?.answers ?? []) : 'accept';
    };
    way?.begin?.(scene);
    await wait(random.between(1_000, scene.realLeases ? 8_000 : 2_500));
    for (const { toPhones } of stage.workers) toPhones.heal();
    stage.phones.answer = () => 'accept';
    scene.note(name);
    await scene.untilMore(3, 15_000);
  },
  /** Where every answer was a definite refusal, nothing may have come into doubt. */
  async check(scene) {
    const doubted = await scene.stage.rows<{ count: number }>(
      `select count(*)::int as count from attempts t join reminders r on r.id = t.reminder_id
       where r.organisation_id = $1 and t.outcome = 'uncertain' and t.reason_code = 'rate_limited'`,
      [scene.tenant.organisationId],
    );
    const count = doubted[0]?.count ?? 0;
    if (count > 0) scene.breach(`${count} came into doubt by a definite refusal`);
  },
};
