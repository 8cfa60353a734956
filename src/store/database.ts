import assert from 'node:assert/strict';
import pg from 'pg';
import { limits } from '../../config/limits.ts';
import { AppError } from '../domain/errors.ts';
import type { Secret } from '../domain/secret.ts';
import type { DatabaseRole } from './role-logins.ts';

/** What a statement runs on: one connection inside a transaction. */
export type Connection = pg.PoolClient;
/** Likewise, whoever opened it: a role's pool or an administrator. */
export type AnyConnection = Pick<pg.ClientBase, 'query'>;

type Organisations = readonly string[] | NamedStatement;

/** A pool of connections signed in as one role. */
export interface Database {
  /**
   * Runs `work` in a transaction that sees the rows of these organisations only.
   *
   * Row-level security does the bounding; roles that see all organisations pass none. With `snapshot`
   * every statement sees what the first one saw (repeatable read), and no month of events is dropped
   * meanwhile: a dropped table is gone for old snapshots too.
   *
   * @param organisations ids, or what selects an array of them in text form
   * @throws {AppError} `unavailable` when the database is away or answers too late
   */
  transaction<T>(
    organisations: Organisations,
    work: (connection: Connection) => Promise<T>,
    options?: { readonly lockTimeoutMs?: number; readonly snapshot?: boolean },
  ): Promise<T>;
  /**
   * Reads what these organisations may see, in one round trip.
   */
  readAs<Row extends pg.QueryResultRow>(
    organisations: Organisations,
    statement: NamedStatement,
  ): Promise<Row[]>;
  /**
   * Runs one statement outside of any organisation.
   *
   * @param name of one that runs often: each connection then prepares it once
   */
  query<Row extends pg.QueryResultRow>(
    text: string,
    values?: readonly unknown[],
    name?: string,
  ): Promise<Row[]>;
  close(): Promise<void>;
}

/** One that runs often: each connection prepares it once. */
interface NamedStatement {
  readonly name: string;
  readonly text: string;
  readonly values: readonly unknown[];
}

