import { generateKeyPairSync } from 'node:crypto';
import { Resolver } from 'node:dns/promises';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rootCertificates, setDefaultCACertificates } from 'node:tls';
import { limits } from '../../config/limits.ts';
import { readConfiguration } from '../../src/doctor/check-configuration.ts';
import { diagnose } from '../../src/doctor/diagnose.ts';
import type { Finding, Group } from '../../src/doctor/finding.ts';
import { utcDay } from '../../src/domain/link-expiry.ts';
import { fileKeyStore } from '../../src/keys/file-key-store.ts';
import { prepareQueue } from '../../src/queue/prepare-queue.ts';
import { writeHeartbeat } from '../../src/store/heartbeats.ts';
import { callbackAddresses } from '../../src/usecases/callback-addresses.ts';
import { createTestDatabase, type TestDatabase } from './database.ts';
import { type DnsServer, startDnsServer } from './dns-server.ts';
import { selfSigned } from './self-signed.ts';
import { type SmtpPeer, startSmtpPeer } from './smtp-peer.ts';
import { startTwilioAccountPeer, type TwilioAccountPeer } from './twilio-account-peer.ts';

/** Stands in every secret and in every word of a peer; no finding may hold it. */
export const canary = 'CANARY7f3a';
export const sender = '+15005550006';
export const dnsNames = {
  spf: 'bounces.example.org',
  dkim: 's1._domainkey.example.org',
  dmarc: '_dmarc.example.org',
} as const;

/** A whole deployment as the doctor sees it, sound until a test breaks something. */
export interface DoctorSetUp {
  readonly database: TestDatabase;
  readonly organisationId: string;
  readonly folder: string;
  readonly keyStore: string;
  readonly dkimKeyFile: string;
  readonly dns: DnsServer;
  readonly mail: SmtpPeer;
  readonly twilio: TwilioAccountPeer;
  /** What each listener answers, by path; 404 for any other. */
  readonly pages: Record<'api' | 'patient' | 'ops', Record<string, [status: number, body: string]>>;
  readonly env: Record<string, string>;
  /** Says once more that all duties are at work. */
  beat(): Promise<void>;
  look(change?: {
    env?: Record<string, string>;
    only?: Group;
    nowMs?: () => number;
  }): Promise<Finding[]>;
  stop(): Promise<void>;
}

