import type { ReminderState } from '../../src/domain/reminder.ts';
import { recordDeliveryReceipts } from '../../src/usecases/record-delivery-receipt.ts';
import { putAppointment } from './booking.ts';
import { drain } from './drain.ts';
import type { Breach } from './invariants.ts';
import type { Fault } from './io.ts';
import { createRandom } from './random.ts';
import { createWorld } from './world.ts';

const minuteMs = 60_000;

/**
 * One reminder from its PUT to its receipts, with one fault somewhere, then all trouble over. A booking
 * system that got no answer asks again.
 */
export async function lifeAfterFault(
  policy: 'resend' | 'hold',
  faultAt: (place: number) => Fault,
): Promise<{ calls: number; state: ReminderState | undefined; breaches: readonly Breach[] }> {
  const world = await createWorld({ seed: 7, faultAt });
  const { tables, provider } = world;
  provider.mood.sms = 'accepts';
  world.random = createRandom(7);
  for (const organisation of tables.organisations) organisation.uncertain_policy = policy;
  tables.checks.splice(0);
  const organisationId = world.organisationIds[0] ?? '';
  await putUntilAnswered();
  await world.turnClock(2 * minuteMs);
  await drain(world, { toTheEnd: false, mood: 'accepts' });
  for (const receipt of provider.owed.splice(0)) {
    await world.runAs('worker', (database) => recordDeliveryReceipts({ database }, [receipt]));
  }
  await drain(world, { toTheEnd: false, mood: 'accepts' });
  world.watch.lookAtEnd();
  const last = tables.reminders.findLast(({ state }) => state !== 'superseded');
  return { calls: world.io.calls, state: last?.state, breaches: world.breaches() };

  async function putUntilAnswered(): Promise<void> {
    const at = Temporal.Instant.fromEpochMilliseconds(world.nowMs());
    const startsAt = at.add({ minutes: 61 });
    const resolvedAt = startsAt.subtract({ minutes: 60 });
    const planned = { resolvedAt, plannedAt: resolvedAt, sendAt: resolvedAt, notAfter: startsAt };
    for (let isAnswered = false, tries = 0; !isAnswered && tries < 3; tries += 1) {
      await world.runAs('api', async (database) => {
        await putAppointment(
          { database, nextId: world.nextId, journal: world.journal },
          {
            ...{ organisationId, reference: 'one' },
            wanted: {
              ...{ revision: undefined, status: 'booked', notice: 'if_told' },
              ...{ startsAt, endsAt: startsAt.add({ minutes: 20 }), now: at },
              reminders: [{ before: 'PT1H', channel: 'sms', ...planned }],
              linkChannels: ['sms'],
              isQuiet: () => false,
              noticeAt: () => at,
            },
          },
        );
        isAnswered = true;
      });
    }
  }
}