/** A connection string and how many connections this process may open. */
export interface DatabaseOptions {
  readonly url: Secret<string>;
  readonly connectionsMax: number;
  readonly applicationName: string;
  /**
   * How long one statement may take; a little later its connection is taken for lost. Roles have the
   * same limit at the server.
   */
  readonly statementTimeoutMs?: number;
  readonly onIdleError?: () => void;
  /** A role to act as instead of the user that signs in, who must be allowed to. */
  readonly actAs?: DatabaseRole;
  /** Whether a statement with a name may be prepared once and found again; true when absent. */
  readonly keepsStatements?: boolean;
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export function openDatabase(options: DatabaseOptions): Database {
  const { statementTimeoutMs = 15_000 } = options;
  const pool = new pg.Pool({
    connectionString: options.url.reveal(),
    max: options.connectionsMax,
    application_name: options.applicationName,
    ...(options.actAs && { options: actingAs(options.actAs, statementTimeoutMs) }),
    ...(options.keepsStatements === false && { Client: UnnamingClient }),
    connectionTimeoutMillis: limits.connectTimeoutMs,
    idleTimeoutMillis: 30_000,
    // The server's own limits stand with the role, for poolers refuse to be asked for them.
    query_timeout: statementTimeoutMs + 2_000,
    keepAlive: true,
    // What is asked for before an answer came is sent at once, as `readAs` does.
    pipeline: true,
  });
  // Without a listener an idle connection that the server closes would end the process.
  pool.on('error', () => options.onIdleError?.());
  // Likewise one that is cut while a transaction holds it, between two of its statements: the next
  // statement fails, and that is where it is dealt with.
  pool.on('connect', (connection) => connection.on('error', () => {}));

  /** On a connection of its own, for a transaction that `work` begins and ends. */
  async function within<T>(work: (connection: Connection) => Promise<T>) {
    const connection = await pool.connect().catch(rethrowUnavailable);
    let broken: Error | undefined;
    try {
      return await work(connection);
    } catch (error) {
      // One that did not answer would be waited for as long again, and one whose server may not
      // write any more would be used again. The server rolls back whoever leaves.
      if (isAway(error)) broken = error;
      else {
        await connection.query('rollback').catch((failure: Error) => {
          broken = failure;
        });
      }
      return rethrowUnavailable(error);
    } finally {
      connection.release(broken);
    }
  }

  return {
    async transaction(organisations, work, { lockTimeoutMs, snapshot } = {}) {
      // Before the snapshot is taken, which is when the first statement reads.
      const begin = snapshot ? `begin isolation level repeatable read; ${keepEvents}` : 'begin';
      const lockTimeout =
        lockTimeoutMs === undefined ? '' : `; set local lock_timeout = ${lockTimeoutMs}`;
      return within(async (connection) => {
        await Promise.all([
          connection.query(`${begin}${lockTimeout}`),
          connection.query(bindOrganisations(organisations)),
        ]);
        const result = await work(connection);
        const { command } = await connection.query('commit');
        // What PostgreSQL answers, without an error, where a statement failed and nobody said so.
        assert(command === 'COMMIT', 'a transaction was not committed');
        return result;
      });
    },
    async readAs<Row extends pg.QueryResultRow>(
      organisations: Organisations,
      statement: NamedStatement,
    ) {
      return within(async (connection) => {
        // Where it could not begin it sees nothing, and nobody is told what it saw.
        const [, , { rows }] = await Promise.all([
          connection.query('begin read only'),
          connection.query(bindOrganisations(organisations)),
          connection.query<Row>({ ...statement, values: [...statement.values] }),
          connection.query('rollback'),
        ]);
        return rows;
      });
    },
    async query<Row extends pg.QueryResultRow>(
      text: string,
      values: readonly unknown[] = [],
      name?: string,
    ) {
      const statement = name === undefined ? { text } : { text, name };
      const result = await pool.query<Row>(statement, [...values]).catch(rethrowUnavailable);
      return result.rows;
    },
    async close() {
      await pool.end();
    },
  };
}

/** With the limits of a role, which PostgreSQL gives to who signs in as it and to nobody who acts as it. */
function actingAs(role: DatabaseRole, statementTimeoutMs: number): string {
  return [
    `-c role=sotto_${role}`,
    `-c statement_timeout=${statementTimeoutMs}`,
    '-c idle_in_transaction_session_timeout=30s',
  ].join(' ');
}

/** Sends every statement in full, for a pooler that may carry the next one to another connection. */
class UnnamingClient extends pg.Client {
  // biome-ignore lint/suspicious/noExplicitAny: all forms of the driver's own method are passed on
  override query(statement: any, ...rest: any[]): any {
    const isNamed = typeof statement === 'object' && statement.name !== undefined;
    const sent = isNamed ? { ...statement, name: undefined } : statement;
    return (super.query as (...given: unknown[]) => unknown).call(this, sent, ...rest);
  }
}

/** Nothing of the events is dropped until the transaction ends. Nobody who writes them waits for it. */
export const keepEvents = 'lock table only events in access share mode';

function bindOrganisations(organisations: Organisations): pg.QueryConfig {
  const { name, text, values } =
    'text' in organisations
      ? organisations
      : { name: 'bind organisations', text: 'select $1::text', values: [uuidArray(organisations)] };
  const bound = `select set_config('sotto.organisations', (${text}), true)`;
  return { name, text: bound, values: [...values] };
}

/** Ids as one parameter: quicker than an array that the driver writes, which would quote each. */
export function idsParameter(ids: readonly string[]): string {
  return `{${ids.join(',')}}`;
}

/** Ids as the text of a PostgreSQL array; refuses anything but ids. */
export function uuidArray(ids: readonly string[]): string {
  for (const id of ids) {
    if (!uuid.test(id)) throw new AppError('internal');
  }
  return idsParameter(ids);
}

/** SQLSTATE of an error that PostgreSQL sent, or undefined for any other error. */
export function sqlState(error: unknown): string | undefined {
  return error instanceof pg.DatabaseError ? error.code : undefined;
}

/**
 * Server shutting down, out of connections, a standby since a moment ago, statement cancelled: worth
 * another try later.
 */
const awayStates = new Set([
  '57P01',
  '57P02',
  '57P03',
  '53300',
  '57014',
  '25P03',
  '25006',
  '53100',
  '58030',
]);

export function rethrowUnavailable(error: unknown): never {
  if (isAway(error)) throw new AppError('unavailable', { retryAfterS: 2, cause: error });
  throw error;
}

function isAway(error: unknown): error is Error {
  const state = sqlState(error);
  if (state === undefined) return isConnectionFailure(error);
  return awayStates.has(state) || state.startsWith('08');
}

function isConnectionFailure(error: unknown): boolean {
  if (!(error instanceof Error) || error instanceof AppError) return false;
  const code = 'code' in error ? String(error.code) : '';
  return (
    /^E(CONNREFUSED|CONNRESET|PIPE|TIMEDOUT|HOSTUNREACH|NOTFOUND|AI_AGAIN)$/.test(code) ||
    /^(Connection terminated|Client has encountered a connection error|timeout exceeded|Query read timeout|Client was closed)/.test(
      error.message,
    )
  );
}
