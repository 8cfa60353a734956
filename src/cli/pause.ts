import type { Config } from '../../config/env.ts';
import { channels } from '../domain/channel.ts';
import { administer, administrator } from '../store/administration.ts';
import type { Pause, PauseScope } from '../store/pauses.ts';
import { type PauseDeps, pauseSending } from '../usecases/pause-sending.ts';
import { previewResume } from '../usecases/preview-resume.ts';
import { adminUrlOf, missing, uuidFrom } from './admin.ts';
import { CommandError } from './command-error.ts';
import { exitCodes } from './exit-codes.ts';
import { reasonFrom } from './reason-option.ts';

export interface PauseValues {
  readonly organisation?: string | undefined;
  readonly channel?: string | undefined;
  readonly reason?: string | undefined;
  readonly json?: boolean | undefined;
}

/** `sotto pause`. */
export async function runPause(
  config: Config,
  { values }: { readonly values: PauseValues },
): Promise<number> {
  const scope = scopeFrom(values);
  const reason = reasonFrom(values.reason);
  const isNew = await pauseSending(pauseDeps(config), {
    ...scope,
    actor: administrator,
    reason,
  }).catch(missing('organisation'));
  if (values.json) {
    console.log(JSON.stringify({ ...jsonScope(scope), paused: true, wasPaused: !isNew }));
  } else {
    console.log(isNew ? `Paused: ${spoken(scope)}.` : `Already paused: ${spoken(scope)}.`);
    console.error(isNew ? waits : await alreadyPaused(config, scope));
  }
  return exitCodes.fine;
}

const waits = 'What is owed waits. sotto resume with the same words goes on.';

/** Whose resume would end it: theirs, who do not know of this reason. */
async function alreadyPaused(config: Config, scope: PauseScope): Promise<string> {
  const { pause, by } = await previewResume(pauseDeps(config), scope);
  if (!pause) return waits;
  return `It is since ${pause.since.toISOString()}, by ${by ?? 'somebody'} (${pause.reason}). Your reason was not added: agree with them before anybody resumes.`;
}

/** Acts as an administrator, one transaction each. */
export function pauseDeps(config: Config): PauseDeps {
  const adminUrl = adminUrlOf(config);
  return { transaction: (work) => administer(adminUrl, work) };
}

export function scopeFrom({ organisation, channel }: PauseValues): PauseScope {
  const known = channels.find((candidate) => candidate === channel);
  if (channel !== undefined && !known) throw new CommandError('--channel must be sms or email.');
  return {
    organisationId:
      organisation === undefined ? undefined : uuidFrom(organisation, '--organisation'),
    channel: known,
  };
}

/** What is paused, in words. */
export function spoken({ organisationId, channel }: PauseScope): string {
  const what = channel === undefined ? 'everything' : { sms: 'SMS', email: 'email' }[channel];
  return organisationId === undefined ? what : `${what} of organisation ${organisationId}`;
}

/** The words that resume it. */
export function optionsOf({ organisationId, channel }: PauseScope): string {
  return [
    ...(organisationId === undefined ? [] : [`--organisation ${organisationId}`]),
    ...(channel === undefined ? [] : [`--channel ${channel}`]),
  ].join(' ');
}

export function jsonScope({ organisationId, channel }: PauseScope) {
  return { organisation: organisationId ?? null, channel: channel ?? null };
}

export function jsonPause(pause: Pause) {
  return {
    id: pause.id,
    ...jsonScope(pause),
    since: pause.since.toISOString(),
    reason: pause.reason,
  };
}
