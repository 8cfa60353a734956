import type { Booking, WantedMoments } from '../../src/store/sender-paces.ts';

/** For a sender whose provider counts nothing: every message may leave now. */
export async function bookAtOnce({ wanted }: WantedMoments): Promise<Booking> {
  return { count: wanted, firstInMs: 0 };
}
