import { type Lane, laneKey } from '../../src/domain/lane.ts';
import { type ReminderState, toldStates } from '../../src/domain/reminder.ts';
import type { SendAnswer } from '../../src/domain/send-check.ts';
import { readOpenQuestions, recordAnswers } from '../../src/store/send-questions.ts';
import { endUnanswered, markUnanswered } from '../../src/store/unanswered.ts';
import { feedDueReminders, newFeedCursor } from '../../src/usecases/feed-due-reminders.ts';
import { leaveStuckLanes } from '../../src/usecases/leave-stuck-lanes.ts';
import { pauseSending } from '../../src/usecases/pause-sending.ts';
import {
  type DeliveryReceipt,
  recordDeliveryReceipts,
} from '../../src/usecases/record-delivery-receipt.ts';
import { redriveReminder } from '../../src/usecases/redrive-dead-letters.ts';
import { resumeSending } from '../../src/usecases/resume-sending.ts';
import { sweepExpired, sweepLeases } from '../../src/usecases/sweep-leases.ts';
import { deleteAppointment, drawWanted, putAppointment, sameWanted } from './booking.ts';
import { type Fault, faults } from './io.ts';
import { moods } from './provider.ts';
import { createRandom, type Random } from './random.ts';
import { admit, backUp, restore } from './restore.ts';
import { silentLog } from './worker.ts';
import { grant, lanes, untilNext, type World } from './world.ts';

const weights = {
  put: 2.5,
  delete: 1,
  feed: 5,
  bell: 5,
  go: 12,
  turn: 6,
  sweep: 3,
  expire: 0.7,
  settle: 4,
  receipts: 5,
  kill: 2,
  mood: 4,
  pause: 1,
  resume: 1,
  redrive: 2,
  stop: 0.4,
  spoil: 0.4,
  leave: 0.6,
  ask: 1,
  again: 0.6,
} as const;
/** What a schedule has seldom, and then at a place of its own. */
type SeldomKind = 'backup' | 'restore' | 'admit';
export type StepKind = keyof typeof weights | SeldomKind;

/** One thing that happens. What it draws, it draws from its own seed, whatever came before. */
export interface Step {
  readonly kind: StepKind;
  readonly seed: number;
}

const kinds = Object.keys(weights) as (keyof typeof weights)[];
const total = Object.values(weights).reduce((sum, weight) => sum + weight, 0);

/** Puts a backup between the steps, a restore after it, and perhaps a scheduler that deals with it and more. */
export function withRestore(random: Random, steps: readonly Step[]): Step[] {
  const seldom: readonly SeldomKind[] = random.chance(0.8)
    ? ['backup', 'restore', 'admit']
    : ['backup', 'restore', 'admit', 'restore', 'admit'];
  const all = steps.slice();
  let at = 1;
  for (const kind of seldom) {
    at = Math.min(at + random.below(Math.ceil(steps.length / 2)), all.length);
    all.splice(at, 0, { kind, seed: Math.floor(random.next() * 2 ** 32) });
    at += 1;
  }
  return all;
}

export function drawSteps(random: Random, count: number): Step[] {
  return Array.from({ length: count }, (_, place) => {
    const seed = Math.floor(random.next() * 2 ** 32);
    return { kind: place === 0 ? 'put' : drawKind(random), seed };
  });
}

function drawKind(random: Random): StepKind {
  let at = random.next() * total;
  for (const kind of kinds) {
    at -= weights[kind];
    if (at < 0) return kind;
  }
  return 'go';
}

/** Lets one thing happen, and checks what was promised. */
export async function take(world: World, { kind, seed }: Step): Promise<void> {
  world.random = createRandom(seed);
  await acts[instead(world, kind)](world, world.random);
  world.watch.look();
}

