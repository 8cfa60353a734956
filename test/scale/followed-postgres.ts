import { startFaultProxy } from '../chaos/stage/fault-proxy.ts';
import type { Stage } from '../chaos/stage/stage.ts';
import { startTestPostgres, type TestPostgres } from '../support/embedded-postgres.ts';
import { followedSettings, promote, startStandby } from '../support/postgres-standby.ts';

/** A PostgreSQL, and one after the other the standbys that take its place. */
export interface FollowedPostgres {
  readonly first: TestPostgres;
  /** Starts a standby of the one that is in use. */
  follow(): Promise<void>;
  /** From now on the standby hears nothing of what is written. */
  cutOff(): void;
  /** Kills the one that is in use, and has its standby take its place. @returns how long that took */
  takeOver(stage: Stage): Promise<{ tookMs: number }>;
  close(): Promise<void>;
}

/** @param options.isSynchronous whether nothing is confirmed that the standby lacks */
export async function startFollowedPostgres(options: {
  isSynchronous: boolean;
}): Promise<FollowedPostgres> {
  const first = await startTestPostgres({ settings: followedSettings });
  const toFollowed = await startFaultProxy(first.port);
  let inUse = first;
  let next: TestPostgres | undefined;
  return {
    first,
    async follow() {
      toFollowed.heal();
      toFollowed.leadTo(inUse.port);
      next = await startStandby(inUse, { ...options, port: toFollowed.port });
    },
    cutOff: toFollowed.stall,
    async takeOver(stage) {
      if (!next) throw new TypeError('no standby');
      await inUse.kill();
      const killedAt = performance.now();
      await promote(next);
      stage.leadToPostgres(next);
      const tookMs = performance.now() - killedAt;
      await inUse.stop();
      [inUse, next] = [next, undefined];
      return { tookMs };
    },
    async close() {
      await next?.stop();
      await toFollowed.close();
    },
  };
}
