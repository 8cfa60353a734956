/** What carries the jobs of a peer. */
export const peerQueues = ['bullmq', 'graphile-worker', 'pg-boss'] as const;
export type PeerQueue = (typeof peerQueues)[number];

/**
 * What a peer writes of each reminder: its outcome; every row that Sotto writes, a statement before and one
 * after each; or those for all jobs that it was given together.
 */
export const peerWrites = ['outcome', 'all-rows', 'all-rows-in-groups'] as const;
export type PeerWrites = (typeof peerWrites)[number];

/** What lies in the queue for each reminder, in the clear. */
export interface PeerJob {
  readonly id: string;
  readonly name: string;
  readonly phone: string;
  readonly place: string;
  readonly at: string;
}

export const jobOf = (id: string): PeerJob => ({
  id,
  name: 'Camille Example',
  phone: '+33639980099',
  place: 'Example house, 1 Example Street',
  at: '2026-12-03T10:30:00+01:00',
});

export const queueName = 'reminders';
/** For what a peer writes itself; what its queue needs comes on top. */
export const connectionsMax = 20;
