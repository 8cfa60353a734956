import { setTimeout as wait } from 'node:timers/promises';
import type { Ask } from '../../support/page-visitor.ts';
import { type Actor, pageUrls, type Stage } from './stage.ts';

/** What stands before all processes of a role that has pages. */
export interface Balancer {
  readonly ask: Ask;
  /** How often it had to turn to another: refused where none listens, or cut off by a kill. */
  readonly turnedAway: { refused: number; cut: number };
}

const patienceMs = 25_000;
const triesMax = 100;

/**
 * Hands each request to the next of the processes, whoever was there for the one before, and knows of none
 * whether it runs. Whatever goes wrong at one that was not killed or stopped is the visitor's to see.
 */
export function createBalancer(stage: Stage, role: keyof typeof pageUrls): Balancer {
  const turnedAway = { refused: 0, cut: 0 };
  let turn = 0;

  function next(): Actor {
    const all = stage.actors().filter((actor) => actor.role === role);
    turn += 1;
    const chosen = all[turn % all.length];
    if (!chosen) throw new Error(`no ${role} is there`);
    return chosen;
  }

  return {
    turnedAway,
    async ask(url, init) {
      const signal = AbortSignal.timeout(patienceMs);
      for (let tries = 1; ; tries += 1) {
        const chosen = next();
        const own = url.replace(pageUrls[role], `http://127.0.0.1:${chosen.port}`);
        // A connection for each: one that is kept would say more of this balancer than of the process.
        const headers = { ...init.headers, connection: 'close' };
        try {
          return await fetch(own, { ...init, headers, signal });
        } catch (error) {
          const code = codeOf(error);
          const isAway = chosen.state() !== 'up';
          const mayGoOn = tries < triesMax && !signal.aborted;
          if (mayGoOn && code === 'ECONNREFUSED' && isAway) turnedAway.refused += 1;
          else if (mayGoOn && chosen.state() === 'killed') turnedAway.cut += 1;
          else throw new Error(`${role} gave no answer: ${code ?? error}`, { cause: error });
          await wait(10);
        }
      }
    },
  };
}

function codeOf(error: unknown): string | undefined {
  const cause = error instanceof Error ? (error.cause as { code?: string } | undefined) : undefined;
  return cause?.code;
}
