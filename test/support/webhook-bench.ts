import { randomUUID } from 'node:crypto';
import { limits } from '../../config/limits.ts';
import type { Mode } from '../../src/domain/channel.ts';
import { Secret } from '../../src/domain/secret.ts';
import { boxPublicKey, newBoxPrivateKey } from '../../src/keys/box-keys.ts';
import type { Database } from '../../src/store/database.ts';
import { claimEndpoints } from '../../src/store/webhook-deliveries.ts';
import type { Log, LogFacts } from '../../src/telemetry/log.ts';
import { isPublicAddress } from '../../src/transport/public-address.ts';
import { openWebhookChannel, type WebhookChannel } from '../../src/transport/webhook-channel.ts';
import { deliverWebhooks } from '../../src/usecases/deliver-webhooks.ts';
import { webhookUseCases } from '../../src/usecases/webhook-use-cases.ts';
import { createTurns, type Turns } from '../../workers/turns.ts';
import type { TestDatabase } from './database.ts';
import { waitFor } from './wait-for.ts';

/** What one process that sends may be given otherwise. */
export interface SenderOverrides {
  readonly database?: (real: Database) => Database;
  readonly channel?: (real: WebhookChannel) => WebhookChannel;
  readonly leaseMs?: number;
}

/** Endpoints and their senders over a test's own database, without the processes around them. */
export function createWebhookBench(database: TestDatabase) {
  const privateKey = newBoxPrivateKey();
  const keys = {
    webhookPublicKey: async () => ({ number: '1', key: boxPublicKey(privateKey) }),
    webhookKeys: async () => [{ id: '1', key: new Secret(privateKey) }],
  };
  const logged: { phrase: string; facts: LogFacts }[] = [];
  const note = (phrase: string, facts: LogFacts = {}) => void logged.push({ phrase, facts });
  const log: Log = { debug: note, info: note, warn: note, error: note };
  const asApi = database.open('api');
  const scheduler = database.open('scheduler');
  const api = webhookUseCases({
    journal: { append: async () => {} },
    database: asApi,
    keys,
    isSandbox: true,
  });

  /** A process that sends, made anew for each that a test plays. */
  function openSender(overrides: SenderOverrides = {}): Turns {
    const asProcess = overrides.database?.(scheduler) ?? scheduler;
    return createTurns({
      atOnce: limits.webhooksAtOnce,
      claim: (countMax) =>
        claimEndpoints(asProcess, { countMax, leaseMs: overrides.leaseMs ?? 30_000 }),
      take: ({ claimed: endpoint, ...turn }) =>
        deliverWebhooks(
          {
            database: asProcess,
            keys,
            openChannel({ url }) {
              const real = openWebhookChannel({
                url: url.reveal(),
                loopbackAllowed: true,
                resolveName: async () => [],
                mayConnectTo: isPublicAddress,
              });
              return overrides.channel?.(real) ?? real;
            },
            nowMs: () => performance.now(),
            now: () => new Date(),
            random: () => 0.5,
            log,
          },
          { ...turn, endpoint },
        ),
      nowMs: () => performance.now(),
      log,
    });
  }

  return {
    api,
    asApi,
    scheduler,
    keys,
    logged,
    openSender,
    async addOrganisation(): Promise<{ organisationId: string; mode: Mode; credentialId: string }> {
      const organisationId = await database.createOrganisation();
      return { organisationId, mode: 'test', credentialId: randomUUID() };
    },
    /** Events as if something had happened, each in a transaction of its own; ids in order. */
    async addEvents(owner: { organisationId: string }, count: number): Promise<string[]> {
      const ids: string[] = [];
      for (let index = 0; index < count; index += 1) {
        const { rows } = await database.admin.query(
          `insert into events (organisation_id, mode, type, reference, appointment_id, reminder_id,
             from_state, to_state)
           values ($1, 'test', 'reminder.sent', $2, $3, $4, 'sending', 'sent') returning id::text`,
          [owner.organisationId, `visit-${index}`, randomUUID(), randomUUID()],
        );
        ids.push(rows[0].id);
      }
      return ids;
    },
    /** Turns the clock for every endpoint: what is due later is due so much earlier. */
    async turnClock(hours: number): Promise<void> {
      await database.admin.query(
        `update webhook_endpoints set due_at = due_at - $1 * interval '1 hour',
           lease_until = lease_until - $1 * interval '1 hour'`,
        [hours],
      );
    },
    /** Looks around until nothing is owed any more that could be delivered now. */
    async settle(sender: Turns): Promise<void> {
      await waitFor(async () => {
        await sender.lookAround(new AbortController().signal);
        await sender.idle();
        const { rows } = await database.admin.query(
          `select count(*)::integer as owed from webhook_endpoints e
           where lease_until > clock_timestamp() or (test_id is not null and test_ended_at is null)
             or (disabled_at is null and due_at <= clock_timestamp() and exists (
               select from events v where v.organisation_id = e.organisation_id and v.mode = e.mode
                 and (v.transaction_id, v.id) > (e.after_transaction, e.after_id)
                 and v.to_state is distinct from 'queued'))`,
        );
        return rows[0].owed === 0;
      });
    },
  };
}

/** The id of the event in what was delivered. */
export function eventIdOf({ body }: { body: string }): string {
  return JSON.parse(body).data.id;
}
