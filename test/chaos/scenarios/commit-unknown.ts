import type { Scenario } from '../scenario.ts';
import type { Actor, Stage } from '../stage/stage.ts';

interface Commit {
  readonly actors: (stage: Stage) => readonly Actor[];
  /** What it has written before. */
  readonly after: string;
  /** What tells that it is committed; of a statement that is a transaction of its own, its end. */
  readonly words?: string;
}

/** Whose commit it is. */
const commits: Record<string, Commit> = {
  acceptance: { actors: ({ api }) => [api], after: 'insert missing appointments' },
  feeding: { actors: ({ scheduler }) => [scheduler], after: 'queue batches' },
  intent: { actors: ({ workers }) => workers, after: 'write intents', words: 'SELECT ' },
  outcome: { actors: ({ workers }) => workers, after: 'write accepted', words: 'SELECT ' },
};
const names = Object.keys(commits);

export const commitUnknown: Scenario = {
  name: 'commit-unknown',
  fault: 'the connection cut between COMMIT and its answer: acceptance, feeding, intent, outcome',
  rounds: { full: 80, least: 8 },
  perSecond: 0,
  async round({ stage, book, note, breach }, number) {
    const name = names[number % names.length] ?? '';
    const { actors, after, words = 'COMMIT' } = commits[name] ?? { actors: () => [], after: '' };
    const armed = actors(stage).map(({ toPostgres }) =>
      toPostgres.trap({ on: 'answer', words, after, fate: 'cut' }),
    );
    const booked = book(8);
    const late = new Promise<'late'>((resolve) => setTimeout(resolve, 15_000, 'late').unref());
    const how = await Promise.race([...armed.map(({ sprung }) => sprung), late]);
    for (const trap of armed) trap.disarm();
    if (how === 'late') breach(`no commit of ${name} came by`);
    else note(name);
    await booked;
  },
  async check({ breach }, { uncertainMade }) {
    if (uncertainMade > 0) breach(`${uncertainMade} came into doubt though nothing died`);
  },
};
