import type { Command } from './command.ts';
import { audit } from './commands/audit.ts';
import { bounce } from './commands/bounce.ts';
import { callbacks } from './commands/callbacks.ts';
import { canary } from './commands/canary.ts';
import { doctor } from './commands/doctor.ts';
import { healthcheck } from './commands/healthcheck.ts';
import { incident } from './commands/incident.ts';
import { key } from './commands/key.ts';
import { keys } from './commands/keys.ts';
import { ledger } from './commands/ledger.ts';
import { migrate } from './commands/migrate.ts';
import { opsUser } from './commands/ops-user.ts';
import { optOut } from './commands/opt-out.ts';
import { org } from './commands/org.ts';
import { pause, resume } from './commands/pause.ts';
import { prepareKeys } from './commands/prepare-keys.ts';
import { put } from './commands/put.ts';
import { receipt } from './commands/receipt.ts';
import { request } from './commands/request.ts';
import { roles } from './commands/roles.ts';
import { sealed } from './commands/sealed.ts';
import { send } from './commands/send.ts';
import { sendCheck } from './commands/send-check.ts';
import { tail } from './commands/tail.ts';
import { up } from './commands/up.ts';

/**
 * What `sotto` can do, in the order that help shows.
 *
 * Each file in `commands/` says what a command is for, how it is written and what its options mean;
 * the file of the same name here does it, and is imported when it runs.
 */
export const commands: readonly Command[] = [
  up,
  ...roles,
  migrate,
  prepareKeys,
  org,
  key,
  opsUser,
  sendCheck,
  callbacks,
  doctor,
  put,
  receipt,
  send,
  tail,
  pause,
  resume,
  request,
  keys,
  sealed,
  optOut,
  ledger,
  audit,
  incident,
  canary,
  bounce,
  healthcheck,
];
