import { randomUUID } from 'node:crypto';
import { limits } from '../../config/limits.ts';
import type { Mode } from '../../src/domain/channel.ts';
import { Secret } from '../../src/domain/secret.ts';
import { boxPublicKey, newBoxPrivateKey } from '../../src/keys/box-keys.ts';
import type { Database } from '../../src/store/database.ts';
import { claimSendChecks } from '../../src/store/send-check-turns.ts';
import type { Log, LogFacts } from '../../src/telemetry/log.ts';
import { isPublicAddress } from '../../src/transport/public-address.ts';
import { openWebhookChannel, type WebhookChannel } from '../../src/transport/webhook-channel.ts';
import { askBookingSystem } from '../../src/usecases/ask-booking-system.ts';
import { sendCheckUseCases } from '../../src/usecases/send-check-use-cases.ts';
import { createTurns, type Turns } from '../../workers/turns.ts';
import type { TestDatabase } from './database.ts';

/** What one process that asks may be given otherwise. */
export interface AskerOverrides {
  readonly database?: (real: Database) => Database;
  readonly channel?: (real: WebhookChannel) => WebhookChannel;
  readonly leaseMs?: number;
}

/** Checks and whoever asks them over a test's own database, without the processes around them. */
export function createCheckBench(database: TestDatabase) {
  const privateKey = newBoxPrivateKey();
  const keys = {
    webhookPublicKey: async () => ({ number: '1', key: boxPublicKey(privateKey) }),
    webhookKeys: async () => [{ id: '1', key: new Secret(privateKey) }],
  };
  const logged: { phrase: string; facts: LogFacts }[] = [];
  const note = (phrase: string, facts: LogFacts = {}) => void logged.push({ phrase, facts });
  const log: Log = { debug: note, info: note, warn: note, error: note };
  const scheduler = database.open('scheduler');

  /** A process that asks, made anew for each that a test plays. */
  function openAsker(overrides: AskerOverrides = {}): Turns {
    const asProcess = overrides.database?.(scheduler) ?? scheduler;
    return createTurns({
      atOnce: limits.sendChecksAtOnce,
      claim: (countMax) =>
        claimSendChecks(asProcess, { countMax, leaseMs: overrides.leaseMs ?? 30_000 }),
      take: ({ claimed: check, ...turn }) =>
        askBookingSystem(
          {
            database: asProcess,
            keys,
            openChannel({ url }) {
              const real = openWebhookChannel({
                url: url.reveal(),
                loopbackAllowed: true,
                resolveName: async () => [],
                mayConnectTo: isPublicAddress,
                socketsMax: limits.sendCheckQuestionsAtOnce,
              });
              return overrides.channel?.(real) ?? real;
            },
            perSecond: { sms: 100, email: 100 },
            nowMs: () => performance.now(),
            now: () => new Date(),
            log,
          },
          { ...turn, check },
        ),
      nowMs: () => performance.now(),
      log,
    });
  }

  return {
    api: sendCheckUseCases({
      ...{ database: database.open('api'), journal: { append: async () => {} } },
      ...{ keys, isSandbox: true },
    }),
    keys,
    logged,
    openAsker,
    async addOrganisation(mode: Mode = 'test') {
      return {
        organisationId: await database.createOrganisation(),
        mode,
        credentialId: randomUUID(),
      };
    },
    /** One round of asking, to its end. */
    async ask(asker: Turns = openAsker()): Promise<void> {
      await asker.lookAround(new AbortController().signal);
      await asker.idle();
    },
    /** Turns the clock on for all that is known of questions. */
    async turnClock(ms: number): Promise<void> {
      await database.admin.query(
        `update send_questions set ask_at = ask_at - $1 * interval '1 millisecond',
           unanswered_since = unanswered_since - $1 * interval '1 millisecond',
           proceed_until = proceed_until - $1 * interval '1 millisecond'`,
        [ms],
      );
      await database.admin.query(
        `update send_checks set due_at = due_at - $1 * interval '1 millisecond',
           taken_at = taken_at - $1 * interval '1 millisecond',
           lease_until = lease_until - $1 * interval '1 millisecond'`,
        [ms],
      );
    },
  };
}
