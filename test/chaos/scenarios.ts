import type { Scenario } from './scenario.ts';
import { apiKill } from './scenarios/api-kill.ts';
import { bells } from './scenarios/bells.ts';
import { callbacks } from './scenarios/callbacks.ts';
import { calm } from './scenarios/calm.ts';
import { clockChange } from './scenarios/clock-change.ts';
import { clockSkew } from './scenarios/clock-skew.ts';
import { commitUnknown } from './scenarios/commit-unknown.ts';
import { databaseFull } from './scenarios/database-full.ts';
import { mailCuts } from './scenarios/mail-cuts.ts';
import { nobodyFeeds } from './scenarios/nobody-feeds.ts';
import { postgresCut } from './scenarios/postgres-cut.ts';
import { postgresKill } from './scenarios/postgres-kill.ts';
import { postgresSilent } from './scenarios/postgres-silent.ts';
import { providerFaults } from './scenarios/provider-faults.ts';
import { queueAway } from './scenarios/queue-away.ts';
import {
  redisDown,
  redisEmptied,
  redisFailover,
  redisFull,
  redisHalfOpen,
} from './scenarios/redis-faults.ts';
import { schedulers } from './scenarios/schedulers.ts';
import { storm } from './scenarios/storm.ts';
import { versions } from './scenarios/versions.ts';
import { workerEnd } from './scenarios/worker-end.ts';
import { workerKill } from './scenarios/worker-kill.ts';
import { workerStop } from './scenarios/worker-stop.ts';

/** In the order in which they are played. */
export const scenarios: readonly Scenario[] = [
  calm,
  ...[workerKill, workerStop, workerEnd, schedulers, apiKill],
  ...[postgresKill, postgresCut, postgresSilent, commitUnknown, databaseFull],
  ...[queueAway, redisDown, redisEmptied, redisFull, redisHalfOpen, redisFailover],
  ...[bells, providerFaults, mailCuts, callbacks],
  ...[clockSkew, clockChange, storm, versions, nobodyFeeds],
];