export async function createDoctorSetUp(): Promise<DoctorSetUp> {
  const database = await createTestDatabase();
  await prepareQueue(database.adminUrl);
  const organisationId = await database.createOrganisation();
  const folder = mkdtempSync(join(tmpdir(), 'sotto-test-doctor-'));
  const keyStore = join(folder, 'keys');
  const keys = await makeKeys(keyStore, organisationId);
  const { dkimKeyFile, record } = makeDkimKey(folder);

  const certificate = selfSigned();
  setDefaultCACertificates([...rootCertificates, certificate.cert]);
  const pages: DoctorSetUp['pages'] = {
    api: { '/livez': [200, '{"status":"ok"}'] },
    patient: { '/livez': [200, '{"status":"alive"}'] },
    ops: { '/livez': [200, '{"status":"ok"}'] },
  };
  const servers = {
    api: http.createServer(answerWith(pages.api)),
    patient: https.createServer(certificate, answerWith(pages.patient)),
    ops: http.createServer(answerWith(pages.ops)),
  };
  const ports = {
    api: await listen(servers.api),
    patient: await listen(servers.patient),
    ops: await listen(servers.ops),
  };
  const apiUrl = `http://localhost:${ports.api}`;
  const { inbound } = await callbackAddresses({ keys, callbackUrl: apiUrl });

  const dns = await startDnsServer();
  dns.records = {
    'example.org': { mx: ['mx.example.org'], txt: [canary] },
    [dnsNames.spf]: { txt: [`v=spf1 include:${canary}.example -all`], mx: ['mx.example.org'] },
    [dnsNames.dkim]: { txt: [record] },
    [dnsNames.dmarc]: { txt: [`v=DMARC1; p=reject; rua=mailto:${canary}@example.org`] },
  };
  const resolver = new Resolver({ timeout: 2_000, tries: 1 });
  resolver.setServers([dns.address]);

  const mail = await startSmtpPeer({ extensions: ['AUTH PLAIN LOGIN'] });
  const twilio = await startTwilioAccountPeer({
    token: canary,
    status: 'active',
    numbers: { [sender]: { url: inbound.reveal() } },
    services: {},
    words: canary,
    offMs: 0,
  });

  const env: Record<string, string> = {
    DATA_DIR: folder,
    DATABASE_URL: database.adminUrl.reveal(),
    API_URL: apiUrl,
    PATIENT_URL: `https://localhost:${ports.patient}`,
    OPS_URL: `http://localhost:${ports.ops}`,
    TRUSTED_PROXIES: '127.0.0.1',
    SMS_TRANSPORT: 'twilio',
    TWILIO_BASE_URL: twilio.url,
    TWILIO_ACCOUNT_SID: twilio.accountSid,
    TWILIO_AUTH_TOKEN: canary,
    TWILIO_SEND_KEY_SID: `SK${'0'.repeat(32)}`,
    TWILIO_SEND_KEY_SECRET: canary,
    TWILIO_FROM: sender,
    SMS_OPT_OUT: 'reply',
    EMAIL_TRANSPORT: 'smtp',
    SMTP_URL: mail.url.replace('//', `//user:${canary}@`),
    MAIL_FROM: 'reminders@example.org',
    MAIL_RETURN_PATH: 'returned@bounces.example.org',
    DKIM_DOMAIN: 'example.org',
    DKIM_SELECTOR: 's1',
    DKIM_KEY_FILE: dkimKeyFile,
  };

  const beaters = { scheduler: database.open('scheduler', 1), worker: database.open('worker', 1) };
  return {
    database,
    organisationId,
    folder,
    keyStore,
    dkimKeyFile,
    dns,
    mail,
    twilio,
    pages,
    env,
    async beat() {
      for (const [role, name] of duties) {
        const beat = { name, instance: `${role} of the test`, version: '1.0.0' };
        await writeHeartbeat(beaters[role], beat);
      }
    },
    look({ env: changed = {}, only, nowMs = Date.now } = {}) {
      const read = readConfiguration({ ...env, ...changed });
      const databaseUrl = read.config.DATABASE_URL;
      return diagnose({ dns: resolver, nowMs }, { ...read, databaseUrl, only });
    },
    async stop() {
      setDefaultCACertificates([...rootCertificates]);
      for (const server of Object.values(servers)) server.close().closeAllConnections();
      await Promise.all([dns.close(), mail.close(), twilio.close()]);
      await database.drop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const duties = [
  ['scheduler', 'feed'],
  ['scheduler', 'sweep'],
  ['worker', 'dispatch'],
] as const;

async function makeKeys(keyStore: string, organisationId: string) {
  const keys = fileKeyStore(keyStore);
  const today = utcDay(Temporal.Now.instant());
  const from = Temporal.PlainDate.from(today).subtract({ days: 1 });
  const months = Array.from({ length: 15 }, (_, step) =>
    from.toPlainYearMonth().add({ months: step }).toString(),
  );
  await keys.ensureEpochKeys({ from: from.toString(), days: limits.keyHorizonDays + 3 });
  await keys.ensureViewKeys({ organisationIds: [organisationId], months });
  await keys.ensureReceiptKey();
  await keys.ensureLinkKey();
  await keys.symmetricKey('callback');
  return keys;
}

function makeDkimKey(folder: string): { dkimKeyFile: string; record: string } {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const dkimKeyFile = join(folder, 'dkim.pem');
  writeFileSync(dkimKeyFile, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  const published = publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
  return { dkimKeyFile, record: `v=DKIM1; k=rsa; p=${published}` };
}

function answerWith(pages: Record<string, [status: number, body: string]>): http.RequestListener {
  return (request, response) => {
    const [status, body] = pages[request.url ?? ''] ?? [404, canary];
    response.writeHead(status).end(body);
  };
}

async function listen(server: http.Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}
