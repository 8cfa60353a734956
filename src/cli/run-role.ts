import { type Config, loadConfig } from '../../config/env.ts';
import { limits } from '../../config/limits.ts';
import { onParentGone, reportReady } from '../supervisor/parent.ts';

const lastBreathMs = 500;

/** A role that runs until it is closed. */
interface Running {
  /** Resolves when it can no longer do its work: it ends, for its supervisor to start another. */
  readonly broken?: Promise<void>;
  close(): Promise<void>;
}

/**
 * Runs one role in this process until a signal comes, the supervisor is gone or it can do its work no
 * longer, then lets it finish what is under way, for a bounded time.
 *
 * @returns the exit code: 0 if it was asked to end
 */
export async function runRole(start: (config: Config) => Promise<Running>): Promise<number> {
  const stopped = new Promise<void>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(signal, resolve);
    onParentGone(resolve);
  });
  const running = await start(loadConfig(process.env));
  reportReady();
  const asked = stopped.then(() => 0);
  const exitCode = await (running.broken
    ? Promise.race([asked, running.broken.then(() => 1)])
    : asked);
  // What still hangs then is left to the leases and the sweeper, as after a crash.
  const late = setTimeout(() => process.exit(1), limits.shutdownMs).unref();
  await running.close();
  clearTimeout(late);
  // A library may still hold a connection that it was just opening; nothing of ours is undone.
  setTimeout(() => process.exit(exitCode), lastBreathMs).unref();
  return exitCode;
}
