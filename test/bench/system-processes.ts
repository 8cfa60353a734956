import { readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';

/** One process of a running system, with what it takes of the machine. */
export interface SystemProcess {
  readonly pid: number;
  /** Its role, or the program that it is. */
  readonly name: string;
  /** Its proportional share (PSS): what several share is counted once over all of them. */
  readonly memoryMb: number;
  /** Processor time used so far. */
  readonly cpuMs: number;
}

/** What Linux counts processor time in, everywhere that Node runs: hundredths of a second. */
const tickMs = 10;

/**
 * All that a process has started, and what those have. Linux alone, and as the user that they run as, or
 * root.
 *
 * @see https://man7.org/linux/man-pages/man5/proc_pid_smaps_rollup.5.html
 */
export function startedBy(ancestor: number): SystemProcess[] {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => readProcess(Number(name)) ?? []);
  const family = new Set([ancestor]);
  for (let before = 0; before < family.size; ) {
    before = family.size;
    for (const { pid, parent } of all) if (family.has(parent)) family.add(pid);
  }
  return all.filter(({ pid }) => pid !== ancestor && family.has(pid));
}

function readProcess(pid: number): (SystemProcess & { parent: number }) | undefined {
  try {
    const read = (name: string) => readFileSync(`/proc/${pid}/${name}`, 'utf8');
    const words = read('cmdline').split('\0');
    const parent = Number(/^PPid:\s+(\d+)/m.exec(read('status'))?.[1]);
    const pssKb = Number(/^Pss:\s+(\d+)/m.exec(read('smaps_rollup'))?.[1]);
    const stat = read('stat');
    const [user, kernel] = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .slice(11, 13);
    const cpuMs = (Number(user) + Number(kernel)) * tickMs;
    return { pid, parent, name: nameOf(words), memoryMb: pssKb / 1_024, cpuMs };
  } catch {
    return undefined;
  }
}

function nameOf([program = '', ...words]: readonly string[]): string {
  if (/postgres/.test(program)) return 'PostgreSQL';
  const script = words.findIndex((word) => /\/cli\.ts$|^src\/cli\.ts$/.test(word));
  if (script >= 0) return words[script + 1]?.replace(/^up$/, 'supervisor') ?? '';
  const own = words.find((word) => /\.m?[jt]s$/.test(word));
  return own === undefined ? basename(program) : basename(own).replace(/\.m?[jt]s$/, '');
}
