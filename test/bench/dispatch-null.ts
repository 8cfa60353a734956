import { dispatchInLoop } from './dispatch-loop.ts';
import { dispatchWithSotto, type SetUp } from './dispatch-ours.ts';
import { dispatchWithPeer } from './dispatch-peer.ts';
import type { Contender, Measurement } from './measurement.ts';
import type { PeerQueue, PeerWrites } from './peer-design.ts';

const sotto = (name: string, setUp: SetUp): Contender => ({
  name,
  run: (ground, count) => dispatchWithSotto(ground, { ...setUp, count }),
});
const loop = (name: string, isSealed: boolean): Contender => ({
  name,
  run: (ground, count) => dispatchInLoop(ground, { count, isSealed }),
});
const peer = (name: string, queue: PeerQueue, writes: PeerWrites): Contender => ({
  name,
  run: (ground, count) => dispatchWithPeer(ground, { queue, writes, count }),
});

const ours = 'Sotto, queue on Redis';
const onPostgres = 'Sotto, queue on PostgreSQL';
const ofTwo = 'Sotto, two workers';
const withoutQueue = 'the same loop without a queue';
const withoutCrypto = 'PostgreSQL alone, without cryptography';
const limits = [withoutQueue, withoutCrypto];
const naive = 'naive BullMQ';
const naiveRows = 'naive BullMQ, the same rows';
const graphile = 'graphile-worker';
const graphileRows = 'graphile-worker, the same rows';
const boss = 'pg-boss';
const bossRows = 'pg-boss, the same rows';
const bossGroups = 'pg-boss, the same rows in groups';
const peers = [naive, naiveRows, graphile, graphileRows, boss, bossRows, bossGroups];

/** How many due reminders a second one worker process brings to a provider that costs nothing. */
export const dispatchNull: Measurement = {
  name: 'dispatch.null',
  about: [
    'Due reminders through one worker process to a transport that takes everything and sends nothing.',
    'Sotto: sealed rows, scheduler, queue, worker; each opened, linked, rendered, guarded, looked up',
    'among who said stop, with an intent before and an attempt and events after, all rows durable.',
    'Limits: one process that claims straight from PostgreSQL and sends by the same code and statements;',
    'the same where nothing is opened, signed or looked up.',
    'Peers: a delayed job for each that holds all of it in the clear; a link signed with jose, the date in',
    'words, one write to PostgreSQL after each; no seal, no guard, no leases; 20 connections. "The same',
    'rows": the intent, attempt and events that Sotto writes, by a statement before and one after each.',
    'BullMQ: 50 at once. graphile-worker: 100 at once, local queue of 500, completed in groups. pg-boss:',
    '4 lots of 200 at once, next lot at once; "in groups": one statement for all rows of a lot.',
    'Peers get a fifth as many. Each is checked to have gone out exactly once.',
  ],
  counts: { full: 10_000, quick: 2_000 },
  contenders: [
    sotto(ours, {}),
    sotto(onPostgres, { queue: 'postgres' }),
    sotto(ofTwo, { workers: 2 }),
    loop(withoutQueue, true),
    loop(withoutCrypto, false),
    peer(naive, 'bullmq', 'outcome'),
    peer(naiveRows, 'bullmq', 'all-rows'),
    peer(graphile, 'graphile-worker', 'outcome'),
    peer(graphileRows, 'graphile-worker', 'all-rows'),
    peer(boss, 'pg-boss', 'outcome'),
    peer(bossRows, 'pg-boss', 'all-rows'),
    peer(bossGroups, 'pg-boss', 'all-rows-in-groups'),
  ],
  figures: [
    {
      ...{ name: 'dispatch.null', contender: ours, measure: 'reminders/s', limits, peers },
      targets: [
        { least: 0.8, of: withoutQueue },
        { least: 2.5, of: naive },
        { least: 4, of: naiveRows },
        { least: 3, of: graphileRows },
        { least: 3, of: bossRows },
      ],
    },
    {
      ...{ name: 'dispatch.null.postgres-queue', contender: onPostgres, measure: 'reminders/s' },
      ...{ limits, peers: [naive] },
    },
    {
      ...{ name: 'dispatch.null.two-workers', contender: ofTwo, measure: 'reminders/s' },
      peers: [ours],
    },
    {
      ...{ name: 'dispatch.null.node-cpu', contender: ours, measure: 'node us' },
      ...{ unit: 'us a reminder', limits, peers: [naive], targets: [{ atMost: 250 }] },
    },
    {
      ...{ name: 'dispatch.null.postgres-cpu', contender: ours, measure: 'postgres us' },
      ...{ unit: 'us a reminder', limits, peers: [naive], targets: [{ atMost: 200 }] },
    },
  ],
};
