import type { Scenario } from '../scenario.ts';
import { lagsOf } from '../stage/judge.ts';
import { openPages, type Pages } from '../stage/pages.ts';
import { scriptOf } from '../stage/stage.ts';

/** A reminder handed over so long after it was due is late. */
const lateMs = 5_000;
const between = 40;

let pages: Pages | undefined;

export const upgrade: Scenario = {
  name: 'upgrade',
  fault: 'an older version is replaced by this one, schema first, process by process',
  rounds: { full: 1, least: 1 },
  perSecond: 20,
  async prepare(scene) {
    const opened = await openPages(scene, { script: scriptOf(scene.stage.olderVersion ?? '') });
    pages = opened;
    return () => opened.close();
  },
  async round({ stage, untilMore, breach }) {
    const settled = async (what: string) => {
      if (!(await untilMore(between))) breach(`nothing went out any more ${what}`);
      await pages?.areSeen(what);
    };
    const { patients = [], operators = [] } = pages ?? {};
    await settled('before anything was done');
    await stage.migrate();
    await settled('from the older version on the new schema');
    for (const old of [
      ...[stage.scheduler, ...stage.workers, stage.api],
      ...[...patients, ...operators],
    ]) {
      await stage.replace(old);
      await settled(`after a new ${old.role} had come`);
    }
  },
  async check({ stage, bookings, breach, note }) {
    const lags = lagsOf(stage, bookings).toSorted((one, other) => one - other);
    const late = lags.filter((ms) => ms > lateMs);
    if (late.length > 0)
      breach(`${late.length} went out more than ${lateMs} ms after they were due`);
    for (const share of [0.5, 0.99]) {
      note(`ms late, p${share * 100}`, lags[Math.ceil(lags.length * share) - 1] ?? 0);
    }
  },
};
