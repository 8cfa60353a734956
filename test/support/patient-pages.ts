import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FastifyInstance, InjectOptions } from 'fastify';
import type { Portal } from '../../src/domain/portal.ts';
import { buildPatientApp } from '../../src/http/patient/app.ts';
import type { PatientAppOptions } from '../../src/http/patient/pages.ts';
import { paths } from '../../src/http/patient/paths.ts';
import { openJournal } from '../../src/journal/journal.ts';
import { createCookieBox } from '../../src/keys/cookie-box.ts';
import { createErasureReceipts } from '../../src/keys/erasure-receipt.ts';
import { fileKeyStore } from '../../src/keys/file-key-store.ts';
import type { KeyStore } from '../../src/keys/key-store.ts';
import { createLinkTokens } from '../../src/keys/link-token.ts';
import { sourceHash } from '../../src/keys/source-hash.ts';
import type { Database } from '../../src/store/database.ts';
import type { Log } from '../../src/telemetry/log.ts';
import { createProviderFetch } from '../../src/transport/provider-fetch.ts';
import { isPublicAddress } from '../../src/transport/public-address.ts';
import { eraseForRecipient, findErasure } from '../../src/usecases/erase-for-recipient.ts';
import { hasCode } from '../../src/usecases/find-code.ts';
import { openLink } from '../../src/usecases/open-link.ts';
import { openOptOutToken } from '../../src/usecases/opt-out-links.ts';
import { createSourcePace } from '../../src/usecases/pace-sources.ts';
import { hasPasskey, passkeyUseCases } from '../../src/usecases/passkeys.ts';
import { portalUseCases } from '../../src/usecases/portal-use-cases.ts';
import { proveRecipient } from '../../src/usecases/prove-recipient.ts';
import { readHeldData } from '../../src/usecases/read-held-data.ts';
import { recordOptOut, recordOptOutClaim } from '../../src/usecases/record-opt-out.ts';
import { sendCode } from '../../src/usecases/send-code.ts';
import type { TestDatabase } from './database.ts';
import { acceptedOutcome, type FakeTransport, fakeTransport } from './fake-transport.ts';
import type { SeedDeps } from './seed-appointment.ts';

/** The patient pages on a test's database, with a clock that the test turns. */
export interface PatientPages {
  readonly app: FastifyInstance;
  readonly keys: KeyStore;
  readonly seed: SeedDeps;
  /** The phone that codes come to. */
  readonly phone: FakeTransport;
  /** Statements that the pages have sent to the database so far. */
  statements(): number;
  /** The lines of this process's journal, or of its file of removed passkeys. */
  journal(name?: 'patient' | 'patient-passkeys'): Promise<string[]>;
  advance(span: { minutes: number }): void;
  visitor(headers?: Record<string, string>): Visitor;
  close(): Promise<void>;
}

export const patientUrl = 'https://r.example';
const silent: Log = { debug() {}, info() {}, warn() {}, error() {} };

/** @param phone where codes go; a phone that takes everything when absent */
export async function startPatientPages(
  database: TestDatabase,
  overrides: Partial<PatientAppOptions> = {},
  phone: FakeTransport = fakeTransport(acceptedOutcome),
  {
    sendsCodes = true,
    portalForAll,
    log = silent,
  }: { sendsCodes?: boolean; portalForAll?: Portal; log?: Log } = {},
): Promise<PatientPages> {
  const folder = await mkdtemp(join(tmpdir(), 'sotto-keys-'));
  const keys = fileKeyStore(folder);
  const url = overrides.patientUrl ?? patientUrl;
  const audience = new URL(url).host;
  const cookieKeys = await keys.ensureCookieKey();
  const sourceKey = await keys.symmetricKey('source');
  const tokens = createLinkTokens({ keys: await keys.ensureLinkKey(), audience });
  const counted = countStatements(database.open('patient'));
  let turnedMs = 0;
  const now = () => Date.now() + turnedMs;
  const journal = await openJournal(`file:${folder}/journal`, 'patient');
  await keys.ensureErasureKey();
  const sign = createErasureReceipts(keys.ensureErasureKey);
  const deps = {
    ...{ database: counted.database, journal, keys, log },
    underWay: new Map(),
    ...{ sendsCodes, portalForAll, transportFor: () => phone, linkHostUrl: url },
  };

  const app = await buildPatientApp({
    patientUrl: url,
    trustedProxies: ['127.0.0.1'],
    check: { sender: 'Rappels', emailSender: 'rappels@r.example', codes: true, optOut: false },
    log: silent,
    boxes: {
      link: createCookieBox({ keys: cookieKeys, purpose: 'sotto-link', now }),
      session: createCookieBox({ keys: cookieKeys, purpose: 'sotto-session', now }),
      portal: createCookieBox({ keys: cookieKeys, purpose: 'sotto-portal', now }),
      passkey: createCookieBox({ keys: cookieKeys, purpose: 'sotto-passkey', now }),
    },
    now,
    verifyToken: tokens.verify,
    openLink: (linkSecret) =>
      openLink({ ...deps, hasPasskey: (owner) => hasPasskey(deps, owner) }, linkSecret),
    passkeys: passkeyUseCases({
      ...deps,
      site: { origin: url, host: new URL(url).hostname },
    }),
    portal: portalUseCases({
      ...{ keys, now, log: silent, patientUrl: url, loopbackAllowed: true },
      fetch: createProviderFetch({
        loopbackAllowed: true,
        resolveName: async () => [],
        mayConnectTo: isPublicAddress,
      }),
      returnPath: paths.portalReturn,
    }),
    proveRecipient: (input) => proveRecipient(deps, input),
    sendCode: (input) => sendCode(deps, input),
    hasCode: (input) => hasCode(deps, input),
    optOut: {
      openToken: (token) => openOptOutToken(deps, token),
      recordClaim: (claim) => recordOptOutClaim(deps, claim),
      record: ({ channel, contactPoint: contact }) =>
        recordOptOut(deps, { channel, contact, source: 'patient_page' }),
    },
    rights: {
      readHeld: (input) => readHeldData(deps, input),
      erase: (input) => eraseForRecipient({ ...deps, sign, issuer: 'https://api.example' }, input),
      findErasure: (input) => findErasure(deps, input),
    },
    sourceOf: (address) => sourceHash(sourceKey, address),
    pace: createSourcePace(),
    answerFloorMs: 0,
    findReadiness: async () => ({ database: true }),
    ...overrides,
  });
  await app.ready();

  return {
    app,
    keys,
    phone,
    seed: { admin: database.admin, keys, audience },
    statements: () => counted.count(),
    journal: async (name = 'patient') =>
      (await readFile(join(folder, 'journal', `${name}.ndjson`), 'utf8')).trim().split('\n'),
    advance: ({ minutes }) => {
      turnedMs += minutes * 60_000;
    },
    visitor: (headers) => createVisitor(app, headers),
    async close() {
      await app.close();
      await journal.close();
      await rm(folder, { recursive: true });
    },
  };
}

