import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

/**
 * A program that the files in deploy/ are for, from PATH or Debian's packages.
 *
 * @throws with what to install, where there is none
 */
export function findProgram(name: 'nginx' | 'caddy' | 'promtool'): string {
  const script = join(import.meta.dirname, '../../scripts/find-program.mjs');
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, name], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr.trim());
  return stdout.trim();
}
