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
    'Naive: a delayed BullMQ job for each on Redis, holding all of it in the clear; 50 at once, each',
    'with its date in words and its own writes; a link signed with jose where it says so; no seal, no',
    'guard, no leases.',
    'Each is checked to have gone out exactly once.',
  ],
  counts: { full: 10_000, quick: 1_500 },
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
      name: 'naive, signed link, one write each',
      run: (ground, count) =>
        dispatchNaively(ground, { count, writes: 'outcome', signsLink: true }),
    },
    {
      name: 'naive, signed link, the rows that Sotto writes',
      run: (ground, count) =>
        dispatchNaively(ground, { count, writes: 'all-rows', signsLink: true }),
    },
    {
      name: 'naive, no link, one write each',
      run: (ground, count) =>
        dispatchNaively(ground, { count, writes: 'outcome', signsLink: false }),
    },
  ],
};
