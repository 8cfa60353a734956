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

/** Every answer that one number got. */
const answered = new WeakMap<Scene, Map<string, Set<PeerAnswer>>>();

export const providerFaults: Scenario = {
  name: 'provider-faults',
  fault:
    '429 with Retry-After, 5xx, taken without an answer, cut off, refused, byte by byte, half open',
  rounds: { full: 160, least: 8 },
  perSecond: 15,
  async prepare(scene) {
    answered.set(scene, new Map());
    return undefined;
  },
  async round(scene, number) {
    const { stage, random } = scene;
    const name = names[number % names.length] ?? '';
    const way = ways[name];
    const mine = new Set(scene.bookings.all.map(({ contact }) => contact));
    stage.phones.answer = (to) => {
      const isMine = mine.has(to) || scene.bookings.all.some(({ contact }) => contact === to);
      const answer: PeerAnswer = isMine ? random.anyOf(way?.answers ?? ['accept']) : 'accept';
      noteAnswer(scene, to, answer);
      return answer;
    };
    way?.begin?.(scene);
    await wait(random.between(1_000, scene.isFull ? 8_000 : 2_500));
    for (const { toPhones } of stage.workers) toPhones.heal();
    stage.phones.answer = (to) => {
      noteAnswer(scene, to, 'accept');
      return 'accept' as const;
    };
    scene.note(name);
    await scene.untilMore(3, 15_000);
  },
  /** A definite refusal leaves nothing in doubt: not one that says when to come again. */
  async check(scene) {
    const doubted = await scene.stage.rows<{ reference: string }>(
      `select distinct reference from events where organisation_id = $1 and to_state = 'uncertain'`,
      [scene.tenant.organisationId],
    );
    const contacts = new Map(scene.bookings.all.map((one) => [one.reference, one.contact]));
    for (const { reference } of doubted) {
      const answers = answered.get(scene)?.get(contacts.get(reference) ?? '') ?? new Set();
      if (answers.has('rate_limit') && answers.size === 1) {
        scene.breach(`${reference} came into doubt by a definite refusal`);
      }
    }
  },
};

function noteAnswer(scene: Scene, to: string, answer: PeerAnswer): void {
  const known = answered.get(scene) ?? new Map<string, Set<PeerAnswer>>();
  known.set(to, (known.get(to) ?? new Set()).add(answer));
}
