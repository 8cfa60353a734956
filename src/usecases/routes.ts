import type { Channel } from '../domain/channel.ts';
import type { Lane } from '../domain/lane.ts';
import type { Secret } from '../domain/secret.ts';
import type { Transport } from '../transport/transport.ts';
import type { SendBreaker } from './send-breaker.ts';
import type { SendSlots } from './send-slots.ts';
import type { SenderPace } from './sender-pace.ts';

/** A contact point that a provider says has opted out. */
export interface OptedOut {
  readonly channel: Channel;
  readonly contact: Secret<string>;
}

/** How the messages of one lane leave a process, apart from every other lane's. */
export interface Route {
  readonly transport: Transport;
  readonly breaker: SendBreaker;
  readonly slots: SendSlots;
  /** Shared by all lanes of one sender; absent where nobody counts. */
  readonly pace?: SenderPace | undefined;
  /**
   * Nobody real is written to here. Then it is not looked up who said stop: a test message would tell
   * of any number, unseen by its owner, whether it did.
   */
  readonly reachesNobody?: boolean | undefined;
  /** Absent where nobody real is written to: what is said of a contact there is true of nobody. */
  readonly recordOptOut?: ((said: OptedOut) => Promise<unknown>) | undefined;
}

/** Whose messages are to go out, where that matters: the canary's go to itself alone. */
export interface RoutedLane extends Lane {
  readonly organisationId?: string;
}

/** The routes of a process; none for a channel that it cannot send on. */
export type RouteOf = (lane: RoutedLane) => Route | undefined;
