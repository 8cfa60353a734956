/**
 * Does all of these, two at once: while a server is at the one, the next is put together.
 *
 * @returns what came of each, in their order
 */
export async function twoAtOnce<Task, Value>(
  tasks: readonly Task[],
  work: (task: Task) => Promise<Value>,
): Promise<Value[]> {
  const left = [...tasks.entries()];
  const values: Value[] = [];
  const workOn = async () => {
    for (let next = left.shift(); next; next = left.shift()) {
      const [place, task] = next;
      values[place] = await work(task).catch((error: unknown) => {
        // Nothing goes on beside what is done next.
        left.length = 0;
        throw error;
      });
    }
  };
  const ends = await Promise.allSettled([workOn(), workOn()]);
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
  return values;
}

/** How many are in each part of so many, none larger than `partMax`. */
export function partsOf(count: number, partMax: number): number[] {
  const parts = Math.ceil(count / partMax);
  return Array.from({ length: parts }, (_, part) => Math.min(partMax, count - part * partMax));
}
