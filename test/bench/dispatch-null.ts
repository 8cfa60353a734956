import { dispatchNaively } from './dispatch-naive.ts';
import { dispatchWithSotto } from './dispatch-ours.ts';
import type { Measurement } from './measurement.ts';

const ours = 'Sotto, queue on Redis';
const onPostgres = 'Sotto, queue on PostgreSQL';
const naive = 'naive, signed link, one write each';
const naiveAllRows = 'naive, signed link, the rows that Sotto writes';
const naiveUnsigned = 'naive, no link, one write each';
const peers = [naive, naiveAllRows, naiveUnsigned];

/** How many due reminders a second one worker process brings to a provider that costs nothing. */
export const dispatchNull: Measurement = {
  name: 'dispatch.null',
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
  contenders: [
    {
      name: ours,
      run: (ground, count) => dispatchWithSotto(ground, { count, queue: 'redis' }),
    },
    {
      name: onPostgres,
      run: (ground, count) => dispatchWithSotto(ground, { count, queue: 'postgres' }),
    },
    {
      name: naive,
      run: (ground, count) =>
        dispatchNaively(ground, { count, writes: 'outcome', signsLink: true }),
    },
    {
      name: naiveAllRows,
      run: (ground, count) =>
        dispatchNaively(ground, { count, writes: 'all-rows', signsLink: true }),
    },
    {
      name: naiveUnsigned,
      run: (ground, count) =>
        dispatchNaively(ground, { count, writes: 'outcome', signsLink: false }),
    },
  ],
  figures: [
    {
      ...{ name: 'dispatch.null', contender: ours, measure: 'reminders/s', peers },
      targets: [
        { least: 2.5, of: naive },
        { least: 4, of: naiveAllRows },
      ],
    },
    { name: 'dispatch.null.postgres-queue', contender: onPostgres, measure: 'reminders/s', peers },
    {
      ...{ name: 'dispatch.null.node-cpu', contender: ours, measure: 'node us', peers },
      ...{ unit: 'us a reminder', targets: [{ atMost: 250 }] },
    },
    {
      ...{ name: 'dispatch.null.postgres-cpu', contender: ours, measure: 'postgres us', peers },
      ...{ unit: 'us a reminder', targets: [{ atMost: 200 }] },
    },
  ],
};
