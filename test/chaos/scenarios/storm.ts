import { setTimeout as wait } from 'node:timers/promises';
import type { PeerAnswer } from '../../support/messages-peer.ts';
import { smtpMoments } from '../../support/smtp-peer.ts';
import type { Scenario, Scene } from '../scenario.ts';

/** Each begins one fault; what it leaves is healed at the end of the round. */
const blows: Record<string, (scene: Scene) => Promise<unknown> | unknown> = {
  'a worker killed': ({ stage, random }) => random.anyOf(stage.workers).kill(),
  'a worker told to end': ({ stage, random }) => random.anyOf(stage.workers).end(),
  'the scheduler killed': ({ stage }) => stage.scheduler.kill(),
  'the API killed': ({ stage }) => stage.api.kill(),
  'a process frozen': ({ stage, random }) =>
    random.anyOf([stage.api, stage.scheduler, ...stage.workers]).signal('SIGSTOP'),
  'ways to PostgreSQL cut': ({ stage, random }) => {
    for (const { toPostgres } of stage.actors()) if (random() < 0.5) toPostgres.cutAll();
  },
  'a way to PostgreSQL late': ({ stage, random }) =>
    random.anyOf([stage.api, stage.scheduler, ...stage.workers]).toPostgres.delay(150),
  'an answer to a commit lost': ({ stage, random }) => {
    const { toPostgres } = random.anyOf([stage.api, stage.scheduler, ...stage.workers]);
    toPostgres.trap({ on: 'answer', words: 'COMMIT', fate: 'cut' });
  },
  'leases over at once': ({ stage }) => stage.turnClock(0),
  'a provider out of sorts': ({ stage, random }) => {
    const answers: PeerAnswer[] = ['accept', 'accept', 'rate_limit', 'error_500'];
    stage.phones.answer = async () => {
      await wait(random() * 200);
      return random.anyOf([...answers, 'accept_then_reset' as const]);
    };
  },
  'a mail server out of sorts': ({ stage, random }) => {
    const at = random.anyOf(smtpMoments);
    stage.mail.misbehave = { at, does: 'reset', takes: random() < 0.5 };
  },
  'the queue emptied': ({ stage }) => stage.redisInUse()?.admin.flushall(),
};
const names = Object.keys(blows);

export const storm: Scenario = {
  name: 'storm',
  fault: 'two to four of all of these at once',
  rounds: { full: 40, least: 3 },
  perSecond: 20,
  dueInMs: 6_000,
  async round(scene) {
    const { stage, random, untilMore, breach, note } = scene;
    const chosen = random.shuffled(names).slice(0, random.between(2, 4));
    const struck = chosen.map(async (name) => {
      await wait(random() * 600);
      note(name);
      await blows[name]?.(scene);
    });
    await Promise.all(struck);
    await wait(random() * 1_500);
    await stage.heal();
    if (!(await untilMore(8, 60_000)))
      breach(`nothing went out any more after: ${chosen.join(', ')}`);
  },
};
