import { startChild } from './child.ts';
import type { Ground } from './ground.ts';
import type { Run } from './measurement.ts';
import type { Provider } from './providers.ts';

/** A loop around a provider's library and nothing else: one text, as many connections as Sotto has. */
export async function dispatchBare(
  ground: Ground,
  { count, library, provider }: { count: number; library: string; provider: Provider },
): Promise<Run> {
  const child = await startChild('bare-sender.ts', { ...provider.env, BARE_LIBRARY: library });
  try {
    await child.ask(provider.warmUp);
    const meter = ground.startMeter([child.pid]);
    const seconds = await child.ask<number>(count);
    return { 'reminders/s': count / seconds, ...meter.perOne(count) };
  } finally {
    await child.stop();
  }
}
