import { AppError } from '../../src/domain/errors.ts';
import type { Connection, Database } from '../../src/store/database.ts';
import type { Transport } from '../../src/transport/transport.ts';
import type { WebhookChannel } from '../../src/transport/webhook-channel.ts';

/**
 * What happens at one chosen step of a process: it dies before or after the step, or the step's
 * answer is an error although it may have been carried out.
 */
export type FaultMode = 'die_before' | 'die_after' | 'error_before' | 'error_after';
export const faultModes: readonly FaultMode[] = [
  'die_before',
  'die_after',
  'error_before',
  'error_after',
];

/** What a step touches. */
type Touched = 'database' | 'send' | 'look';

class Died extends Error {}

/**
 * Counts the steps of a process that touch the world, and lets one of them go wrong.
 *
 * A process that has died never gets an answer again, from anything: its database connections are
 * closed, which rolls back, and its promises stay open for good.
 */
export function createFaultPoint(fault?: { at: number; mode: FaultMode }) {
  let steps = 0;
  let begun = 0;
  let dead = false;
  let hit: Touched | undefined;
  const { promise: died, resolve: die } = Promise.withResolvers<'died'>();
  const forever = () => new Promise<never>(() => {});

  async function step<T>(
    work: () => Promise<T>,
    onDeath: () => Promise<never>,
    kind: Touched = 'database',
  ): Promise<T> {
    if (dead) return onDeath();
    steps += 1;
    const mode = steps === fault?.at ? fault.mode : undefined;
    if (mode) hit = kind;
    const kill = () => {
      dead = true;
      die('died');
      return onDeath();
    };
    if (mode === 'die_before') return kill();
    if (mode === 'error_before') throw new AppError('unavailable');
    begun += 1;
    const result = await work().finally(() => {
      begun -= 1;
    });
    if (mode === 'die_after') return kill();
    if (mode === 'error_after') throw new AppError('unavailable');
    return dead ? onDeath() : result;
  }

  /** Inside a transaction, dying means that what was done so far is rolled back. */
  const rollBack = () => Promise.reject(new Died());

  return {
    died,
    get dead() {
      return dead;
    },
    steps: () => steps,
    /** How many steps are begun and not over; of a dead process too, as long as they are on their way. */
    begun: () => begun,
    /** What the step was that went wrong. */
    hit: () => hit,
    database(real: Database): Database {
      return {
        ...real,
        query: (text, values) => step(() => real.query(text, values), forever),
        async transaction(organisationIds, work, options) {
          try {
            // The last step is the commit: after it has died, what was written stays.
            return await step(
              () =>
                real.transaction(
                  organisationIds,
                  (connection) => work(withSteps(connection, step, rollBack)),
                  options,
                ),
              forever,
            );
          } catch (error) {
            return error instanceof Died ? forever() : Promise.reject(error);
          }
        },
      };
    },
    transport(real: Transport): Transport {
      const { idempotency, copies } = real;
      return {
        ...real,
        send: (message) => step(() => real.send(message), forever, 'send'),
        idempotency:
          idempotency.kind === 'none'
            ? idempotency
            : {
                ...idempotency,
                find: (question) => step(() => idempotency.find(question), forever, 'look'),
              },
        copies: copies && {
          remove: (providerId) => step(() => copies.remove(providerId), forever, 'look'),
        },
      };
    },
    channel(real: WebhookChannel): WebhookChannel {
      return {
        ...real,
        post: (message) => step(() => real.post(message), forever, 'send'),
        ask: (message) => step(() => real.ask(message), forever, 'send'),
      };
    },
  };
}

type Step = <T>(work: () => Promise<T>, onDeath: () => Promise<never>) => Promise<T>;

function withSteps(connection: Connection, step: Step, onDeath: () => Promise<never>): Connection {
  const query = (...given: unknown[]) =>
    step(() => (connection.query as (...all: unknown[]) => Promise<unknown>)(...given), onDeath);
  return { query } as unknown as Connection;
}
