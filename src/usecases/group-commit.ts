/** What became of one operation of a group: its value, or the error that is its own. */
export type Outcome<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly error: unknown };

/** Commits an operation together with others. */
export interface GroupCommit<Operation, Value> {
  (operation: Operation): Promise<Value>;
  /**
   * Whether what is not urgent would be refused at this moment.
   *
   * @param onTheWay how many there are that it may be said of soon, those that wait included
   */
  isFull(onTheWay?: number): boolean;
}

/** So many full groups are looked back at: the quickest tells how long one takes, for one may have been held up. */
const lookedBackAt = 4;

/**
 * Gathers operations that come while a commit is under way and commits them together.
 *
 * One group is committed at a time, and the one before may still be confirmed meanwhile. Of one key
 * there is one operation in both together: the next waits until it is settled. When a whole group
 * fails, it is redone one by one, so that only the guilty operation fails; when that is hopeless,
 * everything that waits fails with it. Operations beyond `waitingMax` are refused at once with `overflow`: a queue without end only hides that a
 * database is too slow. So are those that would wait for longer than `waitMaxMs`, but the urgent ones.
 *
 * @param commit commits a group, in the order given: sorted by key
 * @param confirm has the last word on what was committed, before anybody is told; what it throws is
 *   the answer to all of its group, and nothing is redone
 * @param isHopeless whether an error would only repeat itself for each (the database is away)
 */
export function createGroupCommit<Operation, Value>({
  keyOf,
  sizeMax,
  waitingMax,
  waitMaxMs = Infinity,
  isUrgent = () => false,
  clock = () => performance.now(),
  overflow,
  commit,
  confirm = async (outcomes) => outcomes,
  isHopeless,
}: {
  keyOf: (operation: Operation) => string;
  sizeMax: number;
  waitingMax: number;
  waitMaxMs?: number;
  isUrgent?: (operation: Operation) => boolean;
  /** Milliseconds that never go back. */
  clock?: () => number;
  overflow: () => Error;
  commit: (group: readonly Operation[]) => Promise<readonly Outcome<Value>[]>;
  confirm?: (outcomes: readonly Outcome<Value>[]) => Promise<readonly Outcome<Value>[]>;
  isHopeless: (error: unknown) => boolean;
}): GroupCommit<Operation, Value> {
  interface Waiting {
    readonly key: string;
    readonly operation: Operation;
    readonly settle: (outcome: Outcome<Value>) => void;
  }
  let waiting: Waiting[] = [];
  let running = false;
  let begunAt = 0;
  let lastMs = 0;
  const fullMs: number[] = [];
  const unconfirmed = new Set<string>();
  let confirming: Promise<void> = Promise.resolve();

  /** In the next turn of the loop: requests parsed in this one share a commit. */
  function start(): void {
    if (running || waiting.length === 0) return;
    running = true;
    begunAt = clock();
    setImmediate(() => void run());
  }

  async function run(): Promise<void> {
    for (let group = takeGroup(); group.length > 0; group = takeGroup()) {
      begunAt = clock();
      const hopeless = await commitGroup(group);
      lastMs = clock() - begunAt;
      if (group.length === sizeMax) fullMs.push(lastMs);
      if (fullMs.length > lookedBackAt) fullMs.shift();
      // Group after group would wait as long as this one did, to be told the same.
      if (hopeless) refuse(waiting.splice(0), hopeless.error);
    }
    running = false;
  }

  /** For the group under way, and for those that are ahead, as long as it has taken by now each. */
  function expectedWaitMs(ahead: number): number {
    if (!running) return 0;
    // Full ones are only looked back at where there will be more: else their time would never be forgotten.
    const usualMs = ahead < sizeMax || fullMs.length === 0 ? lastMs : Math.min(...fullMs);
    return Math.max(clock() - begunAt, usualMs) * (1 + Math.floor(ahead / sizeMax));
  }

  const isFull = (onTheWay = 0) => {
    const ahead = Math.max(waiting.length, onTheWay);
    return ahead >= waitingMax || expectedWaitMs(ahead) > waitMaxMs;
  };

  function refuse(entries: readonly Waiting[], error: unknown): void {
    for (const { settle } of entries) settle({ ok: false, error });
  }

  function takeGroup(): Waiting[] {
    const group = new Map<string, Waiting>();
    const rest: Waiting[] = [];
    for (const entry of waiting) {
      const isFree = !group.has(entry.key) && !unconfirmed.has(entry.key);
      if (group.size < sizeMax && isFree) group.set(entry.key, entry);
      else rest.push(entry);
    }
    waiting = rest;
    return [...group.values()].sort((one, other) => (one.key < other.key ? -1 : 1));
  }

  /** @returns the error for which there is no use in trying any other */
  async function commitGroup(group: readonly Waiting[]): Promise<{ error: unknown } | undefined> {
    try {
      const outcomes = await commit(group.map(({ operation }) => operation));
      for (const { key } of group) unconfirmed.add(key);
      // One at a time: where confirming is what takes long, committing waits for it.
      await confirming;
      confirming = settleConfirmed(group, outcomes);
    } catch (error) {
      if (isHopeless(error)) {
        refuse(group, error);
        return { error };
      }
      if (group.length === 1) {
        refuse(group, error);
        return undefined;
      }
      for (const [place, entry] of group.entries()) {
        const hopeless = await commitGroup([entry]);
        if (!hopeless) continue;
        refuse(group.slice(place + 1), hopeless.error);
        return hopeless;
      }
    }
    return undefined;
  }

  async function settleConfirmed(
    group: readonly Waiting[],
    outcomes: readonly Outcome<Value>[],
  ): Promise<void> {
    try {
      const confirmed = await confirm(outcomes);
      group.forEach(({ settle }, index) => {
        settle(confirmed[index] ?? { ok: false, error: new Error('no outcome') });
      });
    } catch (error) {
      refuse(group, error);
    } finally {
      for (const { key } of group) unconfirmed.delete(key);
      start();
    }
  }

  const submit = (operation: Operation) =>
    new Promise<Value>((resolve, reject) => {
      const isRefused = isUrgent(operation) ? waiting.length >= waitingMax : isFull();
      if (isRefused) return reject(overflow());
      waiting.push({
        key: keyOf(operation),
        operation,
        settle: (outcome) => (outcome.ok ? resolve(outcome.value) : reject(outcome.error)),
      });
      start();
    });
  return Object.assign(submit, { isFull });
}
