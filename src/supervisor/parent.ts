import { flushCompileCache } from 'node:module';

/** How often a role says to its supervisor that it lives. */
const aliveMs = 5_000;

/**
 * Tells the supervisor that this process takes work now. Does nothing in a process that was started
 * by hand or by another supervisor (systemd, Docker). From then on it says again and again that it
 * lives: one that hangs says nothing, and is replaced.
 */
export function reportReady(): void {
  // The next start of any role finds its modules compiled; a role that is killed never flushes.
  flushCompileCache();
  say('ready');
  say('alive');
  if (process.send) setInterval(() => say('alive'), aliveMs).unref();
}

function say(word: 'ready' | 'alive'): void {
  if (process.connected) process.send?.(word, undefined, undefined, () => {});
}

/**
 * Calls back when the supervisor is gone, however it went. End then within 8 s: what is left after
 * that is killed, and the database stops about then.
 */
export function onParentGone(callback: () => void): void {
  if (!process.send) return;
  // With the supervisor gone nobody reads what is printed, which must not end the process early.
  process.stdout.on('error', () => {});
  process.stderr.on('error', () => {});
  if (!process.connected) {
    queueMicrotask(callback);
    return;
  }
  process.once('disconnect', callback);
  // Listening would else keep a role alive that has closed everything and is done.
  process.channel?.unref();
}
