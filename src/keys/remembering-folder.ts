import type { KeyFolder } from './key-folder.ts';
import { KeyStoreAwayError } from './key-store-error.ts';

/** A key that was destroyed elsewhere may be in use here so long. */
const freshMs = 10_000;
/** A night without what holds the keys stops nothing. */
const keptMs = 12 * 3_600_000;
/** What was destroyed elsewhere, and nobody here asks for, is in memory so long. */
const askedAgainMs = 3_600_000;
const sweepEachMs = 60_000;
/** Who did not answer is not asked again at once, while there is something to go on with. */
const restMs = 5_000;

/**
 * A folder of keys over the network, that goes on with what it has read while nobody answers there.
 *
 * A key is asked for again after some seconds, and gone when that answers so; one that nobody wants is asked
 * for each hour all the same. Lists are asked for each time. Absence is not remembered, nor is anything
 * longer than half a day after it was last read or wanted.
 * Whoever is refused what it could read before has lost its rights: all is forgotten at once.
 */
export function rememberingFolder(
  files: KeyFolder,
  nowMs: () => number = () => performance.now(),
): KeyFolder {
  let restingUntilMs = Number.NEGATIVE_INFINITY;
  let answeredAtMs = nowMs();
  const silence = {
    isOn: () => nowMs() < restingUntilMs,
    isLong: () => nowMs() - answeredAtMs >= keptMs,
    begins: () => {
      restingUntilMs = nowMs() + restMs;
    },
    ends: () => {
      restingUntilMs = Number.NEGATIVE_INFINITY;
      answeredAtMs = nowMs();
    },
  };
  const forgetAll = () => {
    for (const one of [reads, ages, lists]) one.forget('');
  };
  const memory = <T>(forMs: number) => answerMemory<T>({ forMs, nowMs, silence, forgetAll });
  const reads = memory<Buffer | undefined>(freshMs);
  const ages = memory<Date | undefined>(freshMs);
  const lists = memory<string[]>(0);
  setInterval(() => {
    for (const one of [reads, ages, lists]) one.sweep();
  }, sweepEachMs).unref();

  return {
    ...files,
    read: (path) => reads.get(path, () => files.read(path)),
    madeAt: (path) => ages.get(path, () => files.madeAt(path)),
    list: (folder, extension) =>
      lists.get(`${folder}/*${extension}`, () => files.list(folder, extension)),
    async create(path, bytes, audience) {
      try {
        return await files.create(path, bytes, audience);
      } finally {
        lists.forget(`${path.slice(0, path.lastIndexOf('/'))}/*`);
      }
    },
    async remove(folder, file) {
      try {
        await files.remove(folder, file);
      } finally {
        reads.forget(`${folder}/${file}`);
        ages.forget(`${folder}/${file}`);
        lists.forget(`${folder}/*`);
      }
    },
  };
}

interface AnswerMemory<T> {
  get(name: string, ask: () => Promise<T>): Promise<T>;
  /** All whose name begins so. */
  forget(beginning: string): void;
  /** Forgets what is old, and asks again for what may be gone. */
  sweep(): void;
}

interface Known<T> {
  readonly answer: T;
  readonly atMs: number;
  readonly ask: () => Promise<T>;
  wantedAtMs: number;
}

function answerMemory<T>({
  forMs,
  nowMs,
  silence,
  forgetAll,
}: {
  forMs: number;
  nowMs: () => number;
  silence: { isOn(): boolean; isLong(): boolean; begins(): void; ends(): void };
  forgetAll: () => void;
}): AnswerMemory<T> {
  const known = new Map<string, Known<T>>();
  let forgotten = 0;
  let isSweeping = false;

  const forgetOld = () => {
    for (const [name, { atMs, wantedAtMs }] of known) {
      if (nowMs() - Math.min(atMs, wantedAtMs) >= keptMs) known.delete(name);
    }
  };

  async function asked(name: string, ask: () => Promise<T>, wantedAtMs: number): Promise<T> {
    const last = known.get(name);
    const before = forgotten;
    try {
      const answer = await ask();
      silence.ends();
      if (answer === undefined) known.delete(name);
      // What was changed here meanwhile may have been read before.
      else if (forgotten === before) known.set(name, { answer, atMs: nowMs(), ask, wantedAtMs });
      return answer;
    } catch (error) {
      if (!(error instanceof KeyStoreAwayError)) {
        known.delete(name);
        throw error;
      }
      if (!error.mayGoOn) {
        if (last) forgetAll();
        throw error;
      }
      silence.begins();
      if (last && known.has(name)) return last.answer;
      throw silence.isLong() ? new KeyStoreAwayError(error.message, { mayGoOn: false }) : error;
    }
  }

  async function askAgain(): Promise<void> {
    for (const [name, { atMs, ask, wantedAtMs }] of known) {
      if (silence.isOn()) return;
      if (nowMs() - atMs >= askedAgainMs) await asked(name, ask, wantedAtMs).catch(() => {});
    }
  }

  return {
    async sweep() {
      forgetOld();
      if (isSweeping) return;
      isSweeping = true;
      await askAgain();
      isSweeping = false;
    },
    async get(name, ask) {
      forgetOld();
      const last = known.get(name);
      if (last) last.wantedAtMs = nowMs();
      if (last && (nowMs() - last.atMs < forMs || silence.isOn())) return last.answer;
      return asked(name, ask, nowMs());
    },
    forget(beginning) {
      forgotten += 1;
      for (const name of known.keys()) if (name.startsWith(beginning)) known.delete(name);
    },
  };
}