/** What there is something to do of: a schedule whose steps do nothing finds nothing. */
function instead(world: World, kind: StepKind): StepKind {
  const { tables, io, bells, provider } = world;
  if (kind === 'backup' || kind === 'restore' || kind === 'admit') return kind;
  const has = (state: ReminderState) => tables.reminders.some((row) => row.state === state);
  // What would come up too seldom: a late word about what is to be sent again or was given up, a
  // person who sends again, an end that is asked for while a send is in the air.
  if (world.random.chance(0.4) && provider.owed.some((one) => isLate(world, one))) {
    return 'receipts';
  }
  if (has('failed') && world.random.chance(0.25)) return 'redrive';
  if (has('undelivered') && aheadOf(world).some((one) => isUnheard(world, one))) {
    if (world.random.chance(0.7)) return 'again';
  }
  if (kind === 'put' && has('sending')) return world.random.chance(0.6) ? 'delete' : 'put';
  const isDue = () => has('scheduled') || has('queued') || has('sending') || has('uncertain');
  const orElse = (isUseful: boolean): StepKind => {
    if (isUseful) return kind;
    if (io.waiting.length > 0) return 'go';
    return isDue() ? 'turn' : 'put';
  };
  switch (kind) {
    case 'go':
      return orElse(io.waiting.length > 0);
    case 'bell':
      return bells.length > 0 ? 'bell' : 'feed';
    case 'feed':
    case 'ask':
      if (tables.checks.length > 0 && has('scheduled')) {
        return world.random.chance(0.5) ? 'ask' : 'feed';
      }
      return kind === 'ask' && has('scheduled') ? 'feed' : orElse(has('scheduled'));
    case 'turn':
      return orElse(isDue());
    case 'receipts':
      return orElse(provider.owed.length > 0);
    case 'settle':
      return orElse(has('uncertain'));
    case 'sweep':
      return orElse(has('queued') || has('sending'));
    case 'redrive':
      return orElse(has('failed'));
    case 'again':
      return orElse(aheadOf(world).length > 0);
    case 'resume':
      return orElse(tables.pauses.some(({ ended_at: at }) => at === null));
    default:
      return kind;
  }
}

const actor = { actor: 'simulation', reason: 'simulated' };

