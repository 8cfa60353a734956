import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { limits } from '../../config/limits.ts';
import { contactPointOf } from '../domain/contact-point.ts';
import { type Factor, judgeTry, type TryLimits } from '../domain/factor.ts';
import { normalisePin } from '../domain/pin.ts';
import { Secret } from '../domain/secret.ts';
import { everything, type Tier, tierOf } from '../domain/tiers.ts';
import type { Journal } from '../journal/journal.ts';
import { codeHash } from '../keys/code-hash.ts';
import { newHelpCode } from '../keys/help-code.ts';
import type { KeyStore, NumberedKey } from '../keys/key-store.ts';
import { sourceOfLink } from '../keys/source-hash.ts';
import { readNewestCode, useCode } from '../store/codes.ts';
import type { Connection, Database } from '../store/database.ts';
import { countTry, giveTryBack, settleWrongTry, type TryKey } from '../store/factor-failures.ts';
import type { Log } from '../telemetry/log.ts';
import type { OpenedLink } from './open-link.ts';

export interface ProveRecipientDeps {
  readonly database: Pick<Database, 'transaction'>;
  readonly journal: Pick<Journal, 'append'>;
  /** What codes are hashed under, an older one too. */
  readonly keys: Pick<KeyStore, 'symmetricKeys'>;
  /** Answers that this process looks at now, by whose and which they are. */
  readonly underWay: Map<string, Promise<Proof>>;
  readonly log: Log;
}

/** What a patient typed, read as what it should be. */
export type Answer =
  | { readonly factor: 'pin'; readonly pin: Secret<string> }
  /** `YYYY-MM-DD` */
  | { readonly factor: 'birth_date'; readonly birthDate: Secret<string> }
  /** Six digits, typed in the browser session of this id. */
  | { readonly factor: 'code'; readonly code: Secret<string>; readonly visitId: Secret<string> };

/** A wrong answer and a right one that comes during a pause are both `refused`. */
export type Proof =
  | { readonly outcome: 'proved'; readonly tier: Tier }
  | { readonly outcome: 'refused' }
  | { readonly outcome: 'locked'; readonly helpCode: string };

type SourceLimits = TryLimits & { readonly sourcePauseMinutes: number };

/** A birth date is easier to guess than six random digits. */
function limitsOf(factor: Factor): SourceLimits {
  return {
    perFactorMax: factor === 'birth_date' ? limits.wrongPerBirthDateMax : limits.wrongPerFactorMax,
    perSourceMax: limits.wrongPerSourceMax,
    sourcePauseMinutes: limits.sourcePauseMinutes,
  };
}

/**
 * Checks an answer against what the opened record holds, or against the code that was sent.
 *
 * The try is counted in a transaction of its own before it is compared, and taken back only once it
 * proved right: so tries that arrive together all count, and none is free when a process dies. A
 * wrong one counts during a pause too; a right one during a pause opens nothing and counts nothing.
 * A code that is used up, too old, replaced, or of another link, browser session or number is wrong.
 *
 * A right one whose button was pressed twice is one: what came first may be the last try that counts.
 *
 * @param source keyed hash of the address that the answer came from; it is stored as one of this link alone
 */
export async function proveRecipient(
  deps: ProveRecipientDeps,
  { linkSecret, source, ...given }: Given & { linkSecret: Secret<Buffer>; source: Buffer },
): Promise<Proof> {
  const { organisationId, appointmentId, linkId, reminderId } = given.link.stored;
  const key: TryKey = {
    ...{ organisationId, appointmentId, linkId, reminderId, factor: given.answer.factor },
    source: sourceOfLink(linkSecret, source),
  };
  const name = nameOf(key, given.answer);
  const proof = prove(deps, { ...given, key, earlier: deps.underWay.get(name) });
  deps.underWay.set(name, proof);
  try {
    return await proof;
  } finally {
    if (deps.underWay.get(name) === proof) deps.underWay.delete(name);
  }
}

interface Given {
  readonly link: OpenedLink;
  readonly answer: Answer;
}

/** The same for the same answer, for the same link, from the same place. */
function nameOf({ linkId, source }: TryKey, answer: Answer): string {
  const typed =
    answer.factor === 'pin'
      ? [answer.pin]
      : answer.factor === 'code'
        ? [answer.code, answer.visitId]
        : [answer.birthDate];
  const text = JSON.stringify(typed.map((secret) => secret.reveal()));
  const digest = createHmac('sha256', source).update(text).digest('hex');
  return `${linkId} ${answer.factor} ${digest}`;
}

