import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { rootCertificates, setDefaultCACertificates } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isRoot } from '../../scripts/dockerfile.ts';
import { type LikeTheImage, startLikeTheImage } from '../../scripts/like-the-image.ts';
import { databaseRoles } from '../../src/store/role-logins.ts';
import { canaryForms, filesBelow, findCanaries } from '../support/canaries.ts';
import { startTestPostgres } from '../support/embedded-postgres.ts';
import { freePort } from '../support/free-port.ts';
import { type MessagesPeer, startMessagesPeer } from '../support/messages-peer.ts';
import { createPageVisitor } from '../support/page-visitor.ts';
import { type ReverseProxy, startNginx } from '../support/reverse-proxies.ts';
import { selfSigned } from '../support/self-signed.ts';
import { waitFor } from '../support/wait-for.ts';

const phone = '+33612345678';
const details = { practitioner: 'Dr Pelargonium Imagetest', place: { name: 'Maison Zinnia 4471' } };
const pin = '48207153';

let postgres: Awaited<ReturnType<typeof startTestPostgres>>;
let peer: MessagesPeer;
let proxy: ReverseProxy;
let sotto: LikeTheImage;
let ports: Record<'api' | 'patient' | 'ops', number>;

beforeAll(async () => {
  const [api, patient, ops, tls] = await Promise.all([1, 2, 3, 4].map(freePort));
  ports = { api: api ?? 0, patient: patient ?? 0, ops: ops ?? 0 };
  [postgres, peer] = await Promise.all([startTestPostgres(), startMessagesPeer()]);
  const certificate = selfSigned();
  setDefaultCACertificates([...rootCertificates, certificate.cert]);
  proxy = await startNginx(ports, {
    patientName: 'localhost',
    certificate,
    ...(tls && { port: tls }),
  });
  const passwords = databaseRoles.map((role) => [
    `${role.toUpperCase()}_DATABASE_PASSWORD`,
    'unused',
  ]);
  sotto = await startLikeTheImage({
    DATABASE_URL: postgres.adminUrl.reveal(),
    POSTGRES_PASSWORD: 'unused',
    ...Object.fromEntries(passwords),
    ...{ HOST: '127.0.0.1', TRUSTED_PROXIES: '127.0.0.1', METRICS_TOKEN: 'metrics-token-7182' },
    ...{ API_PORT: `${api}`, PATIENT_PORT: `${patient}`, OPS_PORT: `${ops}` },
    API_URL: 'https://api.example.org',
    PATIENT_URL: `https://localhost:${tls}`,
    ...{ SMS_TRANSPORT: 'twilio', EMAIL_TRANSPORT: 'sandbox', TWILIO_BASE_URL: peer.url },
    ...{ TWILIO_ACCOUNT_SID: `AC${'7'.repeat(32)}`, TWILIO_FROM: '+33644000000' },
    TWILIO_AUTH_TOKEN: 'worker-token-3141',
    ...{ TWILIO_SEND_KEY_SID: `SK${'7'.repeat(32)}`, TWILIO_SEND_KEY_SECRET: 'codes-key-2718' },
  });
}, 120_000);
afterAll(async () => {
  await sotto?.stop();
  await proxy?.stop();
  await peer?.close();
  await postgres?.stop();
});

async function created(words: readonly string[]): Promise<Record<string, string>> {
  const { code, output } = await sotto.run('command-line', [...words, '--json']);
  expect(code, output).toBe(0);
  return JSON.parse(output);
}

