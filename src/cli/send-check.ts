import type { Config } from '../../config/env.ts';
import { limits } from '../../config/limits.ts';
import { hasLiveTransport } from '../../config/transports.ts';
import { modes } from '../domain/channel.ts';
import { AppError } from '../domain/errors.ts';
import { keyStoreFromConfig } from '../keys/key-store-from-config.ts';
import { administer, administrator } from '../store/administration.ts';
import {
  putSendCheck,
  readSendCheck,
  removeSendCheck,
  rotateSendCheckSecret,
  type SendCheckChange,
  type SendCheckDeps,
  testSendCheck,
} from '../usecases/change-send-check.ts';
import type { SendCheckAnswer } from '../usecases/describe-send-check.ts';
import { adminUrlOf, uuidFrom } from './admin.ts';
import { CommandError } from './command-error.ts';
import { commandLineJournal } from './command-line-journal.ts';
import { exitCodes } from './exit-codes.ts';
import { type Action, runAction } from './run-action.ts';
import { untilAnswered } from './until-check-answered.ts';

interface Values {
  readonly mode?: string | undefined;
  readonly url?: string | undefined;
  readonly 'on-no-answer'?: string | undefined;
  readonly 'overlap-hours'?: string | undefined;
  readonly json?: boolean | undefined;
}

const actions: Readonly<Record<string, Action<Values>>> = {
  set: { words: 1, options: ['mode', 'url', 'on-no-answer'], run: set },
  show: { words: 1, options: ['mode'], run: show },
  test: { words: 1, options: ['mode'], run: test },
  rotate: { words: 1, options: ['mode', 'overlap-hours'], run: rotate },
  remove: { words: 1, options: ['mode'], run: remove },
};

/** `sotto send-check`: whether a booking system is asked before anything is sent. */
export function runSendCheck(
  config: Config,
  given: { readonly values: Values; readonly positionals: readonly string[] },
): Promise<number> {
  return runAction(config, actions, given);
}

async function set(config: Config, values: Values, word: string): Promise<number> {
  const { url, json } = values;
  if (url === undefined && values['on-no-answer'] === undefined) {
    throw new CommandError('Say --url, --on-no-answer or both.');
  }
  const { isNew, check } = await putSendCheck(depsOf(config), {
    ...changeFrom(values, word),
    url,
    onNoAnswer: values['on-no-answer'],
  }).catch(inWords);
  if (json) console.log(JSON.stringify(check));
  else {
    console.log(
      `${isNew ? 'From now on we ask' : 'We ask'} ${check.url}; no answer: ${check.onNoAnswer}.`,
    );
    if (check.secret) console.log(`Its secret, shown this once: ${check.secret}`);
  }
  return exitCodes.fine;
}

async function show(config: Config, values: Values, word: string): Promise<number> {
  const check = await readSendCheck(depsOf(config), changeFrom(values, word)).catch(inWords);
  if (values.json) console.log(JSON.stringify(check));
  else for (const line of described(check)) console.log(line);
  return exitCodes.fine;
}

async function test(config: Config, values: Values, word: string): Promise<number> {
  const deps = depsOf(config);
  const change = changeFrom(values, word);
  const { test: asked } = await testSendCheck(deps, change).catch(inWords);
  const { test: ended } = await untilAnswered(() => readSendCheck(deps, change), asked?.id);
  const isAnswer = ended?.result === 'proceed' || ended?.result === 'drop';
  const status = ended?.status ? ` (${ended.status})` : '';
  if (values.json)
    console.log(JSON.stringify({ result: ended?.result ?? null, status: ended?.status ?? null }));
  else
    console.log(
      isAnswer ? `It answers: ${ended.result}.` : `No answer: ${ended?.result}${status}.`,
    );
  return isAnswer ? exitCodes.fine : exitCodes.failed;
}

async function rotate(config: Config, values: Values, word: string): Promise<number> {
  const hours = values['overlap-hours'];
  const overlapHours = hours === undefined ? undefined : Number(hours);
  if (
    hours !== undefined &&
    !(/^\d+$/.test(hours) && Number(hours) <= limits.webhookOverlapHoursMax)
  ) {
    throw new CommandError(`--overlap-hours must be 0 to ${limits.webhookOverlapHoursMax}.`);
  }
  const change = { ...changeFrom(values, word), overlapHours };
  const check = await rotateSendCheckSecret(depsOf(config), change).catch(inWords);
  if (values.json) console.log(JSON.stringify(check));
  else console.log(`The new secret, shown this once: ${check.secret}`);
  return exitCodes.fine;
}

async function remove(config: Config, values: Values, word: string): Promise<number> {
  await removeSendCheck(depsOf(config), changeFrom(values, word)).catch(inWords);
  console.log(values.json ? JSON.stringify({ removed: true }) : 'Nobody is asked any more.');
  return exitCodes.fine;
}

function depsOf(config: Config): SendCheckDeps {
  const adminUrl = adminUrlOf(config);
  return {
    transaction: (_organisationId, work) => administer(adminUrl, work),
    journal: commandLineJournal(config),
    keys: keyStoreFromConfig(config),
    isSandbox: !hasLiveTransport(config),
  };
}

function changeFrom({ mode }: Values, word: string): SendCheckChange {
  const known = modes.find((candidate) => candidate === mode);
  if (!known) throw new CommandError('Say --mode test or --mode live.');
  const organisationId = uuidFrom(word, 'The organisation');
  return { organisationId, mode: known, actor: administrator };
}

function described(check: SendCheckAnswer): string[] {
  const { counts, failing } = check;
  return [
    `asked at      ${check.url}`,
    `no answer     ${check.onNoAnswer}`,
    `since         ${check.createdAt}`,
    `last answer   ${check.answeredAt ?? 'none yet'}`,
    `questions     ${counts.asked}: ${counts.proceed} proceed, ${counts.drop} drop, ${counts.inconclusive} without an answer`,
    ...(failing ? [`failing       ${failing.code} since ${failing.since}`] : []),
  ];
}

/** Words what was refused for whoever typed it. */
function inWords(error: unknown): never {
  if (!(error instanceof AppError)) throw error;
  if (error.code === 'not_found') {
    throw new CommandError('No organisation has this id, or nobody is asked for it in this mode.', {
      exitCode: 1,
    });
  }
  if (error.code === 'key_missing') {
    throw new CommandError(
      'The scheduler has not published the key that secrets are sealed to: does it run?',
      { exitCode: 1 },
    );
  }
  const [field] = error.fields;
  if (!field) throw error;
  throw new CommandError(
    field.pointer === '/onNoAnswer'
      ? '--on-no-answer must be send or hold.'
      : field.code === 'required'
        ? 'Say --url: nobody is asked yet.'
        : '--url must be https on port 443 or 8443 and lead to the public internet; beside the sandbox, in test mode, http to this machine will do.',
  );
}
