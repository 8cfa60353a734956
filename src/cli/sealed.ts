import type { Config } from '../../config/env.ts';
import { type JudgedAppointment, sealedVerdicts } from '../domain/sealed-report.ts';
import { keyStoreFromConfig } from '../keys/key-store-from-config.ts';
import { administer } from '../store/administration.ts';
import { reportSealed } from '../usecases/report-sealed.ts';
import { adminUrlOf } from './admin.ts';
import { CommandError } from './command-error.ts';
import { exitCodes } from './exit-codes.ts';
import { printTable } from './print-table.ts';
import { type Action, runAction } from './run-action.ts';

interface Values {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly json?: boolean | undefined;
}

const actions: Readonly<Record<string, Action<Values>>> = {
  report: { words: 0, options: ['from', 'to'], run: report },
};

/** `sotto sealed report`. */
export function runSealed(
  config: Config,
  given: { readonly values: Values; readonly positionals: readonly string[] },
): Promise<number> {
  return runAction(config, actions, given);
}

async function report(config: Config, { from, to, json }: Values): Promise<number> {
  const today = Temporal.Now.plainDateISO('UTC');
  const first = dayFrom('--from', from, today);
  const last = dayFrom('--to', to, today);
  if (Temporal.PlainDate.compare(first, last) > 0) throw new CommandError('--to is before --from.');
  const adminUrl = adminUrlOf(config);
  const found = await reportSealed(
    {
      administer: (work) => administer(adminUrl, work),
      keys: keyStoreFromConfig(config),
      now: () => Temporal.Now.instant(),
    },
    {
      from: first.toZonedDateTime('UTC').toInstant(),
      until: last.add({ days: 1 }).toZonedDateTime('UTC').toInstant(),
    },
  );
  if (!found) {
    throw new CommandError(
      'KEYSTORE does not show which keys there are: run it where the public halves are.',
      { exitCode: exitCodes.failed },
    );
  }
  const organisations = Array.from(
    Map.groupBy(found.appointments, ({ organisationId, mode }) => `${organisationId} ${mode}`),
    ([, members]) => summaryOf(members),
  );
  if (json) console.log(JSON.stringify({ at: found.at.toString(), organisations }));
  else {
    console.log(`With the database and every key as of ${found.at.toString().slice(0, 16)}Z:`);
    printTable(
      ['ORGANISATION', 'MODE', ...sealedVerdicts.map((verdict) => verdict.toUpperCase())],
      organisations.map((one) => [
        one.organisation,
        one.mode,
        ...sealedVerdicts.map((verdict) => String(one[verdict])),
      ]),
    );
    for (const { organisation, open } of organisations) {
      for (const { reference, verdict } of open) {
        console.log(`${verdict} ${organisation} ${reference}`);
      }
    }
  }
  return exitCodes.fine;
}

function summaryOf(members: readonly JudgedAppointment[]) {
  const [{ organisationId = '', mode = '' } = {}] = members;
  const count = (verdict: JudgedAppointment['verdict']) =>
    members.filter((one) => one.verdict === verdict).length;
  const why = Object.entries(Object.groupBy(members, (one) => one.why ?? 'none'))
    .filter(([reason]) => reason !== 'none')
    .map(([reason, those = []]) => [reason, those.length] as const);
  return {
    organisation: organisationId,
    mode,
    pending: count('pending'),
    copies: count('copies'),
    contact: count('contact'),
    sealed: count('sealed'),
    why: Object.fromEntries(why),
    open: members
      .filter(({ verdict }) => verdict !== 'sealed')
      .map(({ reference, verdict }) => ({ reference, verdict })),
  };
}

function dayFrom(option: string, text: string | undefined, today: Temporal.PlainDate) {
  if (text === undefined) return today;
  try {
    if (/^\d{4}-\d{2}-\d{2}$/.test(text)) return Temporal.PlainDate.from(text);
  } catch {
    // said below
  }
  throw new CommandError(`${option} must be a day like 2026-12-31.`);
}