const acts: Record<StepKind, (world: World, random: Random) => Promise<void>> = {
  async put(world, random) {
    const booked = drawBooked(world, random);
    const stored = world.tables.appointments.find(
      (row) => row.reference === booked.reference && row.deleted_at === null,
    );
    const wanted = drawWanted(random, {
      nowMs: world.nowMs(),
      startMs: stored?.starts_at,
      revision: world.usesRevisions ? world.nowMs() % 2_000_000_000 : undefined,
    });
    const { status, notice, startsAt, reminders, linkChannels } = wanted;
    world.tell(
      () =>
        `PUT ${booked.reference} ${status} ${startsAt} ${notice} [${linkChannels}] ` +
        reminders.map((one) => `${one.before} ${one.channel} ${one.skipped ?? ''}`).join(', '),
    );
    await world.runAs('api', (database) =>
      putAppointment({ database, ...world }, { ...booked, wanted }),
    );
  },

  async delete(world, random) {
    const booked = drawBooked(world, random);
    const erase = random.chance(0.3);
    world.tell(() => `DELETE ${booked.reference}${erase ? ' erase' : ''}`);
    const stored = world.tables.appointments.find(
      (row) => row.reference === booked.reference && row.deleted_at === null,
    );
    await world.runAs('api', (database) =>
      deleteAppointment({ database, ...world }, { ...booked, erase }),
    );
    if (!stored?.deleted_at) return;
    for (const row of world.tables.reminders) {
      if (row.appointment_id === stored.id && row.state === 'sending') world.watch.endAsked(row.id);
    }
  },

  async feed(world, random) {
    const before = world.bells.length;
    await feed(world, { isHeard: () => random.chance(0.9) });
    if (world.bells.length > before && random.chance(0.6)) await acts.bell(world, random);
  },

  async bell(world, random) {
    if (world.bells.length === 0) return;
    const place = random.chance(0.7) ? world.bells.length - 1 : random.below(world.bells.length);
    const batchId = world.bells[place] ?? '';
    const worker = random.pick(world.workers);
    world.tell(() => `bell ${place + 1} for ${worker.process.name}`);
    worker.dispatch(batchId);
    await Promise.resolve();
  },

  async go(world, random) {
    const count = random.chance(0.25) ? 40 : 1 + random.below(6);
    for (let made = 0; made < count && world.io.waiting.length > 0; made += 1) {
      await grant(world, random.below(world.io.waiting.length), drawFault(random));
    }
  },

  async turn(world, random) {
    const ms = random.chance(0.6)
      ? untilNext(world, { isPatient: false }) + random.pick([0, 0, 1_000])
      : random.pick([1_000, 5_000, 16_000, 61_000, 120_000, 600_000, 3_600_000]);
    world.tell(() => `the clock turns by ${ms / 1_000} s`);
    await world.turnClock(ms);
  },

  sweep: (world) => sweep(world),
  expire: (world) => expire(world),

  async settle(world, random) {
    const worker = random.pick(world.workers);
    world.tell(() => `${worker.process.name} begins to settle`);
    worker.settle(random.pick(lanes));
  },

  receipts: (world, random) => tellReceipts(world, random),

  async kill(world, random) {
    const place = random.below(world.workers.length);
    world.tell(() => `worker ${place + 1} is killed and replaced`);
    world.restart(place);
  },

  async mood(world, random) {
    const { channel } = random.pick(lanes);
    const mood = random.chance(0.3) ? 'accepts' : random.pick(moods);
    world.provider.mood[channel] = mood;
    world.provider.redacts = random.chance(0.15);
    world.tell(
      () => `the ${channel} provider ${mood}${world.provider.redacts ? ', textless' : ''}`,
    );
  },

  async pause(world, random) {
    const scope = drawScope(world, random);
    world.tell(() => `pause ${JSON.stringify(scope)}`);
    await world.runAs('ops', (database) =>
      pauseSending(
        { transaction: (work) => database.transaction(world.organisationIds, work) },
        { ...actor, ...scope },
      ),
    );
  },

  async resume(world, random) {
    const open = world.tables.pauses.filter(({ ended_at: at }) => at === null);
    if (open.length > 0) await resume(world, random.pick(open));
  },

  async redrive(world, random) {
    const failed = world.tables.reminders.filter(({ state }) => state === 'failed');
    const all = failed.length > 0 ? failed : world.tables.reminders;
    if (all.length === 0) return;
    const { id: reminderId } = random.pick(all);
    world.tell(() => `redrive ${reminderId.slice(-2)}`);
    await world.runAs('ops', (database) => redriveReminder({ database }, { reminderId, ...actor }));
  },

  async stop(world, random) {
    const row = world.tables.reminders[random.below(world.tables.reminders.length)];
    if (!row) return;
    world.tell(() => `STOP by ${row.channel} of ${row.id.slice(-2)}`);
    world.stopped.add(`${row.id} ${row.channel}`);
  },

  async spoil(world, random) {
    const row = world.tables.reminders[random.below(world.tables.reminders.length)];
    if (!row) return;
    const reason = random.pick(['LEAK_GUARD', 'cannot_open', 'no_link_key'] as const);
    world.tell(() => `${row.id.slice(-2)} will not open: ${reason}`);
    world.spoilt.set(row.id, reason);
  },

  ask: (world, random) =>
    askBookingSystems(world, () =>
      random.pick(['proceed', 'proceed', 'proceed', 'drop', 'inconclusive', 'inconclusive']),
    ),

  // Links that nobody has tried are sealed anew, also where the other did not arrive.
  async again(world, random) {
    const ahead = aheadOf(world);
    const of = ({ id }: { id: string }) =>
      world.tables.reminders.filter((row) => row.appointment_id === id);
    const unheard = ahead.filter((one) => isUnheard(world, one));
    const stored = random.pick(unheard.length > 0 ? unheard : ahead);
    if (!stored) return;
    const { organisation_id: organisationId, reference, starts_at: startMs } = stored;
    world.tell(() => `PUT ${reference} as it was`);
    const nowMs = world.nowMs();
    const revision = world.usesRevisions ? nowMs % 2_000_000_000 : undefined;
    const wanted = sameWanted(of(stored), { nowMs, startMs, revision });
    await world.runAs('api', (database) =>
      putAppointment({ database, ...world }, { organisationId, reference, wanted }),
    );
    if (unheard.length > 0 && world.provider.owed.length > 0) await tellReceipts(world, random);
  },

  backup: async (world) => backUp(world),
  restore: (world, random) => restore(world, random),
  admit: (world, random) => admit(world, { dies: random.chance(0.3) }),

  async leave(world) {
    world.tell(() => 'reminders leave stuck lanes');
    await world.heartbeats();
    await world.runAs('scheduler', (database) =>
      leaveStuckLanes({ database, log: silentLog }, { available: ['sms', 'email'] }),
    );
  },
};

