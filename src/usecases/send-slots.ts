/** The sockets to a provider that are free now. */
export interface SendSlots {
  /**
   * Takes up to `most` slots: at least a quarter of all, or `most` when that is less, so that a busy
   * worker does not commit once for every socket that comes free. First come, first served.
   */
  take(most: number): Promise<number>;
  give(count: number): void;
}

export function createSendSlots(slotsMax: number): SendSlots {
  const worthwhile = Math.max(1, Math.ceil(slotsMax / 4));
  const queue: { most: number; taken: (count: number) => void }[] = [];
  let free = slotsMax;

  function serve(): void {
    for (let next = queue[0]; next; next = queue[0]) {
      if (free < Math.min(next.most, worthwhile)) return;
      queue.shift();
      const count = Math.min(next.most, free);
      free -= count;
      next.taken(count);
    }
  }

  return {
    take: (most) =>
      new Promise((taken) => {
        queue.push({ most, taken });
        serve();
      }),
    give(count) {
      free += count;
      serve();
    },
  };
}