function countStatements(database: Database): { database: Database; count: () => number } {
  let statements = 0;
  return {
    count: () => statements,
    database: {
      ...database,
      transaction: (ids, work, options) => {
        statements += 1;
        return database.transaction(ids, work, options);
      },
      query: (text, values) => {
        statements += 1;
        return database.query(text, values);
      },
    },
  };
}

/** An answer as a browser sees it. */
export interface PageAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
  /** `data-step` of the page. */
  readonly step: string | undefined;
  readonly location: string | undefined;
  readonly setCookies: readonly string[];
}

/** A browser without a screen: keeps cookies, follows nothing by itself. */
export interface Visitor {
  readonly cookies: Map<string, string>;
  get(path: string): Promise<PageAnswer>;
  head(path: string): Promise<PageAnswer>;
  post(
    path: string,
    fields: Record<string, string>,
    headers?: Record<string, string>,
  ): Promise<PageAnswer>;
  /** Opens a link and walks to the question. */
  open(token: string): Promise<PageAnswer>;
  /** Answers the question with a PIN, using the form of the page last seen. */
  prove(pin: string): Promise<PageAnswer>;
  /** Likewise with a birth date, `YYYY-MM-DD`. */
  proveBirthDate(date: string): Promise<PageAnswer>;
  /** Presses the button that sends a code. */
  askForCode(): Promise<PageAnswer>;
  proveCode(code: string): Promise<PageAnswer>;
}

function createVisitor(app: FastifyInstance, headers: Record<string, string> = {}): Visitor {
  const cookies = new Map<string, string>();
  let form = '';

  async function send(options: InjectOptions): Promise<PageAnswer> {
    const cookie = Array.from(cookies, ([name, value]) => `${name}=${value}`).join('; ');
    const response = await app.inject({
      ...options,
      headers: { ...headers, ...(cookie ? { cookie } : {}), ...options.headers },
    });
    for (const { name, value, maxAge } of response.cookies) {
      if (maxAge === 0) cookies.delete(name);
      else cookies.set(name, value);
    }
    form = formIn(response.body) ?? form;
    return {
      status: response.statusCode,
      headers: response.headers,
      body: response.body,
      step: /data-step="([a-z]+)"/.exec(response.body)?.[1],
      location: response.headers.location,
      setCookies: [response.headers['set-cookie'] ?? []].flat(),
    };
  }

  const get = (url: string) => send({ method: 'GET', url });
  const post: Visitor['post'] = (url, fields, extra = {}) =>
    send({
      method: 'POST',
      url,
      payload: new URLSearchParams(fields).toString(),
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...extra },
    });
  return {
    cookies,
    get,
    head: (url) => send({ method: 'HEAD', url }),
    post,
    async open(token) {
      await get(`/${token}`);
      return get('/prove');
    },
    prove: (pin) => post('/prove', { form, pin }),
    proveBirthDate(date) {
      const [year = '', month = '', day = ''] = date.split('-');
      const fields = { 'birth-day': day, 'birth-month': month, 'birth-year': year };
      return post('/prove/birth-date', { form, ...fields });
    },
    askForCode: () => post('/code/send', { form }),
    proveCode: (code) => post('/code', { form, code }),
  };
}

/** The form token on a page. */
export function formIn(body: string): string | undefined {
  return /name="form" value="([^"]+)"/.exec(body)?.[1];
}
