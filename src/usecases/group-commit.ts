/** What became of one operation of a group: its value, or the error that is its own. */
export type Outcome<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly error: unknown };

/**
 * Gathers operations that come while a commit is under way and commits them together.
 *
 * One group is in flight at a time, and none holds two operations with the same key: the second
 * waits for the next group. When a whole group fails, it is redone one by one, so that only the
 * guilty operation fails; when that is hopeless, everything that waits fails with it. Operations
 * beyond `waitingMax` are refused at once with `overflow`: a queue without end only hides that a
 * database is too slow.
 *
 * @param commit commits a group, in the order given: sorted by key
 * @param isHopeless whether an error would only repeat itself for each (the database is away)
 */
export function createGroupCommit<Operation, Value>({
  keyOf,
  sizeMax,
  waitingMax,
  overflow,
  commit,
  isHopeless,
}: {
  keyOf: (operation: Operation) => string;
  sizeMax: number;
  waitingMax: number;
  overflow: () => Error;
  commit: (group: readonly Operation[]) => Promise<readonly Outcome<Value>[]>;
  isHopeless: (error: unknown) => boolean;
}): (operation: Operation) => Promise<Value> {
  interface Waiting {
    readonly key: string;
    readonly operation: Operation;
    readonly settle: (outcome: Outcome<Value>) => void;
  }
  let waiting: Waiting[] = [];
  let running = false;

  async function run(): Promise<void> {
    running = true;
    while (waiting.length > 0) {
      const hopeless = await commitGroup(takeGroup());
      // Group after group would wait as long as this one did, to be told the same.
      if (hopeless) refuse(waiting.splice(0), hopeless.error);
    }
    running = false;
  }

  function refuse(entries: readonly Waiting[], error: unknown): void {
    for (const { settle } of entries) settle({ ok: false, error });
  }

  function takeGroup(): Waiting[] {
    const group = new Map<string, Waiting>();
    const rest: Waiting[] = [];
    for (const entry of waiting) {
      if (group.size < sizeMax && !group.has(entry.key)) group.set(entry.key, entry);
      else rest.push(entry);
    }
    waiting = rest;
    return [...group.values()].sort((one, other) => (one.key < other.key ? -1 : 1));
  }

  /** @returns the error for which there is no use in trying any other */
  async function commitGroup(group: readonly Waiting[]): Promise<{ error: unknown } | undefined> {
    try {
      const outcomes = await commit(group.map(({ operation }) => operation));
      group.forEach(({ settle }, index) => {
        settle(outcomes[index] ?? { ok: false, error: new Error('no outcome') });
      });
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

  return (operation) =>
    new Promise((resolve, reject) => {
      if (waiting.length >= waitingMax) return reject(overflow());
      waiting.push({
        key: keyOf(operation),
        operation,
        settle: (outcome) => (outcome.ok ? resolve(outcome.value) : reject(outcome.error)),
      });
      // The next turn of the loop: requests parsed in this one share a commit.
      if (!running) {
        running = true;
        setImmediate(() => void run());
      }
    });
}
