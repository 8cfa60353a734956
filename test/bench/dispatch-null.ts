import { dispatchNaively } from './dispatch-naive.ts';
import { dispatchWithSotto } from './dispatch-ours.ts';
import type { Measurement } from './measurement.ts';

/** How many due reminders a second one worker process brings to a provider that costs nothing. */
export const dispatchNull: Measurement = {
  name: 'dispatch.null',
  unit: 'reminders/s',
  about: [
    'Due reminders through one worker process to a transport that takes everything and sends nothing.',
    'Sotto: sealed rows, scheduler, queue, worker; each opened, linked, rendered, guarded, looked up',
    'among who said stop, with an intent before and an attempt and events after, all rows durable.',
    'Naive: a delayed BullMQ job for each, holding the text in the clear; 50 at once; no link, no seal.',
    'Each is checked to have gone out exactly once.',
  ],
  counts: { full: 5_000, quick: 1_500 },
  ours: [
    {
      figure: 'dispatch.null',
      name: 'Sotto, queue on Redis',
      run: (ground, count) => dispatchWithSotto(ground, { count, queue: 'redis' }),
    },
    {
      figure: 'dispatch.null.postgres-queue',
      name: 'Sotto, queue on PostgreSQL',
      run: (ground, count) => dispatchWithSotto(ground, { count, queue: 'postgres' }),
    },
  ],
  peers: [
    {
      name: 'naive BullMQ, one write each',
      run: (ground, count) => dispatchNaively(ground, { count, writes: 'outcome' }),
    },
    {
      name: 'naive BullMQ, all rows that Sotto writes',
      run: (ground, count) => dispatchNaively(ground, { count, writes: 'all-rows' }),
    },
  ],
};
