import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import type { System } from '../support/system.ts';
import { waitFor } from '../support/wait-for.ts';
import type { ApiFuzzInput, OpenApi } from './api-requests.ts';
import type { FuzzVisitor } from './page-requests.ts';

/** A word that stands in whatever must not come back. */
export const newCanary = (): string => `cnry${randomBytes(6).toString('hex')}`;

/** Credentials of every kind, ids that mean something, and the document. */
export async function prepareApi(system: System, canary: string): Promise<ApiFuzzInput> {
  const { apiUrl, apiKey, organisation } = system.facts;
  const other = await sotto(system, 'org', 'create', '--name', 'Another practice', '--json');
  const key = async (id: string, ...more: string[]) =>
    (await sotto(system, 'key', 'create', '--organisation', id, '--json', ...more)) as {
      id: string;
      key: string;
    };
  const live = await key(organisation, '--mode', 'live');
  const foreign = await key(other.id ?? '', '--mode', 'test');
  const narrow = await key(organisation, '--mode', 'test', '--scopes', 'status');
  const revoked = await key(organisation, '--mode', 'test');
  await sotto(system, 'key', 'revoke', revoked.id, '--json');
  // Whoever is slowed down is not tested.
  await system.look(`update organisations set requests_per_minute = null, appointments_per_hour = null,
      appointments_per_day = null, reminders_per_hour = null, reminders_per_day = null,
      numbers_per_hour = null returning id`);
  const document = (await (await fetch(`${apiUrl}/openapi.json`)).json()) as OpenApi;
  const made = await system.call('POST', '/v1/webhook-endpoints', {
    url: 'https://hooks.example.com/a',
  });
  const bearer = (text: string) => `Bearer ${text}`;
  return {
    document,
    canary,
    credentials: [
      ...[apiKey, apiKey, apiKey, foreign.key, live.key, narrow.key, revoked.key].map(bearer),
      ...['', 'Bearer', `Bearer ${canary}`, `Basic ${canary}`, bearer(apiKey.replace(/.$/, '!'))],
    ],
    ids: [organisation, other.id ?? '', JSON.parse(made.text).id, 'demo-0001', crypto.randomUUID()],
  };
}

async function sotto(system: System, ...words: string[]): Promise<Record<string, string>> {
  const env = { PATH: process.env.PATH, DATA_DIR: system.dataDir };
  const { stdout } = await promisify(execFile)(process.execPath, ['src/cli.ts', ...words], { env });
  return JSON.parse(stdout);
}

/** Appointments whose links were opened: one browser at the question and one behind it, for each. */
export async function prepareVisitors(
  system: System,
  { canary, count }: { canary: string; count: number },
): Promise<FuzzVisitor[]> {
  const { patientUrl } = system.facts;
  const visitors: FuzzVisitor[] = [];
  for (let index = 0; index < count; index += 1) {
    const phone = `+3363998${String(1_000 + index)}`;
    const details = `Dr ${canary.split('').toReversed().join('')}${String.fromCharCode(97 + index)}z`;
    const body = {
      start: Temporal.Now.instant().round('minute').add({ hours: 100 }).toString(),
      timeZone: 'Europe/Paris',
      details: { practitioner: details },
      recipient: { phone, language: 'en', pin: '482913', birthDate: '1980-02-14' },
      reminders: [{ before: 'PT1H', channel: 'sms' }],
      notice: 'now',
    };
    for (const status of [201, 200]) {
      const put = await system.call('PUT', `/v1/appointments/fuzzed-${index}`, body);
      if (put.status !== status) throw new Error(`putting answered ${put.status} ${put.text}`);
    }
    const tokenOf = async () =>
      /[A-Za-z0-9_-]{68}/.exec(
        (await system.messages()).find(({ to }) => to === phone)?.text ?? '',
      )?.[0];
    await waitFor(async () => (await tokenOf()) !== undefined, 60_000);
    const token = (await tokenOf()) ?? '';
    const asked = await openLink(patientUrl, token);
    const proved = await proveAt(patientUrl, token);
    visitors.push({ token, details, ...asked, ...proved });
  }
  return visitors;
}

/** Again where the link is not there yet: a message may be read before what sent it is stored. */
async function openLink(patientUrl: string, token: string) {
  let found = await lookAtLink(patientUrl, token);
  await waitFor(async () => {
    if (found.visitForm === '') found = await lookAtLink(patientUrl, token);
    return found.visitForm !== '';
  }, 20_000);
  return found;
}

async function lookAtLink(patientUrl: string, token: string) {
  const opened = await fetch(`${patientUrl}/${token}`, { redirect: 'manual' });
  const visit = cookieOf(opened);
  const page = await fetch(`${patientUrl}/prove`, { headers: { cookie: visit } });
  return { visit, visitForm: formOf(await page.text()) };
}

async function proveAt(patientUrl: string, token: string) {
  const { visit, visitForm } = await openLink(patientUrl, token);
  const proved = await fetch(`${patientUrl}/prove/pin`, {
    method: 'POST',
    headers: { cookie: visit },
    body: new URLSearchParams({ form: visitForm, pin: '482913' }),
    redirect: 'manual',
  });
  const session = proved.headers.getSetCookie().find((line) => line.startsWith('session='));
  if (session === undefined) throw new Error(`the PIN answered ${proved.status}`);
  const cookie = session.split(';')[0] ?? '';
  const page = await fetch(`${patientUrl}/details`, { headers: { cookie } });
  return { session: cookie, sessionForm: formOf(await page.text()) };
}

const cookieOf = (answer: Response) => answer.headers.getSetCookie()[0]?.split(';')[0] ?? '';
const formOf = (page: string) => /name="form" value="([^"]+)"/.exec(page)?.[1] ?? '';
