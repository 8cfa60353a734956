import { readFileSync } from 'node:fs';

/**
 * Begins to count what the hypervisor gave to other machines while this one had work ("steal").
 *
 * @returns tells the share of 1 of all processors' time since then; undefined where Linux does not say
 * @see https://man7.org/linux/man-pages/man5/proc_stat.5.html
 */
export function countStolenTime(): () => number | undefined {
  const before = readTicks();
  return () => {
    const after = readTicks();
    if (!before || !after || after.all === before.all) return undefined;
    return (after.stolen - before.stolen) / (after.all - before.all);
  };
}

function readTicks(): { all: number; stolen: number } | undefined {
  try {
    return ticksOf(readFileSync('/proc/stat', 'utf8'));
  } catch {
    return undefined;
  }
}

/** The first line: user, nice, system, idle, iowait, irq, softirq, steal; guests are within user. */
export function ticksOf(stat: string): { all: number; stolen: number } | undefined {
  const [line = ''] = stat.split('\n');
  const [name, ...ticks] = line.trim().split(/\s+/);
  const [, , , , , , , stolen] = ticks.map(Number);
  if (name !== 'cpu' || stolen === undefined) return undefined;
  return { all: ticks.slice(0, 8).reduce((sum, value) => sum + Number(value), 0), stolen };
}
