import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { administer } from '../../src/store/administration.ts';
import type { AnyConnection } from '../../src/store/database.ts';
import { endPause } from '../../src/usecases/end-pause.ts';
import { type PauseDeps, pauseSending } from '../../src/usecases/pause-sending.ts';
import { previewResume } from '../../src/usecases/preview-resume.ts';
import { resumeSending } from '../../src/usecases/resume-sending.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createDispatchBench } from '../support/dispatch-bench.ts';
import { type MessagesPeer, startMessagesPeer } from '../support/messages-peer.ts';

let database: TestDatabase;
let peer: MessagesPeer;
let bench: ReturnType<typeof createDispatchBench>;
let mine: string;
let other: string;

beforeAll(async () => {
  database = await createTestDatabase();
  peer = await startMessagesPeer();
  bench = createDispatchBench(database, peer);
});
afterAll(async () => {
  await peer.close();
  await database.drop();
});
afterEach(() => database.admin.query('truncate organisations, batches, heartbeats, audit cascade'));

const everything = { organisationId: undefined, channel: undefined };
const why = { actor: 'tester', reason: 'an incident' };

/** Who may pause: an administrator, and the ops role for an operator. */
const ways: [string, () => PauseDeps][] = [
  [
    'an administrator',
    () => ({
      transaction: <T>(work: (connection: AnyConnection) => Promise<T>) =>
        administer(database.adminUrl, work),
    }),
  ],
  [
    'the ops role',
    () => {
      const asOps = database.open('ops', 1);
      return {
        transaction: <T>(work: (connection: AnyConnection) => Promise<T>) =>
          asOps.transaction([mine, other], work),
      };
    },
  ],
];

async function seedBoth() {
  mine = await database.createOrganisation();
  other = await database.createOrganisation();
  for (const organisationId of [mine, other]) {
    await bench.seed({ organisationId, count: 2, mode: 'live', channels: ['sms'] });
  }
}

async function fedOrganisations() {
  await bench.feed();
  const rows = await bench.rows(
    `select distinct organisation_id as id from reminders where state = 'queued'`,
  );
  return rows.map(({ id }) => id as string).sort();
}

describe.each(ways)('a pause by %s', (_, depsOf) => {
  it.each([
    ['everything', () => everything, 0],
    ['a channel', () => ({ organisationId: undefined, channel: 'sms' as const }), 0],
    ['the other channel', () => ({ organisationId: undefined, channel: 'email' as const }), 2],
    ['an organisation', () => ({ organisationId: mine, channel: undefined }), 1],
    ['a channel of one', () => ({ organisationId: mine, channel: 'sms' as const }), 1],
    ['its other channel', () => ({ organisationId: mine, channel: 'email' as const }), 2],
  ])('of %s holds that and nothing else, until it is resumed', async (_what, scopeOf, left) => {
    await seedBoth();
    const deps = depsOf();
    const scope = scopeOf();
    expect(await pauseSending(deps, { ...scope, ...why })).toBe(true);
    const fed = await fedOrganisations();
    expect(fed).toHaveLength(left);
    if (left === 1) expect(fed).toEqual([other]);
    expect(await resumeSending(deps, { ...scope, ...why })).toBe(true);
    expect(await fedOrganisations()).toEqual([mine, other].sort());
  });

  it('is one however often it is asked for, and each change is a line in the audit', async () => {
    await seedBoth();
    const deps = depsOf();
    const scope = { organisationId: mine, channel: 'sms' as const };
    const asked = await Promise.all([1, 2, 3].map(() => pauseSending(deps, { ...scope, ...why })));
    expect(asked.filter(Boolean)).toHaveLength(1);
    for (const not of [
      everything,
      { organisationId: mine, channel: undefined },
      { organisationId: undefined, channel: 'sms' as const },
      { organisationId: other, channel: 'sms' as const },
    ]) {
      expect(await resumeSending(deps, { ...not, ...why })).toBe(false);
    }
    expect(await resumeSending(deps, { ...scope, ...why })).toBe(true);
    expect(await resumeSending(deps, { ...scope, ...why })).toBe(false);
    const { rows } = await database.admin.query(
      'select actor, action, organisation_id, subject, reason from audit order by id',
    );
    const line = { actor: 'tester', organisation_id: mine, subject: 'channel=sms' };
    expect(rows).toEqual([
      { ...line, action: 'sending.pause', reason: 'an incident' },
      { ...line, action: 'sending.resume', reason: 'an incident' },
    ]);
  });

  it('can be looked at before it ends: what goes out, what stays held, what has expired', async () => {
    await seedBoth();
    const deps = depsOf();
    await bench.seed({ organisationId: mine, count: 3, mode: 'test' });
    // Neither due, nor of this channel.
    await bench.seed({ organisationId: mine, count: 1, dueInMs: 3_600_000 });
    await bench.seed({ organisationId: mine, count: 1, channels: ['email'] });
    // Before the pause, so not because of it.
    await bench.seed({ organisationId: mine, count: 1, state: 'expired', notAfterInMs: -1_000 });
    await pauseSending(deps, { ...everything, channel: 'sms', ...why });
    await pauseSending(deps, { organisationId: other, channel: undefined, ...why });
    await bench.seed({ organisationId: mine, count: 4, state: 'expired', notAfterInMs: 1 });
    await bench.seed({ organisationId: mine, count: 1, notAfterInMs: -1 });

    const scope = { organisationId: undefined, channel: 'sms' as const };
    const preview = await previewResume(deps, scope);
    expect(preview.pause).toMatchObject({ channel: 'sms', reason: 'an incident' });
    expect(preview.others).toHaveLength(1);
    expect(new Set(preview.held)).toEqual(
      new Set([
        { organisationId: mine, mode: 'live', goingOut: 2, stillHeld: 0, expired: 5 },
        { organisationId: mine, mode: 'test', goingOut: 3, stillHeld: 0, expired: 0 },
        { organisationId: other, mode: 'live', goingOut: 0, stillHeld: 2, expired: 0 },
      ]),
    );
    expect((await previewResume(deps, scope)).pause).toEqual(preview.pause);
  });

  it('is ended only if it is the one that was looked at', async () => {
    const deps = depsOf();
    const scope = { ...everything, channel: 'sms' as const };
    await pauseSending(deps, { ...scope, ...why });
    const first = await previewResume(deps, scope);
    expect(first.by).toBe(why.actor);
    await resumeSending(deps, { ...scope, ...why });
    await pauseSending(deps, { ...scope, ...why });
    const late = { pauseId: first.pause?.id ?? '', shown: 0, aloneMax: 0, ...why };
    expect(await endPause({ database: database.open('ops', 1) }, late)).toEqual({ kind: 'over' });
    expect((await previewResume(deps, scope)).pause).toBeDefined();
  });

  it('that is not there has nothing to show', async () => {
    await seedBoth();
    expect(await previewResume(depsOf(), everything)).toEqual({
      pause: undefined,
      held: [],
      others: [],
    });
  });
});

it('nothing is paused of an organisation that does not exist', async () => {
  const deps = ways[0]?.[1]() as PauseDeps;
  await expect(
    pauseSending(deps, { organisationId: randomUUID(), channel: undefined, ...why }),
  ).rejects.toMatchObject({ code: 'not_found' });
});
