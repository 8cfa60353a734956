import { execFile } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { formatReport } from '../../src/cli/doctor-report.ts';
import { type Check, type Finding, type Group, groupOf } from '../../src/doctor/finding.ts';
import { compiledOnce } from '../support/compiled-once.ts';
import {
  canary,
  createDoctorSetUp,
  type DoctorSetUp,
  dnsNames,
  sender,
} from '../support/doctor-set-up.ts';
import { seedReminders } from '../support/seed-reminders.ts';
import { selfSigned } from '../support/self-signed.ts';
import { startSmtpPeer } from '../support/smtp-peer.ts';

let setUp: DoctorSetUp;
beforeAll(async () => {
  setUp = await createDoctorSetUp();
});
beforeEach(() => setUp.beat());
afterAll(() => setUp?.stop());

type Change = Parameters<DoctorSetUp['look']>[0];
/** What a plant changes of the way it is looked at, and how it is taken back. */
type Planted = { look?: Change; undo?: () => unknown };

interface Plant {
  readonly fault: string;
  readonly check: Check;
  readonly severity?: Finding['severity'];
  /** Part of what is said. */
  readonly says: RegExp;
  readonly plant: () => Planted | Promise<Planted>;
}

/** What is said to be wrong, and that nothing of it is a secret or a word of somebody else. */
async function illIn(change?: Change): Promise<Finding[]> {
  const found = await setUp.look(change);
  for (const { text, mend = '' } of found) {
    expect(text + mend).not.toContain(canary);
    expect(text).toMatch(/[.?]$/);
  }
  return found.filter(({ severity }) => severity !== 'fine');
}

const sql = (statement: string, values?: unknown[]) =>
  setUp.database.admin.query(statement, values);
const databaseName = () => new URL(setUp.env.DATABASE_URL ?? '').pathname.slice(1);
const at = (path: string) => join(setUp.keyStore, path);
const firstIn = (folder: string) => join(folder, readdirSync(at(folder)).sort()[30] ?? '');
/** This machine by a name that is not one of its own, so that TLS is asked for. */
const elsewhere = (port: number) => `smtp://user:${canary}@0.0.0.0:${port}`;

async function plantRun(outcome: string, findings: string[]): Promise<Planted> {
  await sql(
    `insert into canary_runs (branch, outcome, findings, ended_at) values ('sms_pin_move', $1, $2, now())`,
    [outcome, findings],
  );
  return { undo: () => sql('delete from canary_runs') };
}

