import { type Config, loadConfig } from '../../config/env.ts';
import { limits } from '../../config/limits.ts';
import { onParentGone, reportReady } from '../supervisor/parent.ts';

const lastBreathMs = 500;

/** A role that runs until it is closed. */
interface Running {
  close(): Promise<void>;
}

/**
 * Runs one role in this process until a signal comes or the supervisor is gone, then lets it finish
 * what is under way, for a bounded time.
 */
export async function runRole(start: (config: Config) => Promise<Running>): Promise<number> {
  const stopped = new Promise<void>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(signal, resolve);
    onParentGone(resolve);
  });
  const running = await start(loadConfig(process.env));
  reportReady();
  await stopped;
  // What still hangs then is left to the leases and the sweeper, as after a crash.
  const late = setTimeout(() => process.exit(1), limits.shutdownMs).unref();
  await running.close();
  clearTimeout(late);
  // A library may still hold a connection that it was just opening; nothing of ours is undone.
  setTimeout(() => process.exit(0), lastBreathMs).unref();
  return 0;
}
