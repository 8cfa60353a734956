import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';

/**
 * A program that the files in deploy/ are for, from PATH or Debian's packages.
 *
 * @throws with what to install, where there is none
 */
export function findProgram(name: 'nginx' | 'caddy' | 'promtool'): string {
  return find(name)[0] ?? '';
}

/** Likewise, with the libraries that it was unpacked with (may be empty), for LD_LIBRARY_PATH. */
export function findPgBouncer(): { readonly program: string; readonly libraries: string } {
  const [program = '', libraries = ''] = find('pgbouncer');
  return { program, libraries };
}

/** The folder of a whole PostgreSQL, 15 or newer: npm's has neither psql nor pg_basebackup. */
export function findPostgres(): { readonly programs: string; readonly libraries: string } {
  const [program = '', libraries = ''] = find('postgres');
  return { programs: dirname(program), libraries };
}

function find(name: string): string[] {
  const script = join(import.meta.dirname, '../../scripts/find-program.mjs');
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, name], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr.trim());
  return stdout.trim().split('\n');
}
