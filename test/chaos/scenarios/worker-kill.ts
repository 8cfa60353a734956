import { waitFor } from '../../support/wait-for.ts';
import type { Scenario, Scene } from '../scenario.ts';
import type { ArmedTrap } from '../stage/fault-proxy.ts';
import type { Actor } from '../stage/stage.ts';

/** Where around a send a worker is killed, and how that moment is known from outside. */
const points: Record<string, (moment: Moment) => ArmedTrap> = {
  'before claim': ({ worker, spring }) =>
    worker.toPostgres.trap({ on: 'request', words: 'write intents', fate: 'lose', spring }),
  'after claim': ({ worker, spring }) =>
    worker.toPostgres.trap({
      ...{ on: 'answer', words: 'SELECT ', after: 'write intents', fate: 'lose', spring },
    }),
  'mid-request': ({ worker, channel, spring }) =>
    wayOf(worker, channel).trap({
      ...{ on: 'request', words: channel === 'sms' ? 'StatusCallback' : 'Message-ID' },
      ...{ fate: 'lose', spring },
    }),
  'after accept': ({ worker, channel, spring }) =>
    wayOf(worker, channel).trap({
      ...{ on: 'answer', words: channel === 'sms' ? '201 Created' : 'queued as' },
      ...{ fate: 'lose', spring },
    }),
  'after record': ({ worker, spring }) =>
    worker.toPostgres.trap({
      ...{ on: 'answer', words: 'SELECT ', after: 'write accepted', fate: 'lose', spring },
    }),
};
const names = Object.keys(points);

interface Moment {
  readonly worker: Actor;
  readonly channel: 'sms' | 'email';
  readonly spring: () => void;
}

const wayOf = ({ toPhones, toMail }: Actor, channel: 'sms' | 'email') =>
  channel === 'sms' ? toPhones : toMail;

/** Attempts that nobody knew the outcome of when something was killed: only these may come into doubt. */
const inTheAir = new WeakMap<Scene, Set<string>>();

async function noteInTheAir(scene: Scene): Promise<void> {
  const known = inTheAir.get(scene) ?? new Set();
  inTheAir.set(scene, known);
  // What the dead one had asked for last may still be carried out.
  await waitFor(
    async () => {
      const [row] = await scene.stage.rows<{ count: number }>(
        `select count(*)::int as count from pg_stat_activity
       where usename = 'sotto_worker' and state <> 'idle'`,
      );
      return row?.count === 0;
    },
    30_000,
    10,
  );
  const open = await scene.stage.rows<{ id: string }>(
    `select t.id from attempts t join reminders r on r.id = t.reminder_id
     where t.outcome is null and r.organisation_id = $1`,
    [scene.tenant.organisationId],
  );
  for (const { id } of open) known.add(id);
}

export const workerKill: Scenario = {
  name: 'worker-kill',
  fault: 'SIGKILL of a worker at the five points around a send',
  rounds: { full: 500, least: 10 },
  perSecond: 12,
  async round(scene, number) {
    const { stage, random } = scene;
    const point = names[number % names.length] ?? '';
    const channel = random() < 0.7 ? 'sms' : 'email';
    await Promise.race(stage.workers.map(({ ready }) => ready()));
    const { promise: killed, resolve, reject } = Promise.withResolvers<boolean>();
    const traps = stage.workers.map((worker) =>
      points[point]?.({
        ...{ worker, channel },
        // At once, and not in a later turn: it must not do another step.
        spring() {
          for (const trap of traps) trap?.disarm();
          worker.kill(() => noteInTheAir(scene)).then(() => resolve(true), reject);
        },
      }),
    );
    const late = setTimeout(() => resolve(false), 45_000);
    if (await killed) scene.note(point);
    else scene.breach(`no worker came to the point "${point}" by ${channel}`);
    clearTimeout(late);
    for (const trap of traps) trap?.disarm();
  },
  async check(scene: Scene) {
    const doubted = await scene.stage.rows<{ id: string }>(
      `select t.id from attempts t join reminders r on r.id = t.reminder_id
       where r.organisation_id = $1 and (t.outcome = 'uncertain' or t.reason_code = 'lease_passed')`,
      [scene.tenant.organisationId],
    );
    const known = inTheAir.get(scene) ?? new Set();
    const others = doubted.filter(({ id }) => !known.has(id));
    if (others.length > 0) scene.breach(`${others.length} came into doubt and were not in the air`);
  },
};