const plants: Plant[] = [
  {
    fault: 'synchronous_commit off for the database',
    check: 'database_durability',
    says: /synchronous_commit/,
    async plant() {
      await sql(`alter database ${databaseName()} set synchronous_commit = off`);
      return { undo: () => sql(`alter database ${databaseName()} reset synchronous_commit`) };
    },
  },
  {
    fault: 'synchronous_commit off for one role',
    check: 'database_durability',
    says: /synchronous_commit is off for sotto_api/,
    async plant() {
      const role = `alter role sotto_api in database ${databaseName()}`;
      await sql(`${role} set synchronous_commit = off`);
      return { undo: () => sql(`${role} reset synchronous_commit`) };
    },
  },
  {
    fault: 'too few connections',
    check: 'database_connections',
    says: /allows \d+ connections, \d+ may be needed/,
    plant: () => ({ look: { env: { DATABASE_POOL_MAX: '90' } } }),
  },
  {
    fault: 'a migration still to run',
    check: 'schema',
    says: /0004-every-channel\.sql is still to run/,
    async plant() {
      const { rows } = await sql(`delete from migrations where name like '0004-%' returning *`);
      return {
        undo: () =>
          sql('insert into migrations (name, digest) values ($1, $2)', [
            rows[0].name,
            rows[0].digest,
          ]),
      };
    },
  },
  {
    fault: 'a database newer than the code',
    check: 'schema',
    says: /newer than this version of Sotto, by 1 migration/,
    async plant() {
      await sql('insert into migrations (name, digest) values ($1, $1)', [`9999-${canary}.sql`]);
      return { undo: () => sql(`delete from migrations where name like '9999-%'`) };
    },
  },
  {
    fault: 'no place for the events of next month',
    check: 'event_partitions',
    says: /no place for events of \d{4}-\d{2}/,
    async plant() {
      const { rows } = await sql(
        `select 'events_' || to_char(date_trunc('month', clock_timestamp() at time zone 'UTC')
           + make_interval(months => step), 'YYYY_MM') as name from generate_series(1, 3) as step`,
      );
      for (const { name } of rows) await sql(`drop table ${name}`);
      return { undo: () => sql('select ensure_event_partitions(3)') };
    },
  },
  {
    fault: 'a role that owns a table',
    check: 'database_roles',
    says: /sotto_scheduler owns tables/,
    async plant() {
      await sql('alter table batches owner to sotto_scheduler');
      return { undo: () => sql('alter table batches owner to sotto_owner') };
    },
  },
  {
    fault: 'a clock that is a little off',
    check: 'database_clock',
    severity: 'warning',
    says: /clock of PostgreSQL is 1\d s behind/,
    plant: () => ({ look: { nowMs: () => Date.now() + 12_000, only: 'database' } }),
  },
  {
    fault: 'a clock that is far off',
    check: 'database_clock',
    says: /clock of PostgreSQL is 5 min ahead/,
    plant: () => ({ look: { nowMs: () => Date.now() - 300_000, only: 'database' } }),
  },
  {
    fault: 'a wrong password for the database',
    check: 'database_login',
    says: /refuses the user or the password/,
    plant() {
      const url = new URL(setUp.env.DATABASE_URL ?? '');
      url.password = canary;
      return { look: { env: { DATABASE_URL: url.href }, only: 'database' } };
    },
  },
  {
    fault: 'a private key that others may read',
    check: 'key_files',
    says: /worker\/epoch\/.*\.key: open to group or others/,
    plant() {
      const file = at(firstIn('worker/epoch'));
      chmodSync(file, 0o644);
      return { undo: () => chmodSync(file, 0o600) };
    },
  },
  {
    fault: 'many keys that others may read, in one line',
    check: 'key_files',
    says: /patient\/view\/.*: open to group or others.*\(and 14 more\)/,
    plant() {
      const folder = at(join('patient/view', setUp.organisationId));
      const all = (mode: number) => {
        for (const name of readdirSync(folder)) chmodSync(join(folder, name), mode);
      };
      all(0o640);
      return { undo: () => all(0o600) };
    },
  },
  {
    fault: 'a day without a public half',
    check: 'day_keys',
    says: /of 1 day key are missing, the first of \d{4}-\d{2}-\d{2}/,
    plant() {
      const file = at(firstIn('public/epoch'));
      renameSync(file, `${file}.away`);
      return { undo: () => renameSync(`${file}.away`, file) };
    },
  },
  {
    fault: 'an organisation without view keys',
    check: 'view_keys',
    says: /missing for 1 organisation/,
    async plant() {
      const id = await setUp.database.createOrganisation();
      return { undo: () => sql('delete from organisations where id = $1', [id]) };
    },
  },
  {
    fault: 'a journal that others may write',
    check: 'journal',
    says: /Others may write/,
    plant() {
      chmodSync(join(setUp.folder, 'journal'), 0o777);
      return { undo: () => chmodSync(join(setUp.folder, 'journal'), 0o700) };
    },
  },
  {
    fault: 'a mark of the database that nobody writes any more',
    check: 'high_water_mark',
    says: /mark is 9 minutes old/,
    plant: () => plantMark(markOf(new Date(Date.now() - 9.5 * 60_000))),
  },
  {
    fault: 'a mark of the database that is torn',
    check: 'high_water_mark',
    says: /cannot be read/,
    plant: () => plantMark('{"life":'),
  },
  {
    fault: 'a worker that has fallen silent',
    check: 'dispatch',
    says: /Nobody sends: no worker was heard of for 5 min/,
    async plant() {
      await sql(`update heartbeats set beat_at = beat_at - interval '5 min'
        where name = 'dispatch'`);
      return {};
    },
  },
  {
    fault: 'two versions at work',
    check: 'process_versions',
    severity: 'warning',
    says: /2 versions are at work: 1\.0\.0, 2\.0\.0/,
    async plant() {
      await sql(
        `insert into heartbeats (name, instance, version) values ('feed', 'other', '2.0.0')`,
      );
      return { undo: () => sql(`delete from heartbeats where instance = 'other'`) };
    },
  },
  {
    fault: 'a pause that somebody has forgotten',
    check: 'pauses',
    severity: 'warning',
    says: /Sending by sms for all organisations has been stopped for 2 days/,
    async plant() {
      await sql(`insert into pauses (id, channel, reason, created_at)
        values (gen_random_uuid(), 'sms', '${canary}', now() - interval '49 hours')`);
      return { undo: () => sql('delete from pauses') };
    },
  },
  {
    fault: 'a canary that cannot reach the pages of patients',
    check: 'canary',
    says: /nobody answers at PATIENT_URL from where the scheduler is/,
    plant: () => plantRun('unreachable', ['patient']),
  },
  {
    fault: 'a canary that came out different',
    check: 'canary',
    says: /on 1 way through Sotto/,
    plant: () => plantRun('different', ['details.for']),
  },
  {
    fault: 'a mail server that refuses the sign-in',
    check: 'mail_login',
    says: /refuses the user or the password/,
    plant() {
      setUp.mail.misbehave = { at: 'AUTH', does: 'answer', answer: `535 5.7.8 ${canary}\r\n` };
      return { undo: () => (setUp.mail.misbehave = undefined) };
    },
  },
  {
    fault: 'a mail server without TLS',
    check: 'mail_tls',
    says: /offers no TLS/,
    plant: () => ({ look: { env: { SMTP_URL: elsewhere(setUp.mail.port) } } }),
  },
  {
    fault: 'a mail server that cannot prove who it is',
    check: 'mail_tls',
    says: /cannot prove over TLS/,
    async plant() {
      const peer = await startSmtpPeer({ tls: selfSigned() });
      return { look: { env: { SMTP_URL: elsewhere(peer.port) } }, undo: () => peer.close() };
    },
  },
  {
    fault: 'a mail server that is away',
    check: 'mail_server',
    says: /does not answer/,
    plant: () => ({ look: { env: { SMTP_URL: `smtp://user:${canary}@127.0.0.1:1` } } }),
  },
  { fault: 'no SPF record', check: 'spf', says: /no SPF record/, plant: withoutTxt('spf') },
  {
    fault: 'two SPF records',
    check: 'spf',
    says: /2 SPF records/,
    plant: withTxt('spf', ['v=spf1 -all', 'v=spf1 ~all']),
  },
  { fault: 'no DKIM record', check: 'dkim', says: /no DKIM record/, plant: withoutTxt('dkim') },
  {
    fault: 'a DKIM record of another key',
    check: 'dkim',
    says: /publishes another key/,
    plant: withTxt('dkim', [`v=DKIM1; k=rsa; p=${canary}AAAA`]),
  },
  {
    fault: 'a DKIM key that others may read',
    check: 'dkim_key',
    says: /may read DKIM_KEY_FILE/,
    plant() {
      chmodSync(setUp.dkimKeyFile, 0o640);
      return { undo: () => chmodSync(setUp.dkimKeyFile, 0o600) };
    },
  },
  { fault: 'no DMARC record', check: 'dmarc', says: /no DMARC record/, plant: withoutTxt('dmarc') },
  {
    fault: 'a DMARC record that asks for nothing',
    check: 'dmarc',
    severity: 'warning',
    says: /p=none/,
    plant: withTxt('dmarc', [`v=DMARC1; p=none; rua=mailto:${canary}@example.org`]),
  },
  {
    fault: 'nobody who takes bounces',
    check: 'mx',
    says: /takes no mail/,
    plant() {
      const before = setUp.dns.records;
      const { mx: _, ...rest } = before[dnsNames.spf] ?? {};
      setUp.dns.records = { ...before, [dnsNames.spf]: rest };
      return { undo: () => (setUp.dns.records = before) };
    },
  },
  {
    fault: 'a name server that is mute',
    check: 'dns',
    severity: 'warning',
    says: /No name server answers/,
    plant() {
      setUp.dns.isMute = true;
      return { undo: () => (setUp.dns.isMute = false) };
    },
  },
  {
    fault: 'a wrong token of the SMS account',
    check: 'sms_account',
    says: /refuses the account or its token \(code 20003\)/,
    plant: withAccount((account) => ({ ...account, token: 'another' })),
  },
  {
    fault: 'an SMS account that is suspended',
    check: 'sms_account',
    says: /is suspended/,
    plant: withAccount((account) => ({ ...account, status: 'suspended' })),
  },
  {
    fault: 'a sender that the account does not have',
    check: 'sms_sender',
    says: /no such sender as TWILIO_FROM says/,
    plant: () => ({ look: { env: { TWILIO_FROM: '+15005550007' } } }),
  },
  {
    fault: 'a messaging service that the account does not have',
    check: 'sms_sender',
    says: /no such sender as TWILIO_MESSAGING_SERVICE_SID says/,
    plant: () => ({
      look: { env: { TWILIO_FROM: '', TWILIO_MESSAGING_SERVICE_SID: `MG${'0'.repeat(32)}` } },
    }),
  },
  {
    fault: 'an inbound webhook that points elsewhere',
    check: 'sms_replies',
    says: /goes to another address than ours/,
    plant: withAccount((account) => ({
      ...account,
      numbers: { [sender]: { url: `https://elsewhere.example/${canary}` } },
    })),
  },
  {
    fault: "an inbound webhook of ours under a key that is not the api's",
    check: 'sms_replies',
    says: /goes to another address than ours/,
    plant: withAccount((account) => ({
      ...account,
      numbers: {
        [sender]: { url: `${setUp.env.API_URL}/callbacks/twilio/inbound/${'A'.repeat(43)}` },
      },
    })),
  },
  {
    fault: "a provider's clock that is far off",
    check: 'sms_clock',
    says: /clock of Twilio is 10 min ahead/,
    plant: withAccount((account) => ({ ...account, offMs: 600_000 })),
  },
  {
    fault: 'codes that go out with the whole account',
    check: 'sms_send_key',
    severity: 'warning',
    says: /no key of its own/,
    plant: () => ({ look: { env: { TWILIO_SEND_KEY_SID: '', TWILIO_SEND_KEY_SECRET: '' } } }),
  },
  {
    fault: 'a patient address that nobody answers',
    check: 'patient_address',
    says: /PATIENT_URL https:\/\/localhost:1 does not answer/,
    plant: () => ({ look: { env: { PATIENT_URL: 'https://localhost:1' } } }),
  },
  {
    fault: 'a patient address that leads to somebody else',
    check: 'patient_address',
    says: /Something other than patient answers/,
    plant() {
      const before = setUp.pages.patient['/livez'];
      setUp.pages.patient['/livez'] = [200, `<h1>${canary}</h1>`];
      return { undo: () => Object.assign(setUp.pages.patient, { '/livez': before }) };
    },
  },
  {
    fault: "operators' pages behind the patient address",
    check: 'ops_exposed',
    says: /reached through PATIENT_URL/,
    plant() {
      setUp.pages.patient['/metrics'] = [401, canary];
      return { undo: () => delete setUp.pages.patient['/metrics'] };
    },
  },
  {
    fault: 'a certificate that is about to end',
    check: 'certificate',
    severity: 'warning',
    says: /ends in \d+ days?\./,
    plant() {
      const ends = Date.UTC(new Date().getUTCFullYear() + 5, 0, 1);
      return { look: { nowMs: () => ends - 10 * 86_400_000, only: 'addresses' } };
    },
  },
  {
    fault: 'no trusted proxy behind https',
    check: 'trusted_proxies',
    severity: 'warning',
    says: /TRUSTED_PROXIES is empty/,
    plant: () => ({ look: { env: { TRUSTED_PROXIES: '' } } }),
  },
  {
    fault: 'half of the settings for sending',
    check: 'transports',
    says: /DKIM_SELECTOR: required by the other DKIM settings/,
    plant: () => ({ look: { env: { DKIM_SELECTOR: '' }, only: 'configuration' } }),
  },
];

