import { existsSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import type { Config } from '../../config/env.ts';
import { addKeyToAll, levelKeys } from '../keys/add-key-to-all.ts';
import { fileKeyStore } from '../keys/file-key-store.ts';
import { type KeyStore, type RotatedKind, rotatedKinds } from '../keys/key-store.ts';
import { keyStoreFromConfig } from '../keys/key-store-from-config.ts';
import { administer, recordAdministration } from '../store/administration.ts';
import {
  linksBySelector,
  readRevokedSelectors,
  suppressionsByPepper,
} from '../store/revoked-keys.ts';
import { revokeDay } from '../usecases/revoke-day.ts';
import { revokeSelector, type SelectorProblem } from '../usecases/revoke-selector.ts';
import { adminUrlOf } from './admin.ts';
import { CommandError } from './command-error.ts';
import { commandLineJournal, tellUnjournaled } from './command-line-journal.ts';
import { exitCodes } from './exit-codes.ts';
import { minuteText, printTable } from './print-table.ts';
import { reasonFrom } from './reason-option.ts';
import { type Action, runAction } from './run-action.ts';

interface Values {
  readonly also?: string | undefined;
  readonly reason?: string | undefined;
  readonly json?: boolean | undefined;
}

/** Longer than any process goes on with link keys that it has read. */
const forgottenMs = 12_000;

const actions: Readonly<Record<string, Action<Values>>> = {
  list: { words: 0, options: [], run: list },
  rotate: { words: 1, options: ['also', 'reason'], run: rotate },
  retire: { words: 1, options: ['reason'], run: retire },
  revoke: { words: 1, options: ['also', 'reason'], run: revoke },
};

/** `sotto keys`: the keys of Sotto itself. */
export function runKeys(
  config: Config,
  given: { readonly values: Values; readonly positionals: readonly string[] },
): Promise<number> {
  return runAction(config, actions, given);
}

/** A key that may go, or what needs it. */
interface KeyRow {
  readonly kind: RotatedKind;
  readonly id: string;
  readonly madeAt: Date | undefined;
  readonly newest: boolean;
  readonly neededBy: string | undefined;
}

async function list(config: Config, { json }: Values): Promise<number> {
  const rows = await readKeys(config);
  if (json) console.log(JSON.stringify({ keys: rows }));
  else {
    printTable(
      ['KEY', 'MADE', 'NEWEST', 'NEEDED BY'],
      rows.map((row) => [
        `${row.kind}/${row.id}`,
        minuteText(row.madeAt ?? null, '-'),
        row.newest ? 'yes' : 'no',
        row.neededBy ?? '-',
      ]),
    );
  }
  return exitCodes.fine;
}

async function readKeys(config: Config): Promise<KeyRow[]> {
  const keys = keyStoreFromConfig(config);
  const { links, stops } = await administer(adminUrlOf(config), async (connection) => ({
    links: await linksBySelector(connection),
    stops: await suppressionsByPepper(connection),
  }));
  const needed = (kind: RotatedKind, id: string): string | undefined => {
    if (kind === 'link') {
      const found = links.find(({ selector }) => selector === id);
      return found && `${found.count} links, until ${minuteText(found.lastExpiresAt, '')}`;
    }
    const stop = kind === 'pepper' && stops.find(({ pepper }) => pepper === id);
    return stop ? `${stop.count} contacts that said stop` : undefined;
  };
  const rows = rotatedKinds.map(async (kind) => {
    const kept = await keys.keptKeys(kind);
    return kept.map(({ id, madeAt }, index) => ({
      ...{ kind, id, madeAt, newest: index === kept.length - 1 },
      neededBy: needed(kind, id),
    }));
  });
  return (await Promise.all(rows)).flat();
}

async function rotate(config: Config, values: Values, word: string): Promise<number> {
  const kind = kindFrom(word);
  if (values.also !== undefined && !isShared(kind)) {
    throw new CommandError(`--also is for link, pepper and opt-out: ${kind} is of one role alone.`);
  }
  const stores = storesOf(config, values);
  const revoked = kind === 'link' ? await administer(adminUrlOf(config), readRevokedSelectors) : [];
  // What an earlier rotation left in one folder alone is completed first.
  await levelKeys(stores, kind, revoked);
  const made = await addKeyToAll(stores, kind, revoked);
  const reason = values.reason === undefined ? undefined : reasonFrom(values.reason);
  await audit(config, { action: 'key.rotate', subject: `${kind}/${made.id}`, reason });
  console.log(
    values.json
      ? JSON.stringify({ kind, id: made.id, usedAfterSeconds: usedAfterSeconds(kind) })
      : `Made ${kind}/${made.id}: used in ${usedAfterSeconds(kind)} seconds. ${afterwards[kind]}`,
  );
  return exitCodes.fine;
}

/** The store of KEYSTORE, and the one that --also names. */
function storesOf(config: Config, { also }: Values): [KeyStore, ...KeyStore[]] {
  // It would be made, and get copies of the keys, where nobody looks for them.
  if (also !== undefined && !existsSync(also)) {
    throw new CommandError('There is no such folder as --also names.');
  }
  return [keyStoreFromConfig(config), ...(also === undefined ? [] : [fileKeyStore(also)])];
}

const isShared = (kind: RotatedKind) => ['link', 'pepper', 'opt-out'].includes(kind);
const usedAfterSeconds = (kind: RotatedKind) => (kind === 'receipt' ? 600 : 60);

const afterwards: Record<RotatedKind, string> = {
  link: 'The old one verifies links that are out; keys list says until when.',
  receipt: 'The old one’s public half stays published for receipts that are out.',
  pepper: 'The old one goes on matching who said stop under it: keep it.',
  'opt-out':
    'The old one opens the addresses in emails that are out: keep it as long as those are.',
  callback: 'Enter what sotto callbacks prints now; the old addresses work until the old one goes.',
  webhook: 'Secrets made from now on are sealed to it; keep the old one until all were rotated.',
  cookie: 'The old one may go in half an hour, when no session under it is left.',
  code: 'The old one may go in ten minutes, when no code under it is left.',
};

async function retire(config: Config, values: Values, word: string): Promise<number> {
  const reason = reasonFrom(values.reason);
  const row = (await readKeys(config)).find(({ kind, id }) => `${kind}/${id}` === word);
  if (!row) throw new CommandError('There is no such key; see sotto keys list.');
  if (row.newest) throw new CommandError('It is the newest. Rotate first.', { exitCode: 1 });
  if (row.neededBy) {
    throw new CommandError(`It is needed by ${row.neededBy}.`, { exitCode: exitCodes.failed });
  }
  await audit(config, { action: 'key.retire', subject: word, reason });
  await keyStoreFromConfig(config).removeKey(row.kind, row.id);
  console.log(values.json ? JSON.stringify({ retired: word }) : `Removed ${word} for good.`);
  return exitCodes.fine;
}

async function revoke(config: Config, values: Values, word: string): Promise<number> {
  const reason = reasonFrom(values.reason);
  const [kind, id = ''] = word.split('/', 2);
  if (kind === 'link' && /^[A-Za-z0-9]$/.test(id))
    return revokeLink(config, { ...values, reason }, id);
  if (values.also !== undefined) throw new CommandError('--also is for link/SELECTOR.');
  if (kind === 'day' && /^\d{4}-\d{2}-\d{2}$/.test(id)) {
    return revokeOneDay(config, { ...values, reason }, id);
  }
  throw new CommandError('Say link/SELECTOR or day/YYYY-MM-DD.');
}

async function revokeLink(
  config: Config,
  { reason, json, also }: Values & { reason: string },
  selector: string,
): Promise<number> {
  const done = await revokeSelector(
    {
      adminUrl: adminUrlOf(config),
      journal: commandLineJournal(config),
      stores: storesOf(config, { also }),
      untilForgotten: () => wait(forgottenMs),
    },
    { selector, reason },
  );
  if ('problem' in done) {
    throw new CommandError(selectorProblems[done.problem], { exitCode: exitCodes.failed });
  }
  const { ended, owed } = done;
  console.log(
    json
      ? JSON.stringify({ selector, ended, owed })
      : [
          `No link under ${selector} opens any more.`,
          `  ${ended} that may be out: booking systems read reminder.needs_reissue, and put them again with notice now.`,
          `  ${owed} still owed: they go out under another key.`,
        ].join('\n'),
  );
  if (done.isJournaled) return exitCodes.fine;
  tellUnjournaled('It is revoked', 'revoke it again');
  return exitCodes.failed;
}

const selectorProblems: Record<SelectorProblem, string> = {
  unknown: 'No key and no link has this selector; see sotto keys list. Nothing was revoked.',
  not_in_every_store:
    'One of the two folders has not this key. Nothing was revoked: complete it with sotto keys rotate link --also FOLDER, and revoke then.',
};

async function revokeOneDay(
  config: Config,
  { reason, json }: Values & { reason: string },
  day: string,
): Promise<number> {
  const { isJournaled } = await revokeDay(
    { adminUrl: adminUrlOf(config), journal: commandLineJournal(config) },
    { day, reason },
  );
  console.log(
    json
      ? JSON.stringify({ day, revoked: true })
      : `Within a minute the worker seals anew what is sealed to ${day}. A copy of the database from before that opens with the key for ever: sotto sealed report says whose reminders were in it.`,
  );
  if (isJournaled) return exitCodes.fine;
  tellUnjournaled('It is noted', 'revoke it again');
  return exitCodes.failed;
}

async function audit(
  config: Config,
  entry: { action: string; subject: string; reason: string | undefined },
): Promise<void> {
  await administer(adminUrlOf(config), (connection) => recordAdministration(connection, entry));
}

function kindFrom(word: string): RotatedKind {
  const kind = rotatedKinds.find((known) => known === word);
  if (kind) return kind;
  throw new CommandError(`A kind is one of ${rotatedKinds.join(', ')}.`);
}
