import { byCommand, personOf } from '../domain/second-person.ts';
import type { AnyConnection, Connection } from './database.ts';

/** What to look for in the log; what is absent is not asked about. */
export interface AuditFilter {
  readonly actor?: string | undefined;
  readonly action?: string | undefined;
  readonly organisationId?: string | undefined;
}

export interface AuditRow {
  readonly id: string;
  readonly at: Date;
  readonly actor: string;
  readonly action: string;
  readonly organisationId: string | null;
  readonly organisationName: string | null;
  readonly subject: string | null;
  readonly reason: string | null;
}

/** A page of the log, newest first; each filter has an index of its own. */
export async function listAudit(
  connection: AnyConnection,
  { before, countMax, ...filter }: AuditFilter & { before?: string | undefined; countMax: number },
): Promise<AuditRow[]> {
  const { rows } = await connection.query<AuditRow>(
    `select a.id::text, a.at, a.actor, a.action, a.organisation_id as "organisationId",
       o.name as "organisationName", a.subject, a.reason
     from audit a left join organisations o on o.id = a.organisation_id
     where ($1::bigint is null or a.id < $1) and ($2::text is null or a.actor = $2)
       and ($3::text is null or a.action = $3) and ($4::uuid is null or a.organisation_id = $4)
     order by a.id desc limit $5`,
    [
      before ?? null,
      filter.actor ?? null,
      filter.action ?? null,
      filter.organisationId ?? null,
      countMax,
    ],
  );
  return rows;
}

/**
 * How many reminders somebody sent again by themselves within the last hour, in many presses or few, on the pages
 * or by command.
 */
export async function countSentAgainAlone(
  connection: AnyConnection,
  actor: string,
): Promise<number> {
  return countAlone(connection, { actor, actions: ['reminders.redrive', 'reminder.redrive'] });
}

/** How many went out within the last hour by pauses that somebody ended alone. */
export async function countLetGoAlone(connection: AnyConnection, actor: string): Promise<number> {
  return countAlone(connection, { actor, actions: ['sending.resume'] });
}

/**
 * The sum of what lines of the last hour count; a line about one reminder counts none and is one. Names are made
 * up, of the person and of who signs in so, rather than read out of all lines: there is an index by name.
 */
async function countAlone(
  connection: AnyConnection,
  { actor, actions }: { actor: string; actions: readonly string[] },
): Promise<number> {
  const { rows } = await connection.query<{ count: number }>(
    `select coalesce(sum(case when action = 'reminder.redrive' then 1
         else substring(subject from 'count=([0-9]+)$')::int end), 0)::int as count
     from audit where action = any($2::text[]) and at > clock_timestamp() - interval '1 hour'
       and actor = any(array(select way || name from unnest(array['', $4::text]) way,
         (select $1::text as name union select $3::text union
          select u.name from ops_users u where lower(u.name) = $3) as known))`,
    [actor.replace(byCommand, ''), actions, personOf(actor), byCommand],
  );
  return rows[0]?.count ?? 0;
}

const choicesMax = 100;

/** Whom and what the log knows, to choose from: walked by index, whatever its length. */
export async function readAuditChoices(
  connection: Connection,
): Promise<{ actors: string[]; actions: string[] }> {
  const distinct = async (column: 'actor' | 'action') => {
    const { rows } = await connection.query<{ value: string }>(
      `with recursive known (value) as (
         (select ${column} from audit order by ${column} limit 1)
         union all
         select (select a.${column} from audit a where a.${column} > k.value
           order by a.${column} limit 1)
         from known k where k.value is not null)
       select value from known where value is not null limit ${choicesMax}`,
    );
    return rows.map(({ value }) => value);
  };
  return { actors: await distinct('actor'), actions: await distinct('action') };
}
