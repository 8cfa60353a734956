import { limits } from '../../config/limits.ts';
import { leftAloneMs, unansweredInARowMax } from '../../config/send-check-retry.ts';
import { type Channel, channels } from '../domain/channel.ts';
import type { Lane } from '../domain/lane.ts';
import type { Secret } from '../domain/secret.ts';
import { readDecision, type SendAnswer } from '../domain/send-check.ts';
import type { KeyStore } from '../keys/key-store.ts';
import { webhookHeaders } from '../keys/webhook-signature.ts';
import type { Database } from '../store/database.ts';
import { type LaneLoad, readLaneLoad } from '../store/lane-load.ts';
import {
  type ClaimedSendCheck,
  readSendCheckSecrets,
  recordCheckTest,
  releaseSendCheck,
} from '../store/send-check-turns.ts';
import {
  type AnsweredQuestion,
  type OpenQuestion,
  readOpenQuestions,
  recordAnswers,
} from '../store/send-questions.ts';
import { endUnanswered, markUnanswered } from '../store/unanswered.ts';
import type { Log } from '../telemetry/log.ts';
import type { WebhookChannel } from '../transport/webhook-channel.ts';
import { openLiveSecrets } from './open-live-secrets.ts';
import { questionMessage, testQuestion } from './send-question.ts';
import type { WebhookMessage } from './webhook-message.ts';

export interface AskDeps {
  readonly database: Pick<Database, 'query' | 'transaction'>;
  readonly keys: Pick<KeyStore, 'webhookKeys'>;
  openChannel(check: ClaimedSendCheck): WebhookChannel;
  /** How many messages a second may be handed over, of each channel that is sent on. */
  readonly perSecond: Readonly<Partial<Record<Channel, number>>>;
  /** Milliseconds of a clock that never goes back. */
  nowMs(): number;
  now(): Date;
  readonly log: Log;
}

interface Turn {
  readonly check: ClaimedSendCheck;
  readonly endsAtMs: number;
  readonly stopping: AbortSignal;
  ask(message: WebhookMessage): Promise<SendAnswer>;
}

/**
 * Asks a booking system about its reminders that come due, and keeps what it says: a test if one is owed,
 * then up to as many as can soon be taken up, several at a time. One that answers nothing is left alone
 * for a while, then asked once; what waits for longer than the grace goes out, or is held, as its
 * organisation wants. No database connection is held while anybody is asked.
 *
 * Whatever dies in between: what was not recorded is asked again, under the same id.
 *
 * @param claimedAtMs by `nowMs`, before the check was claimed: its lease is longer than the turn
 */
export async function askBookingSystem(
  deps: AskDeps,
  input: { check: ClaimedSendCheck; claimedAtMs: number; stopping: AbortSignal },
): Promise<void> {
  const { check, stopping } = input;
  const secrets = await openLiveSecrets(deps, {
    ...check,
    sealed: await readSendCheckSecrets(deps.database, check.id),
  });
  const channel = deps.openChannel(check);
  try {
    await takeTurn(deps, {
      check,
      endsAtMs: input.claimedAtMs + limits.sendCheckTurnMs,
      stopping,
      ask: (message) => askOnce(deps, { channel, secrets, message }),
    });
  } finally {
    channel.close();
  }
  await releaseSendCheck(deps.database, check);
}

const plainHeaders = {
  'content-type': 'application/json',
  accept: 'application/json',
  'user-agent': 'Sotto-Check/1',
};

/** What cannot be signed is not asked: nobody would believe it. */
async function askOnce(
  deps: AskDeps,
  input: { channel: WebhookChannel; secrets: readonly Secret<Buffer>[]; message: WebhookMessage },
): Promise<SendAnswer> {
  const { channel, secrets, message } = input;
  if (secrets.length === 0) return { kind: 'inconclusive', code: 'secret_unreadable' };
  const { id: messageId, body } = message;
  const signed = webhookHeaders({ messageId, at: deps.now(), body, secrets });
  const said = await channel.ask({
    headers: { ...plainHeaders, ...signed },
    body,
    answerBytesMax: limits.sendCheckAnswerBytesMax,
  });
  if (!('text' in said)) return { kind: 'inconclusive', code: said.code, status: said.status };
  const decision = readDecision(said.text);
  return decision ? { kind: decision } : { kind: 'inconclusive', code: 'no_decision', status: 200 };
}