/** Appointments that could be put again as they are. */
function aheadOf({ tables, nowMs }: World) {
  return tables.appointments.filter(
    (row) => row.deleted_at === null && row.state === 'booked' && row.starts_at > nowMs(),
  );
}

/** It did not arrive, and there is another way that was not tried. */
function isUnheard({ tables }: World, { id }: { id: string }): boolean {
  return tables.reminders.some(
    (row) =>
      row.appointment_id === id &&
      row.state === 'undelivered' &&
      tables.links.some(
        (link) =>
          link.reminder_id === row.id &&
          link.channel !== row.channel &&
          link.attempted_at === null &&
          link.revoked_at === null,
      ),
  );
}

function drawBooked(world: World, random: Random) {
  const { appointments } = world.tables;
  if (appointments.length > 0 && random.chance(0.6)) {
    const { organisation_id: organisationId, reference } = random.pick(appointments);
    return { organisationId, reference };
  }
  const organisationId = random.pick(world.organisationIds);
  return { organisationId, reference: `${organisationId.slice(-1)}-${random.pick(['a', 'b'])}` };
}

function drawScope(world: World, random: Random) {
  return {
    organisationId: random.chance(0.5) ? random.pick(world.organisationIds) : undefined,
    channel: random.chance(0.5) ? random.pick(lanes).channel : undefined,
  };
}

/** Most calls are answered. */
function drawFault(random: Random): Fault {
  return random.chance(0.93) ? 'none' : random.pick(faults);
}

/** Takes what is due of every lane; a bell may be lost. */
export async function feed(world: World, { isHeard }: { isHeard: () => boolean }): Promise<void> {
  await world.heartbeats();
  for (const lane of lanes.filter((one) => hasDue(world, one))) {
    const cursor = world.cursors.get(laneKey(lane)) ?? newFeedCursor();
    const ring = (batchId: string) => void (isHeard() && world.bells.push(batchId));
    await world.runAs('scheduler', async (database) => {
      const { count } = await feedDueReminders({ database, ring }, { lane, perSecond: 10, cursor });
      if (count > 0) world.tell(() => `${count} fed by ${lane.channel}`);
    });
  }
  world.watch.look();
}

/** A feeder asks of every lane; where nothing is due it would find nothing. */
function hasDue({ tables, nowMs }: World, { channel }: Lane): boolean {
  return tables.reminders.some(
    (row) => row.state === 'scheduled' && row.channel === channel && row.due_at <= nowMs(),
  );
}

export async function sweep(world: World): Promise<void> {
  world.tell(() => 'leases are swept');
  await world.runAs('scheduler', (database) => sweepLeases({ database, log: silentLog }));
}

export async function expire(world: World): Promise<void> {
  world.tell(() => 'what is past its time ends');
  const now = () => Temporal.Instant.fromEpochMilliseconds(world.nowMs());
  await world.runAs('scheduler', (database) => sweepExpired({ database, now }));
}

