import type { Config } from '../config/env.ts';
import type { KeyStore } from '../src/keys/key-store.ts';
import type { Database } from '../src/store/database.ts';
import { maySend } from '../src/store/lives.ts';
import type { Log } from '../src/telemetry/log.ts';
import { postAuditHeads } from '../src/transport/audit-heads-channel.ts';
import { openIncident } from '../src/usecases/open-incident.ts';
import { createAuditPublisher, headsEveryMs } from '../src/usecases/publish-audit-head.ts';
import type { Duty } from './duties.ts';

/** How soon it is asked for again, while it waits or is not due. */
const askEveryMs = 10_000;

/**
 * Telling outside how far the audit goes, each hour. Nothing that is sent waits for it.
 *
 * After a restore what was told before is gone from the audit. So it waits until the database is admitted,
 * and until this process has marked it: whoever does knows of a restore that was dealt with elsewhere.
 */
export function auditHeadsDuty({
  config,
  isMarked,
  nowMs = () => performance.now(),
  ...deps
}: {
  config: Config;
  database: Database;
  keys: KeyStore;
  isMarked: () => boolean;
  log: Log;
  /** Milliseconds of a clock that never goes back. */
  nowMs?: () => number;
}): Duty {
  const { AUDIT_HEADS: file, AUDIT_HEADS_URL: url, JOURNAL: journal } = config;
  const publish = createAuditPublisher(
    {
      ...deps,
      file,
      journal,
      post: url && postAuditHeads(url),
      openIncident: (incident) => openIncident(deps, incident),
    },
    nowMs,
  );
  let toldAtMs = Number.NEGATIVE_INFINITY;
  return {
    name: 'audit-heads',
    everyMs: askEveryMs,
    roundMaxMs: 600_000,
    async run() {
      const startedAtMs = nowMs();
      if (startedAtMs - toldAtMs < headsEveryMs) return;
      if (!isMarked() || !(await maySend(deps.database))) return;
      await publish();
      toldAtMs = startedAtMs;
    },
  };
}