async function takeTurn(deps: AskDeps, turn: Turn): Promise<void> {
  const { check } = turn;
  const { test, organisationId } = check;
  if (test) {
    const answer = await turn.ask(testQuestion(test, check));
    await recordCheckTest(deps.database, { ...check, testId: test.id, answer });
    return; // What is due is asked about by itself.
  }
  const lanes = await readOpenLanes(deps, check);
  const isLeftAlone = check.failedCount >= unansweredInARowMax;
  const questions: OpenQuestion[] = [];
  for (const { lane, countMax } of check.mayAsk ? lanes : []) {
    const input = { ...lane, organisationId, countMax };
    questions.push(...(await readOpenQuestions(deps.database, input)));
  }
  let { failedCount } = check;
  if (isLeftAlone) {
    // One finds out whether the rest may follow.
    failedCount = await askAll(deps, turn, { questions: questions.splice(0, 1), failedCount });
  }
  if (failedCount < unansweredInARowMax) {
    failedCount = await askAll(deps, turn, { questions, failedCount });
  }
  const isFailing = failedCount >= unansweredInARowMax;
  for (const { lane, isHeldUp } of lanes) {
    // What could not go out anyhow waits, and its booking system may answer by then.
    if (!isHeldUp) await endWaiting(deps, { ...check, ...lane, isFailing });
  }
}

async function endWaiting(
  { database, log }: AskDeps,
  input: Parameters<typeof endUnanswered>[1],
): Promise<void> {
  const { organisationId, isFailing, onNoAnswer } = input;
  if (isFailing) await markUnanswered(database, { ...input, code: 'not_asked' });
  const count = await endUnanswered(database, input);
  if (count === 0) return;
  const facts = { organisationId, count, reason: onNoAnswer };
  log.warn('a booking system did not answer whether to send', facts);
}

interface OpenLane {
  readonly lane: Lane;
  /** How much of what is asked about can wait to be taken up. */
  readonly countMax: number;
  /** Its provider is down. */
  readonly isHeldUp: boolean;
}

const isHeldUp = ({ workers, workersHeldUp }: LaneLoad) => workersHeldUp >= workers;

/** Lanes that something is taken up from. */
async function readOpenLanes(
  { database, perSecond }: AskDeps,
  { mode }: ClaimedSendCheck,
): Promise<OpenLane[]> {
  return database.transaction([], async (connection) => {
    const open: OpenLane[] = [];
    for (const channel of channels) {
      const rate = perSecond[channel];
      if (rate === undefined) continue;
      const lane = { channel, mode };
      const load = await readLaneLoad(connection, {
        ...lane,
        windowMs: 1_000,
        countMax: 1,
        leaseMs: limits.batchLeaseMs,
      });
      const countMax = answersUsable(load, rate);
      if (countMax > 0) open.push({ lane, countMax, isHeldUp: isHeldUp(load) });
    }
    return open;
  });
}

/**
 * How many answers about one lane are of use before they are out of date. None while nothing is taken up,
 * so that nobody is asked the same over and over; one while a provider is down, to find out with.
 */
function answersUsable(load: LaneLoad, perSecond: number): number {
  if (load.paused || load.workers === 0) return 0;
  if (isHeldUp(load)) return 1;
  const takenWhileFresh = Math.ceil((perSecond * limits.sendCheckFreshMs) / 2_000);
  return Math.min(limits.sendCheckAnswersMax, Math.max(1, takenWhileFresh));
}

/**
 * Asks several questions at a time and records the answers as they come, those together that came
 * meanwhile.
 *
 * @returns how many in a row, up to the last, got no answer
 */
async function askAll(
  deps: AskDeps,
  turn: Turn,
  input: { questions: readonly OpenQuestion[]; failedCount: number },
): Promise<number> {
  const { check } = turn;
  const left = [...input.questions];
  const answers: AnsweredQuestion[] = [];
  let { failedCount } = input;
  let recording: Promise<void> | undefined;
  let isBroken = false;

  async function record(): Promise<void> {
    while (answers.length > 0) {
      await recordAnswers(deps.database, {
        ...check,
        answers: answers.splice(0),
        failedCount,
        leaveAloneMs: leftAloneMs(failedCount),
      });
    }
  }
  const mayGoOn = () =>
    !turn.stopping.aborted &&
    !isBroken &&
    deps.nowMs() < turn.endsAtMs &&
    (failedCount < unansweredInARowMax || input.failedCount >= unansweredInARowMax);
  async function askOneByOne(): Promise<void> {
    while (left.length > 0 && mayGoOn()) {
      const question = left.shift();
      if (!question) return;
      const askedAtMs = deps.nowMs();
      const answer = await turn.ask(questionMessage(question, check));
      answers.push({ question, answer, ageMs: deps.nowMs() - askedAtMs });
      failedCount = answer.kind === 'inconclusive' ? failedCount + 1 : 0;
      recording ??= record()
        .catch((error: unknown) => {
          isBroken = true;
          throw error;
        })
        .finally(() => {
          recording = undefined;
        });
      await recording;
    }
  }
  const atOnce = Math.min(limits.sendCheckQuestionsAtOnce, left.length);
  // The channel is closed only once nobody asks any more: cut off would look like no answer.
  const ended = await Promise.allSettled(Array.from({ length: atOnce }, askOneByOne));
  for (const end of ended) if (end.status === 'rejected') throw end.reason;
  // What came when the last record had just been put together.
  if (answers.length > 0) await record();
  return failedCount;
}
