import type { CanaryState } from '../domain/canary-run.ts';
import type { DoubtMeasures } from '../domain/doubt-books.ts';
import { type IncidentCode, incidentCodes } from '../domain/incident.ts';
import type {
  Heartbeat,
  LedgerState,
  QueueMeasures,
  RunningTotals,
} from '../domain/queue-measures.ts';
import type { SendCheckMeasures } from '../domain/send-check.ts';
import type { WebhookMeasures } from '../domain/webhook.ts';
import { readCanaryState } from '../store/canary-reads.ts';
import type { Database } from '../store/database.ts';
import { measureDoubts } from '../store/doubt-books.ts';
import { listIncidents } from '../store/incident-reads.ts';
import { readLedgerState } from '../store/ledger.ts';
import { measureQueue, readHeartbeats } from '../store/ops-reads.ts';
import { inEveryOrganisation } from '../store/organisation-ids.ts';
import { measureSendChecks } from '../store/send-check-measures.ts';
import { readTotals } from '../store/total-reads.ts';
import { measureWebhooks } from '../store/webhook-measures.ts';

/** A worker that has been silent for longer is not counted as connected. */
const workerSilentMaxS = 20;

/** Everything that monitoring is told: what is open, what became of the rest, and who is at work. */
export async function measureOperations({ database }: { database: Database }): Promise<{
  queue: QueueMeasures;
  doubts: DoubtMeasures;
  totals: RunningTotals;
  webhooks: WebhookMeasures;
  sendChecks: SendCheckMeasures;
  heartbeats: readonly Heartbeat[];
  ledger: LedgerState;
  incidents: readonly { code: IncidentCode }[];
  canary: CanaryState;
}> {
  const heartbeats = await readHeartbeats(database, { liveWithinS: workerSilentMaxS });
  return inEveryOrganisation(database, async (connection) => ({
    queue: await measureQueue(connection),
    doubts: await measureDoubts(connection),
    totals: await readTotals(connection),
    webhooks: await measureWebhooks(connection),
    sendChecks: await measureSendChecks(connection),
    ledger: await readLedgerState(connection),
    incidents: await listIncidents(connection, { isOpen: true, limit: incidentCodes.length }),
    canary: await readCanaryState(connection),
    heartbeats,
  }));
}