function withTxt(name: keyof typeof dnsNames, txt: readonly string[]) {
  return (): Planted => {
    const before = setUp.dns.records;
    const changed = { ...before[dnsNames[name]], txt };
    setUp.dns.records = { ...before, [dnsNames[name]]: changed };
    return { undo: () => (setUp.dns.records = before) };
  };
}

function withoutTxt(name: keyof typeof dnsNames) {
  return withTxt(name, []);
}

type Account = DoctorSetUp['twilio']['account'];
function plantMark(text: string): { undo: () => void } {
  const file = join(setUp.folder, 'journal', 'high-water-mark.json');
  writeFileSync(file, text);
  return { undo: () => rmSync(file) };
}

function markOf(at: Date): string {
  const numbers = { life: 1, beat: 1, transaction: '1', event: '1', accepted: {} };
  return JSON.stringify({ ...numbers, at, identity: 'x', timeline: 'x' });
}

function withAccount(change: (account: Account) => Account) {
  return (): Planted => {
    const before = setUp.twilio.account;
    setUp.twilio.account = change(before);
    return { undo: () => (setUp.twilio.account = before) };
  };
}

describe('a set-up that is sound', () => {
  it('is told nothing but what is fine, of every group', async () => {
    mkdirSync(join(setUp.folder, 'journal'), { mode: 0o700, recursive: true });
    expect(await illIn()).toEqual([]);
    const groups = new Set((await setUp.look()).map(({ check }) => groupOf(check)));
    expect(groups.size).toBe(8);
  });
});

