import type { Stage } from './stage.ts';

export interface LedgerWatch {
  readonly samples: () => number;
  readonly faults: readonly string[];
  stop(): Promise<void>;
}

const everyMs = 1_000;

/**
 * Proves each second, in one snapshot, that all states add up to what was accepted: the states of the
 * rows are those that the events lead to, state by state.
 */
export function watchLedger(stage: Stage): LedgerWatch {
  const faults: string[] = [];
  let samples = 0;
  let stopping = false;
  const { promise: stopped, resolve: stop } = Promise.withResolvers<void>();

  async function sample(): Promise<void> {
    // One statement is one snapshot.
    const rows = await stage.rows(
      `with by_row as (
         select organisation_id, state, count(*)::int as count from reminders group by 1, 2
       ), step as (
         select organisation_id, to_state as state, 1 as one from events
           where to_state is not null and reminder_id is not null
         union all
         select organisation_id, from_state, -1 from events
           where from_state is not null and to_state is not null and reminder_id is not null
       ), by_event as (
         select organisation_id, state, sum(one)::int as count from step group by 1, 2
       )
       select coalesce(r.state, e.state) as state, coalesce(r.count, 0) as by_row,
         coalesce(e.count, 0) as by_event
       from by_row r full join by_event e using (organisation_id, state)
       where coalesce(r.count, 0) <> coalesce(e.count, 0)`,
    );
    samples += 1;
    for (const { state, by_row: byRow, by_event: byEvent } of rows) {
      faults.push(`ledger: ${byRow} are ${state}, and the events say ${byEvent}`);
    }
  }

  const running = (async () => {
    while (!stopping) {
      const startedAt = performance.now();
      await sample();
      const restMs = Math.max(0, everyMs - (performance.now() - startedAt));
      await Promise.race([stopped, new Promise((resolve) => setTimeout(resolve, restMs))]);
    }
    await sample();
  })();

  return {
    samples: () => samples,
    faults,
    async stop() {
      stopping = true;
      stop();
      await running;
    },
  };
}
