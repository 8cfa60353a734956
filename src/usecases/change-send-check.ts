import { randomUUID } from 'node:crypto';
import { limits } from '../../config/limits.ts';
import { AppError } from '../domain/errors.ts';
import { type NoAnswerPolicy, noAnswerPolicies } from '../domain/send-check.ts';
import type { Journal } from '../journal/journal.ts';
import type { KeyStore } from '../keys/key-store.ts';
import type { Owner } from '../store/appointment-reads.ts';
import { insertAudit } from '../store/audit.ts';
import type { AnyConnection } from '../store/database.ts';
import { lockOrganisation } from '../store/organisations.ts';
import {
  deleteSendCheck,
  findSendCheck,
  insertSendCheck,
  insertSendCheckSecret,
  lockSendCheck,
  requestSendCheckTest,
  type StoredSendCheck,
  updateSendCheck,
} from '../store/send-checks.ts';
import { checkWebhookUrl } from './check-webhook-url.ts';
import { makeWebhookSecret } from './create-webhook-endpoint.ts';
import { describeSendCheck, type SendCheckAnswer } from './describe-send-check.ts';

export interface SendCheckDeps {
  /** Runs in one transaction that sees the organisation. */
  transaction<T>(
    organisationId: string,
    work: (connection: AnyConnection) => Promise<T>,
  ): Promise<T>;
  readonly keys: Pick<KeyStore, 'webhookPublicKey'>;
  readonly journal: Pick<Journal, 'append'>;
  /** Nothing reaches a person: in test mode this machine may be asked. */
  readonly isSandbox: boolean;
}

/** Whose check, and who changes it, as the audit names them. */
export interface SendCheckChange extends Owner {
  readonly actor: string;
}

/** Told with what was made just now, and never again. */
export type WithNewSecret = SendCheckAnswer & { readonly secret?: string | undefined };

/** @throws {AppError} `not_found` where nobody is asked */
export async function readSendCheck(
  { transaction }: Pick<SendCheckDeps, 'transaction'>,
  owner: Owner,
): Promise<SendCheckAnswer> {
  return transaction(owner.organisationId, async (connection) =>
    describeSendCheck(orNotFound(await findSendCheck(connection, owner))),
  );
}

/**
 * Has a booking system asked before anything is sent, from now on, or changes how; what is not named
 * stays. The first time it needs an address, and answers a secret.
 *
 * @throws {AppError} `invalid_request`, `not_found`; `key_missing` while the asking process has not
 *   published a key
 */
export async function putSendCheck(
  deps: SendCheckDeps,
  input: SendCheckChange & { url?: string | undefined; onNoAnswer?: string | undefined },
): Promise<{ isNew: boolean; check: WithNewSecret }> {
  const { organisationId, mode, url } = input;
  if (url !== undefined) checkWebhookUrl(url, { mode, isSandbox: deps.isSandbox });
  const onNoAnswer = policyFrom(input.onNoAnswer);
  const checkId = randomUUID();
  const made = url && (await makeWebhookSecret(deps.keys, { organisationId, endpointId: checkId }));
  return deps.transaction(organisationId, async (connection) => {
    // One at a time, so that there is one.
    if (!(await lockOrganisation(connection, organisationId))) throw new AppError('not_found');
    const stored = await lockSendCheck(connection, input);
    if (stored) {
      await updateSendCheck(connection, { checkId: stored.id, url, onNoAnswer });
    } else {
      if (!made) {
        throw new AppError('invalid_request', { fields: [{ pointer: '/url', code: 'required' }] });
      }
      await insertSendCheck(connection, {
        ...{ organisationId, mode, checkId, url },
        onNoAnswer: onNoAnswer ?? 'send',
      });
      const secret = made.sealed;
      await insertSendCheckSecret(connection, { organisationId, checkId, secret, overlapMs: 0 });
    }
    const check = orNotFound(await findSendCheck(connection, input));
    await audit(connection, input, `set_${check.onNoAnswer}`);
    const isNew = stored === undefined;
    return {
      isNew,
      check: {
        ...describeSendCheck(check),
        ...(isNew && made ? { secret: made.secret.reveal() } : {}),
      },
    };
  });
}

function policyFrom(text: string | undefined): NoAnswerPolicy | undefined {
  if (text === undefined) return undefined;
  const known = noAnswerPolicies.find((policy) => policy === text);
  if (known) return known;
  throw new AppError('invalid_request', {
    fields: [{ pointer: '/onNoAnswer', code: 'invalid_value' }],
  });
}

/**
 * Asks a test question, once, whatever became of others. What came of it is told with the check.
 *
 * @throws {AppError} `not_found`
 */
export async function testSendCheck(
  deps: Pick<SendCheckDeps, 'transaction'>,
  input: SendCheckChange,
): Promise<SendCheckAnswer> {
  return deps.transaction(input.organisationId, async (connection) => {
    const { id: checkId } = orNotFound(await lockSendCheck(connection, input));
    await requestSendCheckTest(connection, { checkId, testId: randomUUID() });
    await audit(connection, input, 'test');
    return describeSendCheck(orNotFound(await findSendCheck(connection, input)));
  });
}

/**
 * Makes a new secret. Questions carry signatures of both until the overlap is over.
 *
 * @throws {AppError} `not_found`, `key_missing`
 */
export async function rotateSendCheckSecret(
  deps: SendCheckDeps,
  input: SendCheckChange & { overlapHours?: number | undefined },
): Promise<WithNewSecret> {
  const { organisationId, overlapHours = limits.webhookOverlapHoursDefault } = input;
  const { id: checkId } = await deps.transaction(organisationId, async (connection) =>
    orNotFound(await findSendCheck(connection, input)),
  );
  const made = await makeWebhookSecret(deps.keys, { organisationId, endpointId: checkId });
  return deps.transaction(organisationId, async (connection) => {
    const stored = await lockSendCheck(connection, input);
    if (stored?.id !== checkId) throw new AppError('not_found');
    const overlapMs = overlapHours * 60 * 60_000;
    const secret = made.sealed;
    await insertSendCheckSecret(connection, { organisationId, checkId, secret, overlapMs });
    await audit(connection, input, 'rotate');
    const check = orNotFound(await findSendCheck(connection, input));
    return { ...describeSendCheck(check), secret: made.secret.reveal() };
  });
}

/**
 * Has nobody asked any more, for good: what is due goes out at once. The journal has it, so that no
 * restored backup asks again, and holds back what nobody answers for.
 *
 * @throws {AppError} `not_found`
 */
export async function removeSendCheck(
  { transaction, journal }: Pick<SendCheckDeps, 'transaction' | 'journal'>,
  input: SendCheckChange,
): Promise<void> {
  await transaction(input.organisationId, async (connection) => {
    const { id: checkId } = orNotFound(await lockSendCheck(connection, input));
    await deleteSendCheck(connection, checkId);
    await audit(connection, input, 'remove');
    await journal.append({ kind: 'send_check_removal', checkId });
  });
}

function orNotFound(check: StoredSendCheck | undefined): StoredSendCheck {
  if (!check) throw new AppError('not_found');
  return check;
}

function audit(
  connection: AnyConnection,
  { actor, organisationId, mode }: SendCheckChange,
  action: string,
): Promise<void> {
  return insertAudit(connection, {
    ...{ actor, organisationId },
    action: `send_check.${action}`,
    subject: `mode=${mode}`,
  });
}
