import type { Config } from '../../config/env.ts';
import { administer } from '../store/administration.ts';
import { type LedgerAccount, verifyLedger } from '../usecases/verify-ledger.ts';
import { adminUrlOf, uuidFrom } from './admin.ts';
import { CommandError } from './command-error.ts';
import { exitCodes } from './exit-codes.ts';

interface LedgerWords {
  readonly values: {
    readonly organisation?: string | undefined;
    readonly json?: boolean | undefined;
  };
  readonly positionals: readonly string[];
}

/** `sotto ledger verify`. */
export async function runLedger(
  config: Config,
  { values, positionals }: LedgerWords,
): Promise<number> {
  if (positionals[0] !== 'verify') throw new CommandError('Say: sotto ledger verify.');
  const { organisation } = values;
  const organisationId =
    organisation === undefined ? undefined : uuidFrom(organisation, '--organisation');
  const adminUrl = adminUrlOf(config);
  const accounts = await verifyLedger(
    { transaction: (work) => administer(adminUrl, work) },
    { organisationId },
  );
  const isWhole = accounts.every(({ breaks }) => breaks.length === 0);
  if (values.json) {
    const named = accounts.map(({ organisationId: id, ...rest }) => ({
      organisation: id,
      ...rest,
    }));
    console.log(JSON.stringify({ addsUp: isWhole, accounts: named }));
  } else {
    for (const line of accounts.flatMap(inWords)) console.log(line);
    if (accounts.length === 0) console.log('No reminder was ever accepted here.');
    else console.log(isWhole ? 'All of it adds up.' : 'It does not add up.');
  }
  return isWhole ? exitCodes.fine : exitCodes.failed;
}

function inWords({
  organisationId,
  mode,
  accepted,
  kept,
  carried,
  breaks,
}: LedgerAccount): string[] {
  return [
    `${organisationId} ${mode}: ${accepted} accepted, ${kept} here, ${carried} deleted when their time was over`,
    ...breaks.map(({ state, difference }) => {
      const how = difference > 0 ? 'more' : 'fewer';
      return `  ${state}: ${Math.abs(difference)} ${how} than the events say`;
    }),
  ];
}
