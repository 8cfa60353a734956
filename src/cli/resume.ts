import type { Config } from '../../config/env.ts';
import { administrator } from '../store/administration.ts';
import type { HeldReminders, Pause, PauseScope } from '../store/pauses.ts';
import { endPause } from '../usecases/end-pause.ts';
import { previewResume, type ResumePreview } from '../usecases/preview-resume.ts';
import { uuidFrom } from './admin.ts';
import { asOperator } from './as-operator.ts';
import { CommandError } from './command-error.ts';
import { confirm } from './confirm.ts';
import { exitCodes } from './exit-codes.ts';
import {
  jsonPause,
  jsonScope,
  optionsOf,
  type PauseValues,
  pauseDeps,
  scopeFrom,
  spoken,
} from './pause.ts';
import { reasonFrom } from './reason-option.ts';

interface ResumeValues extends PauseValues {
  readonly preview?: boolean | undefined;
  readonly yes?: boolean | undefined;
  readonly id?: string | undefined;
}

/** `sotto resume`: shows what it lets go, asks, and ends the pause; or asks a second person to. */
export async function runResume(
  config: Config,
  { values }: { readonly values: ResumeValues },
): Promise<number> {
  const scope = scopeFrom(values);
  const reason = values.preview ? '' : reasonFrom(values.reason);
  const deps = pauseDeps(config);
  const preview = await previewResume(deps, scope);
  const { pause } = preview;
  if (!pause) throw new CommandError(notPaused(scope, preview), { exitCode: 1 });
  if (values.id !== undefined && uuidFrom(values.id, '--id') !== pause.id) {
    throw new CommandError(`Another pause holds it now:\n${described(pause, preview)}`, {
      exitCode: 1,
    });
  }
  if (values.preview) {
    const { by = null, held } = preview;
    console.log(
      values.json
        ? JSON.stringify({ ...jsonPause(pause), by, held: held.map(jsonHeld) })
        : described(pause, preview),
    );
    return exitCodes.fine;
  }
  console.error(described(pause, preview));
  if (!values.yes) {
    if (!process.stdin.isTTY) throw new CommandError('Nobody can be asked here: say --yes.');
    if (!(await confirm('Resume?'))) {
      console.error('Nothing was changed.');
      return exitCodes.failed;
    }
  }
  // Only what was shown: one that somebody began in its place since is theirs to end.
  const end = await asOperator(config, (database) =>
    endPause(
      { database },
      {
        ...{ pauseId: pause.id, shown: preview.held.reduce((sum, one) => sum + one.goingOut, 0) },
        ...{ aloneMax: config.SECOND_PERSON_OVER, actor: administrator, reason },
      },
    ),
  );
  if (end.kind === 'grown') {
    throw new CommandError('Far more would go out by now. Nothing was changed: look again.', {
      exitCode: exitCodes.failed,
    });
  }
  if (end.kind === 'asked') {
    const { requestId: id } = end;
    console.log(
      values.json
        ? JSON.stringify({ ...jsonScope(scope), resumed: false, request: id })
        : `Asked, not resumed: somebody else must approve it within an hour.\n  on the ops pages: ${config.OPS_URL}/requests/${id}\n  or: sotto request approve ${id} --reason TEXT`,
    );
    return exitCodes.failed;
  }
  const isEnded = end.kind === 'ended';
  // Somebody else was quicker, and what was wanted is so.
  console.log(
    values.json
      ? JSON.stringify({ ...jsonScope(scope), resumed: isEnded, held: preview.held.map(jsonHeld) })
      : `${isEnded ? 'Resumed' : 'Already resumed'}: ${spoken(scope)}.`,
  );
  return exitCodes.fine;
}

function described(pause: Pause, { by, held, others }: ResumePreview): string {
  const sum = (of: (one: HeldReminders) => number) =>
    held.reduce((total, one) => total + of(one), 0);
  const lines = [
    `Paused since ${pause.since.toISOString()} by ${by ?? 'somebody'}: ${spoken(pause)} (${pause.reason}).`,
    `This pause is ${pause.id}.`,
    `A resume sends what is due now: ${reminders(sum((one) => one.goingOut))}.`,
    `Expired meanwhile, and not sent: ${reminders(sum((one) => one.expired))}.`,
  ];
  const stillHeld = sum((one) => one.stillHeld);
  if (stillHeld > 0) lines.push(`Held by something else too: ${reminders(stillHeld)}.`);
  if (held.length > 0) lines.push('', ...table(held));
  if (others.length > 0) lines.push('', 'Stays paused:', ...others.map(lineOf));
  return lines.join('\n');
}

function notPaused(scope: PauseScope, { others }: ResumePreview): string {
  const said = `Not paused: ${spoken(scope)}.`;
  return others.length === 0
    ? `${said} Nothing is.`
    : [`${said} This is:`, ...others.map(lineOf)].join('\n');
}

function lineOf(pause: Pause): string {
  const options = optionsOf(pause);
  const how = options === '' ? 'sotto resume' : `sotto resume ${options}`;
  return `  ${spoken(pause)}, since ${pause.since.toISOString()} (${how})`;
}

function table(held: readonly HeldReminders[]): string[] {
  const row = (...cells: (string | number)[]) =>
    `  ${String(cells[0]).padEnd(36)}  ${String(cells[1]).padEnd(4)}  ${cells
      .slice(2)
      .map((cell) => String(cell).padStart(10))
      .join('  ')}`;
  return [
    row('organisation', 'mode', 'go out', 'expired', 'still held'),
    ...held.map((one) =>
      row(one.organisationId, one.mode, one.goingOut, one.expired, one.stillHeld),
    ),
  ];
}

const reminders = (count: number) => `${count} ${count === 1 ? 'reminder' : 'reminders'}`;

function jsonHeld({ organisationId, ...counts }: HeldReminders) {
  return { organisation: organisationId, ...counts };
}
