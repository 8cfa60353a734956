import { randomUUID } from 'node:crypto';
import type { Config } from '../config/env.ts';
import { keptDays } from '../config/kept-days.ts';
import { keptRate, senderRates } from '../config/sender-rates.ts';
import { channelsAvailable, hasLiveTransport } from '../config/transports.ts';
import packageFile from '../package.json' with { type: 'json' };
import type { Channel } from '../src/domain/channel.ts';
import { type Lane, laneKey, lanesOf } from '../src/domain/lane.ts';
import type { KeyStore } from '../src/keys/key-store.ts';
import { checkedKeyStore } from '../src/keys/key-store-from-config.ts';
import { createBells } from '../src/queue/bells.ts';
import { openCheckedDatabase } from '../src/roles/checked-database.ts';
import { checkedQueueUrl } from '../src/roles/checked-queue.ts';
import type { Database } from '../src/store/database.ts';
import { writeHeartbeat } from '../src/store/heartbeats.ts';
import { readKeptFloors } from '../src/store/kept-floors.ts';
import { maySend } from '../src/store/lives.ts';
import { createLog, errorFacts, type Log } from '../src/telemetry/log.ts';
import { createNameResolver } from '../src/transport/resolve-name.ts';
import { createAdmission } from '../src/usecases/admit-database.ts';
import { feedDueReminders, newFeedCursor } from '../src/usecases/feed-due-reminders.ts';
import { leaveStuckLanes } from '../src/usecases/leave-stuck-lanes.ts';
import { markHighWater } from '../src/usecases/mark-high-water.ts';
import { measureMinutes } from '../src/usecases/measure-minutes.ts';
import { openIncident } from '../src/usecases/open-incident.ts';
import { proveLedger } from '../src/usecases/prove-ledger.ts';
import { prepareEventMonths, retireExpired } from '../src/usecases/retire-expired.ts';
import { spacingMs } from '../src/usecases/sender-pace.ts';
import { sweepExpired, sweepLeases } from '../src/usecases/sweep-leases.ts';
import { auditHeadsDuty } from './audit-heads.ts';
import { canaryDuties } from './canary.ts';
import { type Duty, startDuties } from './duties.ts';
import { feedAgain } from './feed-again.ts';
import { incidentDuties } from './incident-duties.ts';
import { createLaneFeeder } from './lane-feeder.ts';
import { openSendChecks } from './send-checks.ts';
import type { Turns } from './turns.ts';
import { openWebhookSender } from './webhooks.ts';

/**
 * Runs the process that feeds, sweeps and expires, and pushes events to booking systems. It reads
 * nothing that is sealed but what it signs those with, and leads nobody: several of it are safe, and
 * none of them is needed for another to work.
 *
 * @throws {ConfigError} for a setting, a database or a queue that it must not run with
 * @throws {KeyStoreError} for keys that cannot be used
 */
export async function runScheduler(config: Config): Promise<{ close(): Promise<void> }> {
  const log = createLog({ role: 'scheduler', level: config.LOG_LEVEL });
  const queueUrl = await checkedQueueUrl(config, log);
  const keys = await openKeys(config, log);
  const database = await openCheckedDatabase(config, { role: 'scheduler', log });
  const floors = await readKeptFloors(database);
  const keep = keptDays(config);
  if (floors.events > keep.events || floors.audit > keep.audit) {
    log.warn('what is old is kept for longer than is asked here, until the next migration');
  }
  const bells = createBells({ url: queueUrl, log });
  const admit = createAdmission({
    ...{ database, journal: config.JOURNAL, log },
    openIncident: (incident) => openIncident({ database }, incident),
  });
  // Until this is done nothing is sent, and what sweeps must not touch what is to come into doubt.
  await admit().catch((error) =>
    log.error('the database could not be compared', errorFacts(error)),
  );
  const instance = randomUUID();
  const resolveName = createNameResolver();
  const outward = { database, keys, resolveName, isSandbox: !hasLiveTransport(config), log };
  const webhooks = openWebhookSender(outward);
  const sendChecks = openSendChecks({ ...outward, perSecond: perSecondOf(config) });
  const duties = startDuties(
    schedulerDuties({ config, database, keys, admit, ring: bells.ring, webhooks, sendChecks, log }),
    {
      log,
      beat: (name) => writeHeartbeat(database, { name, instance, version: packageFile.version }),
    },
  );
  log.info('feeding what is due');
  return {
    async close() {
      await duties.close();
      await Promise.all([webhooks.idle(), sendChecks.idle()]);
      await bells.close();
      await database.close();
    },
  };
}

