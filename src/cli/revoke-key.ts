import { setTimeout as wait } from 'node:timers/promises';
import type { Config } from '../../config/env.ts';
import type { RevocableKind } from '../keys/key-store.ts';
import { revokeDay } from '../usecases/revoke-day.ts';
import { revokeSelector, type SelectorProblem } from '../usecases/revoke-selector.ts';
import { adminUrlOf } from './admin.ts';
import { CommandError } from './command-error.ts';
import { commandLineJournal, tellUnjournaled } from './command-line-journal.ts';
import { exitCodes } from './exit-codes.ts';
import { auditKey, keyStoresOf } from './key-stores.ts';
import { reasonFrom } from './reason-option.ts';

interface Values {
  readonly also?: string | undefined;
  readonly reason?: string | undefined;
  readonly json?: boolean | undefined;
}

type NumberedKind = Exclude<RevocableKind, 'link'>;
const isNumberedKind = (kind = ''): kind is NumberedKind => Object.hasOwn(said, kind);

/** Longer than any process goes on with link keys that it has read. */
const forgottenMs = 12_000;

/** `sotto keys revoke`: for a key that got into the wrong hands. */
export async function revokeKey(config: Config, values: Values, word: string): Promise<number> {
  const reason = reasonFrom(values.reason);
  const [kind, id = ''] = word.split('/', 2);
  if (kind === 'link' && /^[A-Za-z0-9]$/.test(id))
    return revokeLink(config, { ...values, reason }, id);
  if (values.also !== undefined) throw new CommandError('--also is for link/SELECTOR.');
  if (kind === 'day' && /^\d{4}-\d{2}-\d{2}$/.test(id)) {
    return revokeOneDay(config, { ...values, reason }, id);
  }
  if (isNumberedKind(kind) && /^[1-9]\d*$/.test(id)) {
    return revokeNumbered(config, { ...values, reason }, { kind, id });
  }
  throw new CommandError(
    'Say link/SELECTOR, day/YYYY-MM-DD, receipt/ID, erasure/ID or passkey/ID.',
  );
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
      stores: keyStoresOf(config, { also }),
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

/** Another one is there first: a role without any would go on with the one in its memory. */
async function revokeNumbered(
  config: Config,
  { reason, json }: Values & { reason: string },
  { kind, id }: { kind: NumberedKind; id: string },
): Promise<number> {
  const [store] = keyStoresOf(config, {});
  const kept = (await store.keptKeys(kind)).map((key) => key.id);
  const published = kind === 'passkey' ? [] : await store.publishedIds(kind);
  // A mark is of a revocation that was cut short, or is done once more.
  if (![...kept, ...published, ...(await store.revokedIds(kind))].includes(id)) {
    throw new CommandError('There is no such key; see sotto keys list. Nothing was revoked.', {
      exitCode: exitCodes.failed,
    });
  }
  await auditKey(config, { action: 'key.revoke', subject: `${kind}/${id}`, reason });
  if (!kept.some((other) => other !== id)) await store.addKey(kind);
  await store.revokeKey(kind, id);
  console.log(json ? JSON.stringify({ revoked: `${kind}/${id}` }) : said[kind](`${kind}/${id}`));
  return exitCodes.fine;
}

const said: Record<NumberedKind, (word: string) => string> = {
  receipt: (word) =>
    [
      `No receipt under ${word} verifies as ours any more, once copies of the published keys are five minutes old.`,
      'Receipts that were signed with it stay what booking systems have in hand: a PUT of the same appointment gets one under another key.',
      'Where several folders hold it, copy api/receipt and public/receipt, with the mark, to each.',
    ].join('\n'),
  erasure: (word) =>
    [
      `No receipt of an erasure under ${word} verifies as ours any more, once copies of the published keys are five minutes old.`,
      'What was erased stays erased: the same DELETE with erase=true gets a receipt under another key.',
      `Where api has a folder of its own, it publishes the key until public/erasure is copied there, with the mark ${word.replace(/.*\//, '')}.revoked.`,
    ].join('\n'),
  passkey: (word) =>
    [
      `No passkey that was made under ${word} opens anything any more. Their people prove themselves as they did before.`,
      'Where several folders hold it, copy patient/passkey, with the mark, to each.',
    ].join('\n'),
};
