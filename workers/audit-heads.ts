import type { Config } from '../config/env.ts';
import type { KeyStore } from '../src/keys/key-store.ts';
import type { Database } from '../src/store/database.ts';
import type { Log } from '../src/telemetry/log.ts';
import { postAuditHeads } from '../src/transport/audit-heads-channel.ts';
import { openIncident } from '../src/usecases/open-incident.ts';
import { createAuditPublisher, headsEveryMs } from '../src/usecases/publish-audit-head.ts';
import type { Duty } from './duties.ts';

/** Telling outside how far the audit goes, each hour. Nothing that is sent waits for it. */
export function auditHeadsDuty({
  config,
  ...deps
}: {
  config: Config;
  database: Database;
  keys: KeyStore;
  log: Log;
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
    () => performance.now(),
  );
  return { name: 'audit-heads', everyMs: headsEveryMs, roundMaxMs: 600_000, run: publish };
}
