/**
 * Turns the clock of a whole system over three years, from the fifth of next month on, and looks through all
 * of it at each turn:
 *
 *     npm run clock        (needs Debian's libfaketime; about three minutes)
 *
 * Every role and PostgreSQL run as in production, each in a process of its own. What is left of six
 * appointments is compared with what was promised: each table's rows, each column of bytes, and the keys.
 */
import { deepEqual, equal } from 'node:assert/strict';
import { join } from 'node:path';
import { linkExpiresAt, utcDay, utcMonth } from '../../src/domain/link-expiry.ts';
import { administer } from '../../src/store/administration.ts';
import { daysAfter } from '../../src/usecases/keep-epoch-keys.ts';
import { verifyLedger } from '../../src/usecases/verify-ledger.ts';
import { waitFor } from '../support/wait-for.ts';
import { expectedAt, freeTables, type Step, steps } from './expected.ts';
import { createStory } from './story.ts';
import { keysIn, type Sweep, sweep } from './sweep.ts';
import { startTurnedSystem } from './turned-system.ts';

const day = { hours: 24 };
const days = (count: number) => ({ hours: 24 * count });

/** What the turning itself brings about: keys asked for at once, hours in which no duty was done. */
const expectedAlarms = ['key_missing', 'request failed', 'provider_copies_overdue', 'duty_silent'];

const system = await startTurnedSystem();
const seen = new Map<Step, Sweep>();
try {
  const story = await createStory(system);
  const { clock, admin, adminUrl, config } = system;
  const keysFolder = join(config.DATA_DIR, 'keys');
  const begun = clock.now();
  const start = begun.add(days(3)).round('minute');
  const farStart = begun.add(days(200)).round('minute');
  const [expiry, farExpiry] = [start, farStart].map((at) => linkExpiresAt(at.add({ minutes: 30 })));
  if (!expiry || !farExpiry) throw new Error('no expiry');

  /** Looks through everything, and says what is not as it was promised. */
  async function look(step: Step): Promise<void> {
    const found = await sweep(admin);
    seen.set(step, found);
    const wrong = [...found].filter(
      ([name, count]) =>
        !freeTables.has(name.split('.')[0] ?? '') && count !== (expectedAt(step).get(name) ?? 0),
    );
    const wanted = wrong.map(([name]) => [name, expectedAt(step).get(name) ?? 0]);
    deepEqual(wrong, wanted, `${step}: more or less is left than promised`);
    const accounts = await verifyLedger(
      { transaction: (work) => administer(adminUrl, work) },
      { organisationId: undefined },
    );
    deepEqual(
      accounts.map(({ accepted, breaks }) => ({ accepted, breaks })),
      [{ accepted: 6, breaks: [] }],
      `${step}: the ledger does not add up`,
    );
    await checkKeys();
    console.log(`${utcDay(clock.now())}  ${step}: as promised`);
  }

  /** No key of a day or a month that is over, and every one that something may still need. */
  async function checkKeys(): Promise<void> {
    const today = utcDay(clock.now());
    const since = utcMonth(clock.now().subtract(day));
    const firstDay = daysAfter(today, -2);
    await waitFor(() => {
      const [epoch = ''] = keysIn(keysFolder, 'worker/epoch');
      const [view = ''] = keysIn(keysFolder, `patient/view/${story.organisationId}`);
      const phoneDays = keysIn(keysFolder, 'patient/phone-day');
      return (
        epoch >= firstDay &&
        epoch <= today &&
        view === since &&
        phoneDays.every((name) => name >= today)
      );
    });
    equal(keysIn(keysFolder, 'public/epoch')[0], keysIn(keysFolder, 'worker/epoch')[0]);
  }

  const recipient = { phone: '+33639981235', email: 'a@sotto.example', language: 'fr' };
  await story.leaveRecords();
  await story.put('seen-by-pin', { start: `${start}` });
  await story.put('seen-by-code', {
    ...{ start: `${start}`, recipient },
    reminders: [{ before: 'PT24H', channel: 'email' }],
  });
  await story.put('skipped', {
    start: `${start}`,
    reminders: [{ before: 'P30D', channel: 'sms' }],
  });
  await story.put('deleted', { start: `${start}` });
  await story.remove('deleted');
  await story.put('erased', { start: `${start}` });
  await story.remove('erased', '?erase=true');
  await story.put('far', { start: `${farStart}`, reminders: [{ before: 'P2D', channel: 'sms' }] });
  await look('accepted');

  await system.turnTo(start.subtract(day).add({ seconds: 30 }));
  await story.untilStates({ delivered: 1, sent: 1 });
  const link = await story.viewByPin();
  await story.viewByCode();
  await look('sent and seen');
  await story.untilCopiesGone();
  await story.dismissOperator();
  await system.turnTo(clock.now().add({ minutes: 90 }));
  await look('an hour later');
  await system.turnTo(expiry.subtract({ minutes: 30 }));
  equal(await story.statusOf(link), 200);
  await look('before the links expire');
  await system.turnTo(expiry.add({ minutes: 10 }));
  equal(await story.statusOf(link), 404);
  await look('links expired');
  await system.turnTo(expiry.add(days(35)));
  await look('a month later');
  await system.turnTo(expiry.add(days(90)).subtract({ hours: 1 }));
  await look('90 days less an hour');
  await system.turnTo(expiry.add(days(90)).add({ hours: 1 }));
  await look('90 days');
  await system.turnTo(expiry.add(days(123)));
  await look('their months over');
  await system.turnTo(farStart.subtract(days(2)).add({ seconds: 30 }));
  await story.untilStates({ delivered: 1 });
  await look('the far one sent');
  await story.untilCopiesGone();
  await system.turnTo(farExpiry.add(days(90)).add({ hours: 1 }));
  await look('90 days after it');
  await system.turnTo(farExpiry.add(days(123)));
  await look('its months over');
  await system.turnTo(begun.add(days(1_100)));
  await look('three years');

  const alarms = system
    .alarms()
    .filter((line) => !expectedAlarms.some((one) => line.includes(one)));
  deepEqual(alarms, []);
  printTable();
  console.log('All of it went when it was promised to.');
} finally {
  await system.stop();
}

/** One line a table or column that ever held something. */
function printTable(): void {
  console.log(`\n| left | ${steps.join(' | ')} |\n| --- |${' ---: |'.repeat(steps.length)}`);
  for (const name of seen.get('accepted')?.keys() ?? []) {
    const counts = steps.map((step) => seen.get(step)?.get(name) ?? 0);
    if (counts.some((count) => count > 0)) console.log(`| ${name} | ${counts.join(' | ')} |`);
  }
}
