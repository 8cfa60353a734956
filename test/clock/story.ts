import { randomBytes, randomUUID } from 'node:crypto';
import { Secret } from '../../src/domain/secret.ts';
import { administer } from '../../src/store/administration.ts';
import { createApiKey } from '../../src/usecases/create-credential.ts';
import { createOpsUser } from '../../src/usecases/create-ops-user.ts';
import { createOrganisation } from '../../src/usecases/create-organisation.ts';
import { disableOpsUser } from '../../src/usecases/disable-ops-user.ts';
import { revokeCredential } from '../../src/usecases/revoke-credential.ts';
import { createPageVisitor } from '../support/page-visitor.ts';
import type { SandboxMessage } from '../support/system.ts';
import { waitFor } from '../support/wait-for.ts';
import type { TurnedSystem } from './turned-system.ts';

const phone = '+33639981234';

/** What booking systems, patients and administrators do, by the turned clock. */
export async function createStory(system: TurnedSystem) {
  const { config, adminUrl } = system;
  const transaction: Parameters<typeof createOpsUser>[0]['transaction'] = (work) =>
    administer(adminUrl, work);
  const { id: organisationId } = await createOrganisation(
    { adminUrl },
    { name: 'Turned clock', settings: { quietHours: null, jitterMinutes: 0 } },
  );
  const { key } = await createApiKey({ adminUrl }, { organisationId, mode: 'test' });

  async function call(method: string, path: string, body?: unknown): Promise<unknown> {
    const response = await fetch(`${config.API_URL}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${key.reveal()}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text === '' ? undefined : JSON.parse(text);
  }

  async function put(reference: string, change: Record<string, unknown>): Promise<void> {
    const body = {
      timeZone: 'Europe/Paris',
      durationMinutes: 30,
      details: { practitioner: 'Dr. Clock', place: { name: 'Turned House' } },
      recipient: { phone, language: 'fr', pin: '482913' },
      reminders: [{ before: 'PT24H', channel: 'sms' }],
      ...change,
    };
    // Until the keys of a new organisation are published it is told to try again.
    await waitFor(async () =>
      call('PUT', `/v1/appointments/${encodeURIComponent(reference)}`, body).then(
        () => true,
        (error: Error) => {
          if (error.message.includes('key_missing')) return false;
          throw error;
        },
      ),
    );
  }

  async function next(seen: ReadonlySet<string>, holds: (message: SandboxMessage) => boolean) {
    let found: SandboxMessage | undefined;
    await waitFor(async () => {
      found = (await system.messages()).find((one) => !seen.has(one.id) && holds(one));
      return found !== undefined;
    }, 60_000);
    return found?.text ?? '';
  }

  const linkIn = (text: string) => /https?:\/\/\S+\/[A-Za-z0-9_-]{68}/.exec(text)?.[0] ?? '';

  const journal = { append: async () => {} };

  return {
    organisationId,
    put,
    remove: (reference: string, query = '') =>
      call('DELETE', `/v1/appointments/${encodeURIComponent(reference)}${query}`),
    /** What is only ever deleted because of its age. */
    async leaveRecords(): Promise<void> {
      const password = new Secret(randomBytes(12).toString('hex'));
      await createOpsUser(
        { transaction },
        { name: 'clara', role: 'viewer', password, actor: 'clock' },
      );
      await system.admin.query(
        `insert into ops_sessions (token_hash, user_id) select '\\x01', id from ops_users`,
      );
      await system.admin.query(
        `insert into pauses (id, organisation_id, reason, ended_at)
         values ($1, $2, 'clock', clock_timestamp())`,
        [randomUUID(), organisationId],
      );
      const spare = await createApiKey({ adminUrl }, { organisationId, mode: 'test' });
      await revokeCredential({ adminUrl, journal }, { credentialId: spare.id });
    },
    async dismissOperator(): Promise<void> {
      await disableOpsUser({ transaction, journal }, { name: 'clara', actor: 'clock' });
    },
    /** Opens a link from a text, types a wrong PIN, then the right one. */
    async viewByPin(): Promise<string> {
      const link = linkIn(await next(new Set(), ({ channel }) => channel === 'sms'));
      const visitor = createPageVisitor();
      await visitor.go(link);
      await visitor.press('/prove');
      await visitor.fill({ pin: '135790' });
      const page = await visitor.fill({ pin: '482913' });
      if (page.step !== 'details') throw new Error(`the patient stands at ${page.step}`);
      return link;
    },
    /** Opens a link from an email and types the code that a text brings. */
    async viewByCode(): Promise<void> {
      const link = linkIn(await next(new Set(), ({ channel }) => channel === 'email'));
      const visitor = createPageVisitor();
      await visitor.go(link);
      await visitor.press('/prove');
      const seen = new Set((await system.messages()).map(({ id }) => id));
      await visitor.press('/code/send');
      const text = await next(seen, ({ channel }) => channel === 'sms');
      const page = await visitor.fill({ code: /#(\d{6})/.exec(text)?.[1] ?? '' });
      if (page.step !== 'details') throw new Error(`the patient stands at ${page.step}`);
    },
    async statusOf(link: string): Promise<number> {
      return (await createPageVisitor().go(link)).status;
    },
    /** Until the provider was told to delete what it keeps of every message that is settled. */
    async untilCopiesGone(): Promise<void> {
      await waitFor(async () => {
        const { rowCount } = await system.admin.query(
          `select from attempts where channel = 'sms' and copy_gone_at is null
             and copy_owed_at <= clock_timestamp()`,
        );
        return rowCount === 0;
      }, 60_000);
    },
    async untilStates(states: Readonly<Record<string, number>>): Promise<void> {
      await waitFor(async () => {
        const { rows } = await system.admin.query(
          'select state, count(*)::int as count from reminders group by state',
        );
        const found = Object.fromEntries(rows.map(({ state, count }) => [state, count]));
        return Object.entries(states).every(([state, count]) => found[state] === count);
      }, 60_000);
    },
  };
}