/**
 * The keys that it holds. Whoever has them can sign webhooks and how far the audit goes, make up
 * appointments for the canary, and read what the canary is sent; and open nothing of a patient's.
 */
async function openKeys(config: Config, log: Log): Promise<KeyStore> {
  const keys = await checkedKeyStore(config, 'scheduler', log);
  await keys.ensureWebhookKey();
  await keys.ensureCanaryKey();
  await keys.ensureAuditKey();
  return keys;
}

/** For what goes through everything there is. */
const longRoundMs = 600_000;

function schedulerDuties(deps: {
  config: Config;
  database: Database;
  keys: KeyStore;
  admit: () => Promise<boolean>;
  ring: (batchId: string) => void;
  webhooks: Turns;
  sendChecks: Turns;
  log: Log;
}): Duty[] {
  const { config, database, admit, ring, webhooks, sendChecks, log } = deps;
  const { JOURNAL: journal } = config;
  const keep = keptDays(config);
  let isMarked = false;
  return [
    {
      name: 'admit',
      everyMs: 1_000,
      run: async () => (await maySend(database)) || (await admit()),
    },
    {
      name: 'mark',
      everyMs: 60_000,
      async run() {
        if (!(await admit())) return;
        const isDone = await markHighWater({
          ...{ database, journal, log },
          openIncident: (incident) => openIncident({ database }, incident),
        });
        isMarked ||= isDone;
      },
    },
    { name: 'feed', everyMs: 1_000, run: createFeeding({ config, database, ring }) },
    { name: 'sweep', everyMs: 10_000, run: () => sweepLeases({ database, log }) },
    { name: 'webhooks', everyMs: 1_000, run: webhooks.lookAround },
    { name: 'send-checks', everyMs: 1_000, run: sendChecks.lookAround },
    {
      name: 'expire',
      everyMs: 10_000,
      // What may have been sent before a restore is put in doubt first.
      async run() {
        if (await maySend(database)) await sweepExpired({ database });
      },
    },
    {
      name: 'stuck-lanes',
      everyMs: 60_000,
      run: () => leaveStuckLanes({ database, log }, { available: channelsAvailable(config) }),
    },
    { name: 'measure', everyMs: 10_000, run: () => measureMinutes({ database }) },
    {
      name: 'retire',
      everyMs: 600_000,
      roundMaxMs: longRoundMs,
      run: (stopping) => retireExpired({ database, keep, stopping, log }),
    },
    {
      name: 'ledger',
      everyMs: 600_000,
      roundMaxMs: longRoundMs,
      run: () => proveLedger({ database, log }),
    },
    { name: 'event-months', everyMs: 600_000, run: () => prepareEventMonths({ database }) },
    auditHeadsDuty({ ...deps, isMarked: () => isMarked }),
    ...incidentDuties(deps),
    ...canaryDuties(deps),
  ];
}

/** A round of feeding every lane, each at the rate of its channel and going on where it was. */
function createFeeding(deps: {
  config: Config;
  database: Database;
  ring: (batchId: string) => void;
}): () => Promise<void> {
  const { config } = deps;
  const lanes = lanesOf(channelsAvailable(config));
  const cursors = new Map(lanes.map((lane) => [laneKey(lane), newFeedCursor()]));
  const rates = perSecondOf(config);
  const feed = (lane: Lane) => {
    const cursor = cursors.get(laneKey(lane)) ?? newFeedCursor();
    return feedDueReminders(deps, { lane, perSecond: rates[lane.channel] ?? 0, cursor });
  };
  return createLaneFeeder({ lanes, feed: (lane) => feedAgain(() => feed(lane)) });
}

/** Of the channels that this deployment sends on: no more than leaves where messages leave evenly. */
function perSecondOf(config: Config): Partial<Record<Channel, number>> {
  const rates = senderRates(config);
  const rateOf = (channel: Channel) => {
    const kept = keptRate(config, channel);
    return kept === undefined ? rates[channel] : 1_000 / spacingMs(kept);
  };
  return Object.fromEntries(channelsAvailable(config).map((channel) => [channel, rateOf(channel)]));
}
