import { fileURLToPath } from 'node:url';
import type { Scenario } from '../scenario.ts';

const script = fileURLToPath(new URL('../stage/skewed-role.ts', import.meta.url));
const minutes = 10;

export const clockSkew: Scenario = {
  name: 'clock-skew',
  fault: `worker and scheduler whose clocks are ${minutes} minutes ahead, or behind`,
  rounds: { full: 10, least: 2 },
  perSecond: 20,
  async round({ stage, untilMore, breach, bookings }, number) {
    const ms = (number % 2 === 0 ? 1 : -1) * minutes * 60_000;
    const change = { script, environment: { CHAOS_CLOCK_SKEW_MS: String(ms) } };
    const [scheduler, worker] = await Promise.all([
      stage.addActor('scheduler', change),
      stage.addActor('worker', change),
    ]);
    // It is all theirs: the others stand still, with nothing in hand that a lease would not bring back.
    for (const one of [stage.scheduler, ...stage.workers]) one.signal('SIGSTOP');
    await stage.turnClock();
    const early = () => bookings.all.filter(({ dueAtMs }) => dueAtMs > Date.now()).length;
    if (!(await untilMore(15, 60_000))) breach('nothing went out any more');
    if (early() === 0 && bookings.open() === 0) breach('nothing was left to be sent too early');
    for (const one of [stage.scheduler, ...stage.workers]) one.signal('SIGCONT');
    await untilMore(5);
    await Promise.all([stage.dismiss(scheduler), stage.dismiss(worker)]);
  },
  async check({ stage, bookings, breach }) {
    const dueAtMs = new Map(bookings.all.map((one) => [one.contact, one.dueAtMs]));
    const copies = [
      ...stage.phones.accepted.map(({ to, acceptedAtMs }) => ({ to, atMs: acceptedAtMs })),
      ...stage.mail.taken.map(({ to, takenAtMs }) => ({ to, atMs: takenAtMs })),
    ];
    const early = copies.filter(({ to, atMs }) => atMs < (dueAtMs.get(to) ?? 0));
    if (early.length > 0) breach(`${early.length} went out before they were due`);
  },
};
