import { randomUUID } from 'node:crypto';
import { incidentWords, runbookUrl } from '../domain/incident.ts';
import type { Database } from '../store/database.ts';
import {
  type AlertWay,
  type ClaimedAlert,
  claimAlerts,
  recordAlerted,
  recordUnalerted,
} from '../store/incident-alerts.ts';
import type { Log } from '../telemetry/log.ts';
import type { AlertChannel, AlertMessage } from '../transport/alert-channel.ts';

/** Well over what a channel may take for all that is claimed at once. */
const leaseS = 30;

export interface AlertDeps {
  readonly database: Pick<Database, 'query'>;
  /** The ways that are configured; each waits until its incident is so old. */
  readonly channels: readonly { way: AlertWay; send: AlertChannel; afterS: number }[];
  readonly apiUrl: string;
  readonly opsUrl: string;
  readonly log: Log;
}

/**
 * Wakes somebody for each incident, by each way that is configured: once, and again with another id when
 * that was owed anew. What is not taken is owed until it is, or until the incident is closed; after a crash
 * in between it may come twice, with the same id.
 */
export async function sendAlerts(deps: AlertDeps): Promise<void> {
  await Promise.all(deps.channels.map((channel) => sendBy(deps, channel)));
}

async function sendBy(
  deps: AlertDeps,
  { way, send, afterS }: AlertDeps['channels'][number],
): Promise<void> {
  const claim = { leaseId: randomUUID(), way, ageS: afterS, leaseS };
  const claimed = await claimAlerts(deps.database, claim);
  await Promise.all(
    claimed.map(async (alert) => {
      if (await send(messageOf(deps, alert))) return recordAlerted(deps.database, alert);
      deps.log.error('an alert was not taken', { code: alert.code, incidentId: alert.incidentId });
      await recordUnalerted(deps.database, alert);
    }),
  );
}

function messageOf(
  { apiUrl, opsUrl }: AlertDeps,
  { incidentId, number, code, openedAt }: ClaimedAlert,
): AlertMessage {
  return {
    id: number === 1 ? incidentId : `${incidentId}-${number}`,
    ...{ code, openedAt: openedAt.toISOString() },
    text: `${number === 1 ? 'Sotto' : 'Sotto, again'}: ${incidentWords[code].what}`,
    runbook: runbookUrl(apiUrl, code),
    incident: `${opsUrl}/incidents/${incidentId}`,
  };
}
