import { setTimeout as wait } from 'node:timers/promises';
import { addOpsUser } from '../../support/ops-site.ts';
import { createPageVisitor, type SeenPage } from '../../support/page-visitor.ts';
import { waitFor } from '../../support/wait-for.ts';
import type { Scene } from '../scenario.ts';
import { createBalancer } from './balancer.ts';
import { type Actor, type ActorChange, pageUrls } from './stage.ts';

/** Two processes of each role that has pages, and people who use them all the while. */
export interface Pages {
  readonly patients: readonly [Actor, Actor];
  readonly operators: readonly [Actor, Actor];
  /** Resolves when some more have come to what they wanted of both roles; notes a breach when they do not. */
  areSeen(when: string): Promise<void>;
  close(): Promise<void>;
}

const patientsAtOnce = 2;
const restMs = 250;
/** So many more, of each role. */
const more = 5;
const stillMs = 30_000;
/** As every booking here says. */
const pin = '482913';

/**
 * Patients open the links that went out, each to its details; somebody signs in to the ops pages, once, and
 * looks at them and at what they say of readiness. Each request goes to another process than the one before.
 * Whatever they see that they must not is a breach.
 */
export async function openPages(scene: Scene, change?: ActorChange): Promise<Pages> {
  const { stage, breach, note } = scene;
  // One after the other: what is under way beside them is timed, and machines start no four at once.
  const pair = async (role: 'patient' | 'ops') =>
    [await stage.addActor(role, change), await stage.addActor(role, change)] as const;
  const patients = await pair('patient');
  const operators = await pair('ops');
  const balancers = {
    patient: createBalancer(stage, 'patient'),
    ops: createBalancer(stage, 'ops'),
  };
  const seen = { patient: 0, ops: 0 };
  const faults = new Map<string, number>();
  let stopping = false;
  let visitors = 0;

  async function again(role: 'patient' | 'ops', work: () => Promise<boolean>): Promise<void> {
    while (!stopping) {
      try {
        if (await work()) seen[role] += 1;
      } catch (error) {
        const words = error instanceof Error ? error.message : String(error);
        faults.set(words, (faults.get(words) ?? 0) + 1);
      }
      await wait(restMs);
    }
  }

  async function openLink(): Promise<boolean> {
    const links = stage.phones.accepted.flatMap(({ text }) => linkIn(text) ?? []);
    const link = links.at(-1 - (visitors % 20));
    if (link === undefined) return false;
    visitors += 1;
    const from = `198.18.${(visitors >> 8) & 255}.${visitors & 255}`;
    const headers = { 'x-forwarded-for': from, origin: pageUrls.patient };
    const visitor = createPageVisitor(headers, balancers.patient.ask);
    expectStep(await visitor.go(link), 'landing');
    expectStep(await visitor.press('/prove'), 'prove');
    expectStep(await visitor.fill({ pin }), 'details');
    return true;
  }

  const operator = createPageVisitor({ origin: pageUrls.ops }, balancers.ops.ask);
  const user = await addOpsUser({ query: stage.rows }, 'viewer');
  await operator.go(`${pageUrls.ops}/login`);
  expectName(await operator.fill({ user: user.name, password: user.password }), user.name);
  const look = async () => (await operator.go(`${pageUrls.ops}/readyz`)).status;
  // At first nobody has been heard of.
  await waitFor(async () => (await look()) === 200, stillMs);

  async function lookAtOps(): Promise<boolean> {
    expectName(await operator.go(`${pageUrls.ops}/`), user.name);
    const status = await look();
    if (status !== 200) throw new Error(`ops said that it is not ready: ${status}`);
    return true;
  }

  const work = [
    again('ops', lookAtOps),
    ...Array.from({ length: patientsAtOnce }, () => again('patient', openLink)),
  ];

  return {
    ...{ patients, operators },
    async areSeen(when) {
      const goal = { patient: seen.patient + more, ops: seen.ops + more };
      for (const role of ['patient', 'ops'] as const) {
        await waitFor(() => seen[role] >= goal[role], stillMs).catch(() =>
          breach(`no page of ${role} came any more ${when}`),
        );
      }
    },
    async close() {
      stopping = true;
      await Promise.all(work);
      for (const [words, times] of faults) breach(`${words} (${times} times)`);
      note('links opened to their details', seen.patient);
      note('looks at the ops pages', seen.ops);
      for (const { turnedAway } of Object.values(balancers)) {
        note('requests refused where no process listened', turnedAway.refused);
        note('requests cut off by a kill', turnedAway.cut);
      }
      const all = stage.actors().filter(({ role }) => role === 'patient' || role === 'ops');
      for (const actor of all) await stage.dismiss(actor);
    },
  };
}

function linkIn(text: string): string | undefined {
  const at = text.indexOf(`${pageUrls.patient}/`);
  return at < 0 ? undefined : text.slice(at).split(/\s/, 1)[0];
}

function expectStep({ status, step }: SeenPage, expected: string): void {
  if (step !== expected) throw new Error(`patient answered ${status}, ${step} for ${expected}`);
}

function expectName({ status, html }: SeenPage, name: string): void {
  if (!html.includes(name)) throw new Error(`ops answered ${status} to somebody else`);
}