export async function resume(
  world: World,
  { organisation_id: organisationId, channel }: World['tables']['pauses'][number],
): Promise<void> {
  const scope = { organisationId: organisationId ?? undefined, channel: channel ?? undefined };
  world.tell(() => `resume ${JSON.stringify(scope)}`);
  await world.runAs('ops', (database) =>
    resumeSending(
      { transaction: (work) => database.transaction(world.organisationIds, work) },
      { ...actor, ...scope },
    ),
  );
}

/** The provider speaks: in any order, twice, never, or somebody else in its name. */
export async function tellReceipts(world: World, random: Random): Promise<void> {
  const { owed } = world.provider;
  const chosen: DeliveryReceipt[] = [];
  for (let left = 1 + random.below(3); left > 0 && owed.length > 0; left -= 1) {
    const late = owed.filter((one) => isLate(world, one));
    const telling = late.length > 0 ? late : owed.filter((one) => isTelling(world, one));
    const receipt = random.pick(telling.length > 0 && random.chance(0.7) ? telling : owed);
    chosen.push(receipt);
    if (random.chance(0.8)) owed.splice(owed.indexOf(receipt), 1);
  }
  const kept = chosen.filter(() => random.chance(0.9));
  const forged = { token: Buffer.alloc(16, 7), channel: 'sms', status: 'delivered' } as const;
  const receipts = random.chance(0.1) ? [...kept, forged] : kept;
  if (receipts.length === 0) return;
  world.tell(() => `receipts: ${receipts.map(({ status }) => status).join(', ')}`);
  await world.runAs('worker', (database) => recordDeliveryReceipts({ database }, receipts));
}

/** Of a reminder that nobody takes for sent. */
function isTelling(world: World, receipt: DeliveryReceipt): boolean {
  const { row } = reminderOf(world, receipt);
  return row !== undefined && !toldStates.includes(row.state);
}

const seldom: readonly ReminderState[] = ['scheduled', 'queued', 'failed', 'undelivered'];

function isLate(world: World, receipt: DeliveryReceipt): boolean {
  const { attempt, row } = reminderOf(world, receipt);
  if (row?.state === 'sending') return attempt !== undefined && attempt.number < row.attempt_count;
  return row !== undefined && seldom.includes(row.state);
}

function reminderOf({ tables }: World, { token }: DeliveryReceipt) {
  const attempt = tables.attempts.find((one) => one.token.equals(token));
  return { attempt, row: tables.reminders.find(({ id }) => id === attempt?.reminder_id) };
}

/** What comes due is asked about, and what nobody answers for for long ends as its organisation wants. */
export async function askBookingSystems(
  world: World,
  drawKindOf: () => 'proceed' | 'drop' | 'inconclusive',
): Promise<void> {
  for (const check of world.tables.checks) {
    const { id, organisation_id: organisationId, on_no_answer: onNoAnswer } = check;
    const owner = { organisationId, mode: 'live' } as const;
    await world.runAs('scheduler', async (database) => {
      const lease = { ...owner, id, leaseId: id, failedCount: 0, leaveAloneMs: 0 };
      for (const lane of lanes) {
        const questions = await readOpenQuestions(database, {
          ...{ ...lane, organisationId, countMax: 10 },
        });
        const answers = questions.map((question) => ({
          question,
          answer: answerOf(drawKindOf()),
          ageMs: 0,
        }));
        if (answers.length === 0) continue;
        world.tell(() => `asked: ${answers.map(({ answer }) => answer.kind).join(', ')}`);
        await recordAnswers(database, { ...lease, answers });
      }
      const isFailing = world.random.chance(0.5);
      for (const lane of isFailing ? lanes : []) {
        await markUnanswered(database, { ...lane, organisationId, code: 'not_asked' });
      }
      for (const lane of lanes) {
        await endUnanswered(database, { ...lane, organisationId, onNoAnswer, isFailing });
      }
    });
  }
}

function answerOf(kind: 'proceed' | 'drop' | 'inconclusive'): SendAnswer {
  return kind === 'inconclusive' ? { kind, code: 'no_decision' } : { kind };
}
