import type { PutAnswer } from '../../../src/domain/appointment.ts';
import type { Scenario } from '../scenario.ts';

/** Zones with other rules and other nights. */
const zones = ['Europe/Paris', 'Europe/London', 'America/New_York'];
const hours = [7, 9, 12, 18];

/** The days before and after which a zone's clocks differ, within the next year. */
function clockChanges(zone: string): Temporal.PlainDate[] {
  const today = Temporal.Now.zonedDateTimeISO(zone);
  const changes: Temporal.PlainDate[] = [];
  for (let at = today; changes.length < 2; ) {
    const next = at.getTimeZoneTransition('next');
    if (!next) break;
    changes.push(next.toPlainDate());
    at = next;
  }
  return changes;
}

/** What a clock on the wall there shows; not with what Sotto reckons with. */
function onTheWall(instant: string, timeZone: string): string {
  const parts = new Intl.DateTimeFormat('sv-SE', {
    ...{ timeZone, dateStyle: 'short', timeStyle: 'short' },
  });
  return parts.format(new Date(instant));
}

export const clockChange: Scenario = {
  name: 'clock-change',
  fault: 'reminders across the change of clocks, both ways, in three zones',
  rounds: { full: 24, least: 6 },
  perSecond: 0,
  async round({ stage, random, breach, note }, number) {
    const zone = zones[number % zones.length] ?? '';
    const change = clockChanges(zone)[Math.floor(number / zones.length) % 2];
    if (!change) return breach(`${zone} changes no clocks`);
    const tenant = await stage.createTenant('clock-change');
    const hour = random.anyOf(hours);
    const daysBefore = random.between(1, 3);
    const start = change.add({ days: 1 }).toPlainDateTime({ hour, minute: 30 });
    const response = await fetch(`${stage.apiUrl}/v1/appointments/change-${number}`, {
      method: 'PUT',
      headers: {
        authorization: `Bearer ${tenant.apiKey}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify({
        start: start.toString({ smallestUnit: 'second' }),
        timeZone: zone,
        details: { practitioner: 'Dr Example' },
        recipient: { phone: stage.nextContact('sms'), language: 'en', pin: '482913' },
        reminders: [{ before: `P${daysBefore}D`, channel: 'sms' }],
      }),
    });
    const answer = (await response.json()) as PutAnswer;
    const sendAt = answer.reminders?.[0]?.sendAt;
    if (!sendAt) return breach(`refused: ${JSON.stringify(answer)}`);
    const wanted = start.subtract({ days: daysBefore }).toString({ smallestUnit: 'minute' });
    const shown = onTheWall(sendAt, zone);
    if (shown !== wanted.replace('T', ' ')) {
      breach(`${zone}: ${daysBefore} days before ${start} would be sent at ${shown}`);
    }
    note(zone);
  },
};
