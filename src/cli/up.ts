import type { Config } from '../../config/env.ts';
import { createRoleLogins } from '../store/role-logins.ts';
import { up } from '../supervisor/up.ts';
import { migrateAll } from './admin.ts';
import { setUpDemo } from './demo.ts';

const roleModules = [
  '../roles/api.ts',
  '../roles/patient.ts',
  '../roles/ops.ts',
  '../../workers/worker.ts',
  '../../workers/scheduler.ts',
  '../sandbox/main.ts',
].map((path) => new URL(path, import.meta.url));

/** `npm start`: everything on this machine. */
export function runUp(
  config: Config,
  env: Readonly<Record<string, string | undefined>>,
): Promise<number> {
  return up({
    config,
    env,
    steps: { migrate: migrateAll, roleUrls: createRoleLogins, demo: setUpDemo },
    roleModules,
  });
}
