import { setTimeout as wait } from 'node:timers/promises';
import type { Config } from '../../config/env.ts';
import { channelsAvailable } from '../../config/transports.ts';
import { canaryBranchesOn } from '../domain/canary-branch.ts';
import { administer, recordAdministration } from '../store/administration.ts';
import { type AskedRun, askForRuns, readAskedRuns } from '../store/canary-asked.ts';
import { adminUrlOf } from './admin.ts';
import { CommandError } from './command-error.ts';
import { exitCodes } from './exit-codes.ts';
import { printTable } from './print-table.ts';

/** A run of which nothing was heard for so long is nobody's. */
const patienceS = 600;
const unclaimedS = 30;

/** `sotto canary`. */
export async function runCanary(
  config: Config,
  {
    values,
  }: {
    readonly values: { readonly branch?: string | undefined; readonly json?: boolean | undefined };
  },
): Promise<number> {
  if (config.CANARY === 'off') {
    throw new CommandError('CANARY is off: no scheduler would take it.', { exitCode: 1 });
  }
  const known = canaryBranchesOn(channelsAvailable(config)).map(({ name }) => name);
  const branches = known.filter((name) => values.branch === undefined || name === values.branch);
  if (branches.length === 0) {
    throw new CommandError(`There is no such branch here. There are: ${known.join(', ')}.`);
  }
  const adminUrl = adminUrlOf(config);
  const ids = await administer(adminUrl, async (connection) => {
    const asked = await askForRuns(connection, branches);
    const subject = branches.length === known.length ? 'every branch' : branches.join(' ');
    await recordAdministration(connection, { action: 'canary.ask', subject });
    return asked;
  });
  const runs = await untilEnded(ids.length, () =>
    administer(adminUrl, (connection) => readAskedRuns(connection, ids)),
  );
  if (values.json) console.log(JSON.stringify({ runs }));
  else {
    const rows = runs.map(({ branch, outcome, findings, tookS }) => [
      ...[branch, outcome, `${Math.round(tookS)} s`, findings.join(' ')],
    ]);
    printTable(['BRANCH', 'OUTCOME', 'TOOK', 'WHAT'], rows);
  }
  const isWell = runs.every(
    ({ outcome, findings }) => outcome === 'passed' || isElsewhere(findings),
  );
  return isWell ? exitCodes.fine : exitCodes.failed;
}

/** Of a channel that this deployment does not send on. */
function isElsewhere(findings: readonly string[]): boolean {
  return findings[0] === 'branch';
}

async function untilEnded(count: number, read: () => Promise<AskedRun[]>): Promise<AskedRun[]> {
  const startedMs = performance.now();
  for (;;) {
    const runs = await read();
    if (runs.length < count) {
      throw new CommandError('A scheduler has deleted it: is CANARY off for one of them?', {
        exitCode: 1,
      });
    }
    if (runs.every(({ outcome }) => outcome !== 'open')) return runs;
    const s = (performance.now() - startedMs) / 1_000;
    const isTaken = runs.some(({ isBegun }) => isBegun);
    if (s > patienceS || (s > unclaimedS && !isTaken)) {
      throw new CommandError('No scheduler takes it: is one running, with CANARY on?', {
        exitCode: 1,
      });
    }
    await wait(500);
  }
}
