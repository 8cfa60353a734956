import { readdirSync, readFileSync } from 'node:fs';

/** What Linux counts processor time in, everywhere that Node runs: hundredths of a second. */
const tickUs = 10_000;

/**
 * Processor time that these processes and their children have used, in microseconds, children that
 * have ended included. Undefined where there is no /proc.
 *
 * @param apart of those children, ones that are counted elsewhere, with theirs
 * @see https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
 */
export function cpuTimeUs(
  pids: readonly number[],
  apart: readonly number[] = [],
): number | undefined {
  const all = readProcesses();
  if (!all) return undefined;
  const family = new Set(pids);
  for (const { pid, parent } of all) {
    if (family.has(parent) && !apart.includes(pid)) family.add(pid);
  }
  return all
    .filter(({ pid }) => family.has(pid))
    .reduce((sum, { ticks }) => sum + ticks * tickUs, 0);
}

function readProcesses(): { pid: number; parent: number; ticks: number }[] | undefined {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
      .sort((one, other) => one - other)
      .flatMap((pid) => readProcess(pid) ?? []);
  } catch {
    return undefined;
  }
}

function readProcess(pid: number): { pid: number; parent: number; ticks: number } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // A command may hold spaces and brackets: what follows its last bracket does not.
    const fields = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    const [parent = 0] = fields.slice(1);
    const ticks = fields.slice(11, 15).reduce((sum, value) => sum + value, 0);
    return { pid, parent, ticks };
  } catch {
    return undefined;
  }
}
