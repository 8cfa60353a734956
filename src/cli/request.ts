import type { Config } from '../../config/env.ts';
import { administrator } from '../store/administration.ts';
import type { Database } from '../store/database.ts';
import {
  decideRequest,
  type OpsRequest,
  type RequestEnd,
  readRequests,
} from '../usecases/decide-request.ts';
import { missing, uuidFrom } from './admin.ts';
import { asOperator } from './as-operator.ts';
import { CommandError } from './command-error.ts';
import { exitCodes } from './exit-codes.ts';
import { minuteText, printTable } from './print-table.ts';
import { reasonFrom } from './reason-option.ts';

interface Values {
  readonly reason?: string | undefined;
  readonly json?: boolean | undefined;
}

/** `sotto request list`, `approve` and `decline`. */
export async function runRequest(
  config: Config,
  { values, positionals }: { readonly values: Values; readonly positionals: readonly string[] },
): Promise<number> {
  const [action, id] = positionals;
  if (action === 'list' && id === undefined) {
    return asOperator(config, (database) => list(database, values));
  }
  if ((action !== 'approve' && action !== 'decline') || id === undefined) {
    throw new CommandError('Say list, or approve or decline and an id.');
  }
  const requestId = uuidFrom(id, 'The id');
  const reason = reasonFrom(values.reason);
  const decision = action === 'approve' ? 'approved' : 'declined';
  const end = await asOperator(config, (database) =>
    decideRequest({ database }, { requestId, decision, reason, actor: administrator }),
  ).catch(missing('request'));
  const isDone = end.kind === 'done' || end.kind === 'declined';
  if (values.json) console.log(JSON.stringify({ id: requestId, ...end }));
  else if (isDone) console.log(said[end.kind]);
  if (!isDone && !values.json)
    throw new CommandError(said[end.kind], { exitCode: exitCodes.failed });
  return isDone ? exitCodes.fine : exitCodes.failed;
}

const said: Readonly<Record<RequestEnd['kind'], string>> = {
  done: 'Approved, and done.',
  declined: 'Declined. Nothing was done.',
  own: 'You asked for this: somebody else must approve it.',
  decided: 'Somebody has decided it already.',
  expired: 'Its hour is over. It must be asked for again.',
  asker_gone: 'Whoever asked may not do this any more. Decline it, and ask for it again.',
  grown: 'Far more would be touched by now. It must be asked for again.',
  over: 'That pause is over already.',
};

async function list(database: Database, values: Values): Promise<number> {
  const requests = await readRequests({ database });
  if (values.json) {
    console.log(JSON.stringify(requests.map(({ askedPerson: _, ...request }) => request)));
  } else {
    printTable(
      ['ID', 'WHAT', 'REMINDERS', 'BY', 'UNTIL', 'STATE'],
      requests.map((request) => [
        ...[request.id, request.action, String(request.shown), request.askedBy],
        ...[minuteText(request.expiresAt, ''), stateOf(request)],
      ]),
    );
  }
  return exitCodes.fine;
}

function stateOf({ decision, decidedBy, expiresAt }: OpsRequest): string {
  if (decision !== null) return `${decision} by ${decidedBy}`;
  return expiresAt <= new Date() ? 'too late' : 'waits';
}
