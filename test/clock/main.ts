import { join } from 'node:path';
import { linkExpiresAt, utcDay, utcMonth } from '../../src/domain/link-expiry.ts';
import { createStory } from './story.ts';
import { keysIn, type Sweep, sweep } from './sweep.ts';
import { startTurnedSystem } from './turned-system.ts';

const system = await startTurnedSystem();
const t0 = performance.now();
try {
  const story = await createStory(system);
  const day0 = system.clock.now();
  const keys = join(system.config.DATA_DIR, 'keys');
  const seen: [string, Sweep][] = [];
  const look = async (name: string) => {
    seen.push([name, await sweep(system.admin)]);
    console.log(
      name,
      Math.round(performance.now() - t0),
      keysIn(keys, 'worker/epoch')[0],
      keysIn(keys, 'patient/view')
        .filter((n) => n.includes('/'))
        .slice(0, 2),
      keysIn(keys, 'patient/phone-day'),
      system.alarms(),
    );
  };
  const start = day0.add({ hours: 72 }).round('minute');
  const farStart = day0.add({ hours: 24 * 200 }).round('minute');
  const expiry = linkExpiresAt(start.add({ minutes: 30 }));
  const farExpiry = linkExpiresAt(farStart.add({ minutes: 30 }));
  await story.leaveRecords();
  await story.put('walk', { start: start.toString() });
  await story.put('code', {
    start: start.toString(),
    recipient: { email: 'a@example.test', phone: '+33639981235', language: 'fr' },
    reminders: [{ before: 'PT24H', channel: 'email' }],
  });
  await story.put('skipped', {
    start: start.toString(),
    reminders: [{ before: 'P30D', channel: 'sms' }],
  });
  await story.put('deleted', { start: start.toString() });
  await story.call('DELETE', '/v1/appointments/deleted');
  await story.put('erased', { start: start.toString() });
  await story.call('DELETE', '/v1/appointments/erased?erase=true');
  await story.put('far', {
    start: farStart.toString(),
    reminders: [{ before: 'P2D', channel: 'sms' }],
  });
  await look('accepted');
  await system.turnTo(start.subtract({ hours: 24 }).add({ seconds: 30 }));
  await story.untilStates({ delivered: 1, sent: 1 });
  const link = await story.viewByPin();
  await story.viewByCode();
  await look('sent');
  await story.dismissOperator();
  await system.turnTo(system.clock.now().add({ minutes: 90 }));
  await look('settled');
  await system.turnTo(expiry.subtract({ minutes: 30 }));
  console.log(await story.statusOf(link));
  await look('before expiry');
  await system.turnTo(expiry.add({ minutes: 10 }));
  console.log(await story.statusOf(link));
  await look('expired');
  await system.turnTo(expiry.add({ hours: 24 * 35 }));
  await look('+35');
  await system.turnTo(expiry.add({ hours: 24 * 90 - 1 }));
  await look('+90 -1h');
  await system.turnTo(expiry.add({ hours: 24 * 90 + 1 }));
  await look('+90 +1h');
  await system.turnTo(expiry.add({ hours: 24 * 93 }));
  await look('+93');
  await system.turnTo(farStart.subtract({ hours: 48 }).add({ seconds: 30 }));
  await story.untilStates({ delivered: 1 });
  await look('far sent');
  await system.turnTo(farExpiry.add({ hours: 24 * 90 + 1 }));
  await look('far +90');
  await system.turnTo(farExpiry.add({ hours: 24 * 130 }));
  await look('far +130');
  await system.turnTo(day0.add({ hours: 24 * 1_100 }));
  await look('3 years');
  const names = [...new Set(seen.flatMap(([, s]) => [...s.keys()]))];
  for (const name of names)
    console.log(name.padEnd(28), seen.map(([, s]) => String(s.get(name)).padStart(5)).join(''));
  console.log(utcDay(day0), utcMonth(expiry));
} catch (e) {
  console.log(
    (
      await system.admin.query(
        `select pid, application_name, state, wait_event_type, wait_event, pg_blocking_pids(pid) as b, left(query,100) q from pg_stat_activity where state <> 'idle'`,
      )
    ).rows,
  );
  throw e;
} finally {
  await system.stop();
}