describe('Sotto as the image and compose.yaml run it', () => {
  it('takes an appointment, sends its SMS, and shows the details behind link and PIN', async () => {
    const { id = '' } = await created(['org', 'create', '--name', 'Image practice']);
    const settings = ['org', 'set', id, '--quiet', 'none', '--jitter', '0', '--language', 'en'];
    expect((await sotto.run('command-line', settings)).output).not.toContain('Unexpected');
    const { key = '' } = await created(['key', 'create', '--organisation', id, '--mode', 'live']);

    const start = Temporal.Now.instant().add({ minutes: 5, seconds: 6 }).toString();
    const answer = await fetch(`http://127.0.0.1:${ports.api}/v1/appointments/image-1`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        ...{ start, timeZone: 'Europe/Paris', details },
        recipient: { phone, language: 'en', pin },
        reminders: [{ before: 'PT5M', channel: 'sms' }],
      }),
    });
    expect(answer.status, await answer.text()).toBe(201);

    await waitFor(() => peer.accepted.length > 0, 20_000);
    const [sms] = peer.accepted;
    expect(sms?.to).toBe(phone);
    const [link = ''] = /https:\S+/.exec(sms?.text ?? '') ?? [];
    const visitor = createPageVisitor();
    await visitor.go(link);
    await visitor.press('/prove');
    const page = await visitor.fill({ pin });
    expect(page.step).toBe('details');
    expect(page.html).toContain(details.place.name);

    const secrets = {
      phone,
      pin,
      link: link.slice(-68),
      ...details,
      place: details.place.name,
      key,
    };
    expect(findCanaries(canaryForms(secrets), sotto.output().replaceAll(key, ''))).toEqual([]);
    expect(findCanaries(canaryForms(secrets), proxy.written())).toEqual([]);
  });

  it('is well by the word of every role, and of ops', async () => {
    for (const role of databaseRoles) {
      expect((await sotto.run(role, ['healthcheck', role])).code, role).toBe(0);
    }
    await waitFor(async () => (await fetch(`http://127.0.0.1:${ports.ops}/readyz`)).ok, 30_000);
  });

  it('has its keys changed by hand, each for the role that it is of', async () => {
    for (const kind of ['link', 'receipt', 'erasure', 'passkey', 'webhook']) {
      const words = ['keys', 'rotate', kind, '--reason', 'yearly', '--json'];
      const { code, output } = await sotto.run('change-keys', words);
      expect([code, output], kind).toEqual([0, expect.stringContaining('"usedAfterSeconds"')]);
    }
    // One of each kind from the first start, and one more.
    await waitFor(async () => {
      const answer = await fetch(`http://127.0.0.1:${ports.api}/.well-known/jwks.json`);
      const { keys } = (await answer.json()) as { keys: unknown[] };
      return keys.length === 4;
    }, 30_000);
  });

  it('has the guides that it serves', async () => {
    const { status } = await fetch(`http://127.0.0.1:${ports.api}/docs/operations`);
    expect(status).toBe(200);
  });

  it('gives each role a user, keys and secrets of its own', () => {
    const uids = [...sotto.roles.values()].map(({ pid }) => statusLine(pid, 'Uid'));
    expect(new Set(uids).size).toBe(isRoot() ? databaseRoles.length : 1);
    for (const [role, { pid, dataDir }] of sotto.roles) {
      const environment = readFileSync(`/proc/${pid}/environ`, 'utf8');
      expect(environment.includes('worker-token-3141'), role).toBe(role === 'worker');
      expect(environment.includes('codes-key-2718'), role).toBe(role === 'patient');
      const keys = keyFolders(dataDir).flatMap((name) => filesBelow(join(dataDir, 'keys', name)));
      const open = keys.filter((file) => {
        const { uid, mode } = statSync(file);
        return `${uid}` !== statusLine(pid, 'Uid') || (mode & 0o077) !== 0;
      });
      expect(open, role).toEqual([]);
    }
    const held = [...sotto.roles].map(([role, { dataDir }]) => [role, keyFolders(dataDir)]);
    expect(Object.fromEntries(held)).toEqual({
      api: ['api', 'callback'],
      patient: ['link', 'opt-out', 'patient', 'pepper'],
      worker: ['link', 'opt-out', 'pepper', 'worker'],
      scheduler: ['scheduler'],
      ops: [],
    });
  });

  it('ends well when told to', async () => {
    expect(await sotto.stop()).toEqual(databaseRoles.map(() => 0));
  });
});

/** Folders that hold private keys. */
function keyFolders(dataDir: string): string[] {
  const keys = join(dataDir, 'keys');
  return readdirSync(keys)
    .filter((name) => name !== 'public' && filesBelow(join(keys, name)).length > 0)
    .sort();
}

function statusLine(pid: number, name: string): string {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? '';
}
