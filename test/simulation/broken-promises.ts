import { intents } from './dispatch-statements.ts';
import { trueStatements } from './memory-database.ts';
import { reminderBy, type Statement, type Statements } from './statement.ts';

/** One slip in what the store's statements say, that the simulation must find. */
export interface BrokenPromise {
  readonly name: string;
  readonly statements: Statements;
  /** Not far before one that finds it, where it takes a restore. */
  readonly fromSeed?: number;
}

function slip(name: string, statements: Statements, fromSeed?: number): BrokenPromise {
  return {
    name,
    statements: { ...trueStatements, ...statements },
    ...(fromSeed ? { fromSeed } : {}),
  };
}

const truth = (name: string): Statement => {
  const statement = trueStatements[name];
  if (!statement) throw new Error(`there is no statement ${name}`);
  return statement;
};

/** Runs the true statement, then spoils what it wrote. */
function after(name: string, spoil: (...all: Parameters<Statement>) => void): Statements {
  return {
    [name]: (change, values) => {
      const rows = truth(name)(change, values);
      spoil(change, values);
      return rows;
    },
  };
}

/** Does again only some of what the journal says. */
function replayOf(isKept: (entry: { kind: string }) => boolean): Statements {
  const name = 'select replay_journal(';
  return {
    [name]: (change, [text]) =>
      truth(name)(change, [JSON.stringify(JSON.parse(text).filter(isKept))]),
  };
}

export const brokenPromises: readonly BrokenPromise[] = [
  slip('an intent asks for nothing', {
    'write intents': intents({ asksWhose: false, asksForEnds: false, asksWhetherCompared: true }),
  }),
  slip('an intent does not ask whether its reminder has ended', {
    'write intents': intents({ asksWhose: true, asksForEnds: false, asksWhetherCompared: true }),
  }),
  slip('a send that ended without an outcome is sent again', {
    'mark late sending': (change) => {
      for (const row of change.tables.reminders) {
        if (row.state !== 'sending' || (row.lease_until ?? 0) > change.nowMs) continue;
        const again = { state: 'scheduled', batch_id: null, lease_until: null } as const;
        change.step(row, again, 'process_died');
      }
      return [{ count: 0 }];
    },
  }),
  slip('nobody takes back what a dead worker held', {
    'release late queued': () => [{ count: 0 }],
  }),
  slip('what is sent once more is not flagged', {
    ...after('write reminder steps', ({ tables }, [ids]) => {
      for (const id of ids) {
        const row = reminderBy(tables, id);
        if (row) row.possible_duplicate = false;
      }
    }),
  }),
  slip('a look does not ask whether another attempt is in doubt', {
    'read around doubt': (change, values) =>
      truth('read around doubt')(change, values).map((row) => ({ ...row, is_second: false })),
  }),
  slip('an end leaves what is queued in its batch', {
    'end reminders': (change, [ids, states, possibly]) => {
      const others = ids.flatMap((id: string, place: number) =>
        reminderBy(change.tables, id)?.state === 'queued' ? [] : [place],
      );
      const of = (values: unknown[]) => others.map((place: number) => values[place]);
      return truth('end reminders')(change, [of(ids), of(states), of(possibly)]);
    },
  }),
  slip('an end that is asked for in the air is forgotten', { 'mark reminders': () => [] }),
  slip('what expires in doubt is not flagged', {
    ...after('expire reminders', ({ tables }) => {
      for (const event of tables.events) {
        if (event.to_state === 'expired') Object.assign(event, { possibly_sent: false });
      }
    }),
  }),
  slip('a sweep tells nobody', {
    ...after('release late queued', ({ tables }) => {
      const last = tables.events.at(-1);
      if (last?.reason_code === 'lease_passed') tables.events.pop();
    }),
  }),
  slip('a feeder takes what is not due yet', {
    'lock due reminders': (change, values) =>
      truth('lock due reminders')({ ...change, nowMs: change.nowMs + 600_000 }, values),
    'list due organisations': (change, values) =>
      truth('list due organisations')({ ...change, nowMs: change.nowMs + 600_000 }, values),
  }),
  slip('an attempt is not counted', {
    ...after('write intents', ({ tables }) => {
      const row = tables.reminders.find(({ attempt_count: count }) => count > 1);
      if (row) row.attempt_count -= 1;
    }),
  }),
  slip(
    'a restored database is sent from before it was compared with its mark',
    {
      'write intents': intents({ asksWhose: true, asksForEnds: true, asksWhetherCompared: false }),
    },
    2_600,
  ),
  slip('what may have gone out since a backup does not come into doubt', {
    'select last_id, doubted from doubt_restored': () => [{ last_id: null, doubted: 0 }],
  }),
  slip(
    'what was erased since a backup is not erased again',
    replayOf(({ kind }) => kind !== 'erasure'),
  ),
  slip(
    'a link that was revoked since a backup works again',
    replayOf(({ kind }) => kind !== 'link_revocation'),
    2_280,
  ),
  slip('a redrive forgets what may have arrived', {
    'select r.id, r.appointment_id, r.organisation_id, r.state, r.channel,': (change, values) =>
      truth('select r.id, r.appointment_id, r.organisation_id, r.state, r.channel,')(
        change,
        values,
      ).map((row) => ({ ...row, may_have_arrived: false })),
  }),
];
