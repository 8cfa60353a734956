/** Whether somebody asked this process to stop, from now until `release`. */
export interface StopRequest {
  readonly signal: AbortSignal;
  release(): void;
}

const stopSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** One Ctrl+C may arrive twice, from the terminal and from npm: the second changes nothing. */
export function listenForStop(): StopRequest {
  const controller = new AbortController();
  const stop = () => controller.abort();
  for (const name of stopSignals) process.on(name, stop);
  return {
    signal: controller.signal,
    release() {
      for (const name of stopSignals) process.off(name, stop);
    },
  };
}

/** Rejects as soon as the stop is asked for; whatever it waited for goes on by itself. */
export async function unlessStopped<T>(signal: AbortSignal, promise: Promise<T>): Promise<T> {
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const abort = () => aborted.reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
