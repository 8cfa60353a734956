import type { Config } from '../../config/env.ts';
import { addKeyToAll, levelKeys, type Stores } from '../keys/add-key-to-all.ts';
import { publishedFirst } from '../keys/key-places.ts';
import { type NumberedKey, type RotatedKind, rotatedKinds } from '../keys/key-store.ts';
import { keyStoreFromConfig } from '../keys/key-store-from-config.ts';
import { administer, recordAdministration } from '../store/administration.ts';
import {
  linksBySelector,
  readRevokedSelectors,
  suppressionsByPepper,
} from '../store/revoked-keys.ts';
import { adminUrlOf } from './admin.ts';
import { CommandError } from './command-error.ts';
import { exitCodes } from './exit-codes.ts';
import { auditKey, keyStoresOf } from './key-stores.ts';
import { minuteText, printTable } from './print-table.ts';
import { reasonFrom } from './reason-option.ts';
import { revokeKey } from './revoke-key.ts';
import { type Action, runAction } from './run-action.ts';

interface Values {
  readonly also?: string | undefined;
  readonly reason?: string | undefined;
  readonly json?: boolean | undefined;
}

const actions: Readonly<Record<string, Action<Values>>> = {
  list: { words: 0, options: [], run: list },
  rotate: { words: 1, options: ['also', 'reason'], run: rotate },
  retire: { words: 1, options: ['also', 'reason'], run: retire },
  revoke: { words: 1, options: ['also', 'reason'], run: revokeKey },
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
  readonly lost: boolean;
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
        row.lost ? 'deleted, not gone' : minuteText(row.madeAt ?? null, '-'),
        row.newest ? 'yes' : 'no',
        row.neededBy ?? '-',
      ]),
    );
    if (rows.some(({ lost }) => lost)) console.log(lostHint);
  }
  return exitCodes.fine;
}

const lostHint =
  'Deleted, not gone: undelete it in Vault, or delete its metadata there if it was to go.';

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
    const newest = kept.findLast(({ isLost }) => !isLost);
    return kept.map(({ id, madeAt, isLost }, index) => ({
      ...{ kind, id, madeAt, lost: isLost, newest: id === newest?.id },
      // Which key a passkey is sealed with only its person's link tells.
      neededBy:
        kind === 'passkey' && index < kept.length - 1
          ? `passkeys made until ${minuteText(kept[index + 1]?.madeAt ?? null, 'its successor')}`
          : needed(kind, id),
    }));
  });
  return (await Promise.all(rows)).flat();
}

async function rotate(config: Config, values: Values, word: string): Promise<number> {
  const kind = kindFrom(word);
  const stores = storesFor(kind, config, values);
  const reason = values.reason === undefined ? undefined : reasonFrom(values.reason);
  const made = await makeKey(config, { kind, stores, reason });
  console.log(
    values.json
      ? JSON.stringify({ kind, id: made.id, usedAfterSeconds: usedAfterSeconds(kind) })
      : `Made ${kind}/${made.id}: used in ${usedAfterSeconds(kind)} seconds. ${afterwards[kind]}`,
  );
  return exitCodes.fine;
}

/** With its line in the audit: where that cannot be reached, no key is made. */
async function makeKey(
  config: Config,
  { kind, stores, reason }: { kind: RotatedKind; stores: Stores; reason: string | undefined },
): Promise<NumberedKey> {
  let made = undefined as NumberedKey | undefined;
  try {
    return await administer(adminUrlOf(config), async (connection) => {
      const revoked = kind === 'link' ? await readRevokedSelectors(connection) : [];
      // What an earlier rotation left in one folder alone is completed first.
      await levelKeys(stores, kind, revoked);
      made = await addKeyToAll(stores, kind, revoked);
      const subject = `${kind}/${made.id}`;
      await recordAdministration(connection, { action: 'key.rotate', subject, reason });
      return made;
    });
  } catch (error) {
    if (made) console.error(`Made ${kind}/${made.id}, but the audit may not say so.`);
    throw error;
  }
}

function storesFor(kind: RotatedKind, config: Config, values: Values) {
  if (values.also !== undefined && !['link', 'pepper', 'opt-out'].includes(kind)) {
    throw new CommandError(`--also is for link, pepper and opt-out: ${kind} is of one role alone.`);
  }
  return keyStoresOf(config, values);
}

const usedAfterSeconds = (kind: RotatedKind) => (publishedFirst.includes(kind) ? 600 : 60);

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
  erasure:
    'The old one’s public half stays published for receipts that are out. Where api has a folder of its own, mirror public/erasure there.',
  portal: 'Portals read both public halves; the old one may go in an hour.',
  passkey: 'New passkeys are sealed with it. Keep the old one: it opens those made before.',
  source:
    'Restart patient after that: pauses of wrong answers begin anew. Then the old one may go.',
  canary:
    'Where roles have folders of their own, mirror public/canary. The old one may go in five minutes.',
  'canary-credential':
    'The scheduler signs in with it then. End the old one with sotto key revoke; it may go.',
  audit: 'The old one’s public half stays published for heads that are out.',
};

async function retire(config: Config, values: Values, word: string): Promise<number> {
  const reason = reasonFrom(values.reason);
  const row = (await readKeys(config)).find(({ kind, id }) => `${kind}/${id}` === word);
  if (!row) throw new CommandError('There is no such key; see sotto keys list.');
  if (row.lost) throw new CommandError(lostHint, { exitCode: exitCodes.failed });
  if (row.newest) throw new CommandError('It is the newest. Rotate first.', { exitCode: 1 });
  if (row.neededBy) {
    throw new CommandError(`It is needed by ${row.neededBy}.`, { exitCode: exitCodes.failed });
  }
  const stores = storesFor(row.kind, config, values);
  for (const store of stores) {
    if ((await store.keptKeys(row.kind)).at(-1)?.id !== row.id) continue;
    throw new CommandError('It is the newest in one of the two folders. Rotate first.', {
      exitCode: exitCodes.failed,
    });
  }
  await auditKey(config, { action: 'key.retire', subject: word, reason });
  for (const store of stores) await store.removeKey(row.kind, row.id);
  console.log(values.json ? JSON.stringify({ retired: word }) : `Removed ${word} for good.`);
  return exitCodes.fine;
}

function kindFrom(word: string): RotatedKind {
  const kind = rotatedKinds.find((known) => known === word);
  if (kind) return kind;
  throw new CommandError(`A kind is one of ${rotatedKinds.join(', ')}.`);
}