async function prove(
  deps: ProveRecipientDeps,
  { link, answer, key, earlier }: Given & { key: TryKey; earlier: Promise<Proof> | undefined },
): Promise<Proof> {
  const { organisationId, linkId, channel } = link.stored;
  const { factor } = key;

  const { verdict, sent } = await deps.database.transaction(
    [organisationId],
    async (connection) => ({
      verdict: judgeTry(await countTry(connection, key), limitsOf(factor)),
      sent: answer.factor === 'code' ? await readNewestCode(connection, linkId) : undefined,
    }),
  );
  const isRight =
    answer.factor === 'code'
      ? isSentCode(await deps.keys.symmetricKeys('code'), { answer, link, sent })
      : isKnown(link, answer);

  const first =
    isRight && verdict !== 'admitted' ? await earlier?.catch(() => undefined) : undefined;
  if (first?.outcome === 'proved') {
    const clearsSource = first.tier >= everything;
    const { helpCode } = await deps.database.transaction([organisationId], (connection) =>
      giveTryBack(connection, key, { clearsSource }),
    );
    return helpCode === undefined ? first : { outcome: 'locked', helpCode };
  }
  if (isRight && verdict !== 'locked') {
    const { birthDateOpensAll, proofPolicy } = link.stored;
    const tier = tierOf(factor, { channel, birthDateOpensAll, proofPolicy });
    const admitted = verdict === 'admitted';
    const result = await deps.database.transaction([organisationId], async (connection) => {
      if (admitted && sent && !(await useCode(connection, sent.id))) return 'used' as const;
      return giveTryBack(connection, key, { clearsSource: admitted && tier >= everything });
    });
    if (result !== 'used') {
      if (result.helpCode !== undefined) return { outcome: 'locked', helpCode: result.helpCode };
      return admitted ? { outcome: 'proved', tier } : { outcome: 'refused' };
    }
  }
  return countAsWrong(deps, key);
}

async function countAsWrong(
  { database, journal, log }: ProveRecipientDeps,
  key: TryKey,
): Promise<Proof> {
  const { organisationId, appointmentId, factor } = key;
  const settle = async (connection: Connection) => {
    const settled = await settleWrongTry(connection, key, {
      ...limitsOf(factor),
      helpCode: newHelpCode(),
    });
    if (settled.lockedNow) await journal.append({ kind: 'lock_out', appointmentId, factor });
    return settled;
  };
  const { helpCode, lockedNow } = await database.transaction([organisationId], settle);
  if (lockedNow) log.info('a factor was locked', { organisationId, appointmentId });
  return helpCode === undefined ? { outcome: 'refused' } : { outcome: 'locked', helpCode };
}

/** Compares without a hint in the time taken; a record without the factor is compared too, and fails. */
function isKnown(link: OpenedLink, answer: Exclude<Answer, { factor: 'code' }>): boolean {
  const { pin, birthDate } = link.request.reveal().recipient;
  const [expected, typed] =
    answer.factor === 'pin'
      ? [normalisePin(pin ?? ''), answer.pin.reveal()]
      : [birthDate, answer.birthDate.reveal()];
  const digest = (text: string) => createHash('sha256').update(text).digest();
  const same = timingSafeEqual(digest(expected ?? ''), digest(typed));
  return expected !== undefined && same;
}

/**
 * Whether this is the code that was sent last for this link, to this session and to the number that
 * the appointment has now; compared in any case.
 */
function isSentCode(
  codeKeys: readonly NumberedKey[],
  {
    answer,
    link,
    sent,
  }: {
    answer: Extract<Answer, { factor: 'code' }>;
    link: OpenedLink;
    sent: Awaited<ReturnType<typeof readNewestCode>>;
  },
): boolean {
  const { linkId } = link.stored;
  const { visitId } = answer;
  const phone = new Secret(contactPointOf(link.request.reveal().recipient, 'sms') ?? '');
  const same = codeKeys.map(({ key }) => {
    const hash = codeHash(key, { linkId, visitId, phone, code: answer.code });
    return timingSafeEqual(hash, sent?.hash ?? Buffer.alloc(hash.length));
  });
  return sent !== undefined && same.includes(true) && sent.live;
}
