import assert from 'node:assert/strict';
import { randomBytes, randomInt, randomUUID } from 'node:crypto';
import { limits } from '../../config/limits.ts';
import type { Mode } from '../domain/channel.ts';
import { contactPointOf } from '../domain/contact-point.ts';
import type { Language } from '../domain/language.ts';
import { Secret } from '../domain/secret.ts';
import { codeHash, phoneDayIndex, sessionHash } from '../keys/code-hash.ts';
import type { KeyStore } from '../keys/key-store.ts';
import { assertNeutralCode } from '../message/leak-guard.ts';
import { codeHost, renderCode } from '../message/render-code.ts';
import { countOrganisationCode, markCodeRefused } from '../store/code-counts.ts';
import { insertCode, lockCodesOf, readCodeTally, withdrawCode } from '../store/codes.ts';
import { type Connection, type Database, sqlState } from '../store/database.ts';
import { readDatabaseDay } from '../store/epoch-days.ts';
import { countPhoneDay, type PhoneDay, uncountPhoneDay } from '../store/phone-day-counts.ts';
import type { Log } from '../telemetry/log.ts';
import type { OutgoingSms, SendOutcome, Transport } from '../transport/transport.ts';
import { isInCountries } from './check-contact-points.ts';
import type { OpenedLink } from './open-link.ts';

export interface SendCodeDeps {
  readonly database: Pick<Database, 'query' | 'transaction'>;
  readonly keys: Pick<KeyStore, 'phoneDayKey' | 'symmetricKey'>;
  /** Where these texts go: test ones beside a live provider reach nobody, and the canary's itself. */
  readonly transportFor: (
    whose: Pick<OpenedLink['stored'], 'mode' | 'organisationId'>,
  ) => Pick<Transport<OutgoingSms>, 'send'>;
  /** The origin of links: a code is bound to its host. */
  readonly linkHostUrl: string;
  readonly log: Pick<Log, 'warn'>;
}

/**
 * What became of a code that was asked for.
 *
 * `too_soon` and `limit`: none was made. `refused`: certainly nobody got it, and it counts for the
 * organisation alone. `uncertain`: it may arrive, so it counts.
 */
export type CodeSending =
  | { readonly outcome: 'sent' | 'uncertain' | 'too_soon' | 'limit' }
  | { readonly outcome: 'refused'; readonly optedOut: boolean };

const minuteS = 60;
/** As all codes of an organisation wait for each other: one that froze must not hold up whole pages. */
const lockTimeoutMs = 1_000;

/**
 * Sends a code by SMS to open a link that came by email.
 *
 * The code is counted and stored, in one commit, before it is handed over: a process that dies in
 * between has cost a code, and never sends one more than the limits say. It goes out inline, past
 * every queue, and is nowhere but in the message: the database holds an HMAC of it.
 *
 * A number of a country that the organisation has left since, and an organisation that had as many codes
 * as it may, get the answer of a phone that had its own: no page tells one from the other.
 *
 * A phone that said stop to reminders gets a code all the same, since its reader asks for it now; a
 * provider that refuses it then is told of as `optedOut`.
 *
 * @param visitId of the browser session that asks, and the only one that the code will open
 * @param language of the page that asks
 */
export async function sendCode(
  deps: SendCodeDeps,
  { link, visitId, language }: { link: OpenedLink; visitId: Secret<string>; language: Language },
): Promise<CodeSending> {
  const { organisationId, linkId, channel, mode, countries } = link.stored;
  // One number, one count: a record keeps the number as the booking system wrote it.
  const phone = contactPointOf(link.request.reveal().recipient, 'sms');
  // A code never travels on a channel that has carried the link.
  assert(channel === 'email' && link.factors.includes('code') && phone !== undefined);
  const mayGoThere = countries === null || isInCountries(phone, countries);
  const to = new Secret(phone);
  const code = newCode();
  const session = sessionHash(visitId);
  const id = randomUUID();
  const sms = codeSms({ to, code, language, linkHostUrl: deps.linkHostUrl });
  const phoneDay = await phoneDayOf(deps, { mode, phone: to });
  const codeKey = await deps.keys.symmetricKey('code');

  const count = async (connection: Connection) => {
    await lockCodesOf(connection, linkId);
    const { sent, pausing } = await readCodeTally(connection, {
      linkId,
      pauseS: limits.codePauseS,
    });
    if (pausing) return 'too_soon';
    if (sent >= limits.codesPerLinkMax || !mayGoThere) return 'limit';
    const max = limits.codesPerPhoneDayMax;
    if (!(await countPhoneDay(connection, { ...phoneDay, max }))) return 'limit';
    // Last, since all codes of the organisation wait for each other from here.
    if (!(await countOrganisationCode(connection, link.stored))) {
      await uncountPhoneDay(connection, phoneDay);
      const isNews = await markCodeRefused(connection, link.stored);
      return isNews ? 'ceiling' : 'limit';
    }
    const hash = codeHash(codeKey, { linkId, visitId, phone: to, code });
    await insertCode(connection, {
      ...{ id, organisationId, linkId, session, hash },
      minutes: limits.codeMinutes,
    });
    return 'counted';
  };
  const counted = await deps.database
    .transaction([organisationId], count, { lockTimeoutMs })
    .catch((error: unknown) => {
      if (sqlState(error) === '55P03') return 'too_soon' as const;
      throw error;
    });
  if (counted === 'ceiling') {
    deps.log.warn('a ceiling of codes was reached', { organisationId, mode });
    return { outcome: 'limit' };
  }
  if (counted !== 'counted') return { outcome: counted };

  const sending = wordOf(await deps.transportFor(link.stored).send(sms));
  if (sending.outcome === 'refused') {
    await deps.database.transaction([organisationId], async (connection) => {
      await withdrawCode(connection, id);
      await uncountPhoneDay(connection, phoneDay);
    });
  }
  return sending;
}

function newCode(): Secret<string> {
  return new Secret(String(randomInt(1_000_000)).padStart(6, '0'));
}

async function phoneDayOf(
  { database, keys }: Pick<SendCodeDeps, 'database' | 'keys'>,
  whose: { mode: Mode; phone: Secret<string> },
): Promise<PhoneDay> {
  const day = await readDatabaseDay(database);
  return { day, index: phoneDayIndex(await keys.phoneDayKey(day), whose) };
}

function codeSms({
  to,
  code,
  language,
  linkHostUrl,
}: {
  to: Secret<string>;
  code: Secret<string>;
  language: Language;
  linkHostUrl: string;
}): OutgoingSms {
  const host = codeHost(linkHostUrl);
  const text = renderCode({ language, host, code });
  assertNeutralCode({ language, host, code, text, linkHostUrl });
  return {
    channel: 'sms',
    to,
    text,
    // Belongs to no attempt: nobody waits for a receipt of a code.
    attemptToken: randomBytes(18).toString('base64url'),
    validitySeconds: limits.codeMinutes * minuteS,
  };
}

function wordOf(outcome: SendOutcome): CodeSending {
  switch (outcome.kind) {
    case 'accepted':
      return { outcome: 'sent' };
    case 'uncertain':
      return { outcome: 'uncertain' };
    case 'refused':
      return { outcome: 'refused', optedOut: outcome.reason === 'opted_out' };
  }
}
