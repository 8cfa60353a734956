import { basename } from 'node:path';

/** Who keeps a journal. */
export const journalRoles = ['api', 'patient', 'worker', 'command-line'] as const;
export type JournalRole = (typeof journalRoles)[number];

/**
 * Who writes which kind of entry, older versions too. In another's journal it was put by whoever took that
 * process over, to have done at the next restore what the process itself may not do.
 */
const writers = {
  erasure: ['api', 'patient'],
  lock_out: ['patient'],
  link_revocation: ['api'],
  credential_revocation: ['command-line'],
  credential_end: ['command-line'],
  credential_disallowed: ['command-line'],
  credential_key_removal: ['command-line'],
  ops_user_disabled: ['command-line'],
  ops_user_role: ['command-line'],
  ops_user_sign_in: ['command-line'],
  organisation_limits: ['api', 'command-line'],
  credential_limits: ['command-line'],
  proof_policy: ['api', 'command-line'],
  endpoint_deletion: ['api'],
  send_check_removal: ['api', 'command-line'],
  passkey_removal: ['patient'],
  selector_revocation: ['command-line'],
  day_revocation: ['command-line'],
  suppression: ['patient', 'worker'],
  suppression_lifted: ['worker', 'command-line'],
  done: ['api', 'worker', 'command-line'],
} as const satisfies Record<string, readonly JournalRole[]>;
type JournalKind = keyof typeof writers;
export const journalKinds = Object.keys(writers) as readonly JournalKind[];

/** Whether a role writes entries of a kind; as it was read, it may be none that is known, and nobody's. */
export function isWrittenBy(role: JournalRole | undefined, kind: JournalKind): boolean {
  if (role === undefined || !Object.hasOwn(writers, kind)) return false;
  const roles: readonly JournalRole[] = writers[kind];
  return roles.includes(role);
}

/**
 * Whose journal a file is: `ROLE.ndjson`, or `ROLE-passkeys.ndjson`. In a folder of one role, `ROLE` or
 * `MACHINE.ROLE`, no file is another's: who writes there chooses what files are called.
 *
 * @param folder what the folder in the journal's own is called, where it lies in one
 */
export function writerOf({
  name,
  folder,
}: {
  name: string;
  folder?: string | undefined;
}): JournalRole | undefined {
  const named = basename(name, '.ndjson').replace(/-passkeys$/, '');
  const role = journalRoles.find((one) => one === named);
  const owner = journalRoles.find((one) => folder === one || folder?.endsWith(`.${one}`));
  return owner === undefined || owner === role ? role : undefined;
}