describe('one fault in a set-up', () => {
  it.each(plants)(
    'is named, and nothing else: $fault',
    async ({ check, severity, says, plant }) => {
      const { look, undo } = await plant();
      try {
        // The group that it belongs to; that the others stay silent is looked at below.
        const only: Group = groupOf(check);
        const ill = await illIn({ only, ...look });
        expect(ill.map((each) => [each.check, each.severity])).toEqual([
          [check, severity ?? 'problem'],
        ]);
        expect(ill[0]?.text).toMatch(says);
        expect(ill[0]?.mend).toMatch(/\S/);
      } finally {
        await undo?.();
      }
    },
  );

  it('has made no other check complain, once all are mended', async () => {
    expect(await illIn()).toEqual([]);
  });
});

describe('what waits for a person', () => {
  it('is counted: late, failed and uncertain reminders', async () => {
    const { organisationId } = setUp;
    const parcelDay = Temporal.Now.plainDateISO('UTC').toString();
    const epochPublicKey = readFileSync(at(`public/epoch/${parcelDay}.pub`));
    const seed = { organisationId, count: 3, epochPublicKey, parcelDay, dueInMs: -1_200_000 };
    await seedReminders(setUp.database.admin, seed);
    const ill = await illIn({ only: 'processes' });
    expect(ill.map(({ text }) => text)).toEqual([
      '3 reminders by sms should have gone out, the oldest 20 min ago.',
    ]);
    await sql(`update reminders set state = 'failed'`);
    await sql(
      `update reminders set state = 'uncertain' where id = (select min(id::text)::uuid from reminders)`,
    );
    expect((await illIn({ only: 'processes' })).map(({ check }) => check)).toEqual([
      'reminders_failed',
      'reminders_uncertain',
    ]);
    await sql('delete from appointments');
  });
});

