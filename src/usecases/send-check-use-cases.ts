import type { Owner } from '../store/appointment-reads.ts';
import type { Database } from '../store/database.ts';
import {
  putSendCheck,
  readSendCheck,
  removeSendCheck,
  rotateSendCheckSecret,
  type SendCheckDeps,
  testSendCheck,
} from './change-send-check.ts';

/** Whose check, and the credential that the audit names. */
type ByCredential = Owner & { credentialId: string };

/** What a booking system can do with its own check, bound to what that takes. */
export function sendCheckUseCases({
  database,
  ...others
}: Omit<SendCheckDeps, 'transaction'> & { database: Pick<Database, 'transaction'> }) {
  const deps: SendCheckDeps = {
    ...others,
    transaction: (organisationId, work) => database.transaction([organisationId], work),
  };
  const by = <Input extends ByCredential>({ credentialId, ...input }: Input) => ({
    ...input,
    actor: `credential ${credentialId}`,
  });
  return {
    readSendCheck: (input: Owner) => readSendCheck(deps, input),
    putSendCheck: (
      input: ByCredential & { url?: string | undefined; onNoAnswer?: string | undefined },
    ) => putSendCheck(deps, by(input)),
    testSendCheck: (input: ByCredential) => testSendCheck(deps, by(input)),
    rotateSendCheckSecret: (input: ByCredential & { overlapHours?: number | undefined }) =>
      rotateSendCheckSecret(deps, by(input)),
    removeSendCheck: (input: ByCredential) => removeSendCheck(deps, by(input)),
  };
}