describe('an administrator at the command line', () => {
  const sotto = (env: Record<string, string>, ...words: string[]) =>
    new Promise<{ code: number; out: string; errors: string }>((resolve) => {
      const all = { PATH: process.env.PATH ?? '', ...compiledOnce, ...env };
      execFile(
        process.execPath,
        ['src/cli.ts', 'doctor', ...words],
        { env: all },
        (error, out, errors) => resolve({ code: Number(error?.code ?? 0), out, errors }),
      );
    });

  it('reads what is wrong before what is fine, and no secret, when everything is dead', async () => {
    const dead = {
      ...setUp.env,
      DATABASE_URL: `postgres://sotto_api:${canary}@127.0.0.1:1/x`,
      REDIS_URL: `redis://user:${canary}@127.0.0.1:1`,
      SMTP_URL: `smtp://user:${canary}@127.0.0.1:1`,
      TWILIO_BASE_URL: 'http://127.0.0.1:1',
      METRICS_TOKEN: canary,
      API_PORT: canary,
      PATIENT_URL: 'https://localhost:1',
      DKIM_DOMAIN: 'sotto.invalid',
      MAIL_FROM: 'a@sotto.invalid',
      MAIL_RETURN_PATH: 'b@sotto.invalid',
    };
    const { code, out, errors } = await sotto(dead);
    expect({ code, errors }).toEqual({ code: 1, errors: '' });
    expect(out).not.toContain(canary);
    expect(out.lastIndexOf('problem: [')).toBeLessThan(out.indexOf('warning: ['));
    expect(out.lastIndexOf('warning: [')).toBeLessThan(out.indexOf('fine: '));
    for (const group of ['configuration', 'database', 'redis', 'mail', 'sms']) {
      expect(out).toContain(`problem: [${group}] `);
    }
    expect(out).toContain(
      'warning: [addresses] Not looked at: addresses, for API_PORT cannot be read.',
    );
    expect(out.match(/without the database/g)).toHaveLength(1);
    expect(out).toMatch(/\n\d+ problems, \d+ warnings, \d+ fine\.\n$/);
  });

  it('gets the findings for a program, of one group', async () => {
    const { code, out } = await sotto(setUp.env, '--json', '--only', 'database');
    expect(code).toBe(0);
    const found: Finding[] = JSON.parse(out);
    expect(found.map(({ severity }) => severity)).toEqual(found.map(() => 'fine'));
    expect(found.map(({ check }) => check)).toContain('database_clock');
    expect((await sotto(setUp.env, '--only', 'weather')).errors).toMatch(
      /^--only must be one of configuration, database/,
    );
  });

  it("is told what a role's login cannot see", async () => {
    const env = { ...setUp.env, DATABASE_URL: setUp.database.roleUrls.worker.reveal() };
    const { code, out } = await sotto(env, '--only', 'processes');
    expect({ code, out }).toEqual({
      code: 0,
      out: expect.stringContaining('DATABASE_URL signs in as sotto_worker'),
    });
    const asOps = { ...setUp.env, DATABASE_URL: setUp.database.roleUrls.ops.reveal() };
    expect((await sotto(asOps, '--only', 'processes')).out).toMatch(/^fine: processes\n/);
  });

  it('sees marks where there is a terminal', () => {
    const findings: Finding[] = [
      { check: 'spf', severity: 'fine', text: 'Well.' },
      { check: 'dkim', severity: 'warning', text: 'So so.', mend: 'Rest.' },
      { check: 'mx', severity: 'problem', text: 'Ill.', mend: 'Mend.' },
    ];
    expect(formatReport(findings, { symbols: true }).split('\n')).toEqual([
      '✖ [mail] Ill.',
      '    → Mend.',
      '',
      '! [mail] So so.',
      '    → Rest.',
      '',
      '✔ mail',
      '    Well.',
      '',
      '1 problem, 1 warning, 1 fine.',
    ]);
  });
});

describe('looking', () => {
  it('makes no key', async () => {
    rmSync(at('callback'), { recursive: true });
    const ill = await illIn({ only: 'sms' });
    expect(ill.map(({ check }) => check)).toEqual(['sms_replies']);
    expect(readdirSync(setUp.keyStore)).not.toContain('callback');
  });
});
