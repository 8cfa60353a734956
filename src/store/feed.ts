import type { Lane } from '../domain/lane.ts';
import { type Connection, idsParameter } from './database.ts';
import { tellOfChanged, toldColumns } from './reminder-steps.ts';

/** One with something due. */
export interface DueOrganisation {
  readonly id: string;
  /** Its booking system is asked before anything goes out, so what is due is found by the answers. */
  readonly isChecked: boolean;
  /** Nothing of it was due before, by the database's clock. */
  readonly firstDueAtMs: number;
}

/**
 * Organisations with something due, in the order of their ids after `after`, and from the start
 * again at the end. It goes from one organisation to the next by index, whatever their backlog.
 *
 * Where those are fewer than `countMax`, it has gone through all organisations, and says also when the
 * next reminder is due after what is due now: `soonestInMs`, if that is within so long. What is behind
 * something due in an organisation that is not listed is not seen.
 *
 * Here and in every statement that looks for what is past some moment, that is `now()`, the start of
 * the transaction: `clock_timestamp()` is volatile, and no index could be searched with it.
 *
 * @param input.evenUnanswered also those that only wait for answers of their booking systems
 * @param input.withinMs none is looked for when absent
 */
export async function listDueOrganisations(
  connection: Connection,
  input: Lane & { after: string; countMax: number; evenUnanswered?: boolean; withinMs?: number },
): Promise<{ organisations: DueOrganisation[]; soonestInMs: number | undefined }> {
  const { rows } = await connection.query<
    (DueOrganisation & { soonestInMs: null }) | { id: null; soonestInMs: number | null }
  >({
    name: 'list due organisations',
    text: `with recursive organisation (id, first_due_at, turn) as (
        select first.organisation_id, first.due_at, first.turn from (
          (select organisation_id, due_at, 0 as turn from reminders
            where phase = 'scheduled' and channel = $1 and mode = $4 and organisation_id > $2
            order by organisation_id, due_at limit 1)
          union all
          (select organisation_id, due_at, 1 from reminders
            where phase = 'scheduled' and channel = $1 and mode = $4
            order by organisation_id, due_at limit 1)
          limit 1) first
        union all
        select next.id, next.due_at, next.turn from organisation o
        cross join lateral (
          (select r.organisation_id as id, r.due_at, o.turn from reminders r
            where r.phase = 'scheduled' and r.channel = $1 and r.mode = $4
              and r.organisation_id > o.id
            order by r.organisation_id, r.due_at limit 1)
          union all
          (select r.organisation_id, r.due_at, 1 from reminders r
            where o.turn = 0 and r.phase = 'scheduled' and r.channel = $1 and r.mode = $4
            order by r.organisation_id, r.due_at limit 1)
          limit 1) next
        where next.turn = 0 or next.id <= $2
      ), due as materialized (
        select o.id, k.is_checked, o.first_due_at from organisation o
        -- Where nobody has a check, it is not looked for in each.
        cross join lateral (select (select exists (select from send_checks))
          and exists (select from send_checks c
            where c.organisation_id = o.id and c.mode = $4 offset 0) as is_checked) k
        where o.first_due_at <= now()
          -- offset keeps this a look-up for one organisation after the other: a join would lose their
          -- order, and go through all of them for the first few.
          and not exists (select from pauses p where p.ended_at is null and p.organisation_id = o.id
            and (p.channel is null or p.channel = $1) offset 0)
          and ($5 or not k.is_checked or exists (
            select from send_questions q join reminders r on r.id = q.reminder_id
            where q.organisation_id = o.id and q.mode = $4 and q.proceed_until > now()
              and r.phase = 'scheduled' and r.channel = $1 offset 0))
        limit $3
      ), soon as (
        select first_due_at as due_at from organisation
        union all
        select next.due_at from due cross join lateral (
          select r.due_at from reminders r
          where r.phase = 'scheduled' and r.channel = $1 and r.mode = $4
            and r.organisation_id = due.id and r.due_at > now()
          order by r.due_at limit 1) next
      )
      select id, is_checked as "isChecked", floor(extract(epoch from first_due_at) * 1000)::float8 as "firstDueAtMs",
        null::float8 as "soonestInMs"
      from due
      union all
      -- After the walk has ended by itself this is in memory; before, it is not asked for.
      select null, null, null, (extract(epoch from min(due_at) - clock_timestamp()) * 1000)::float8 from soon
      where (select count(*) from due) < $3
        and due_at > now() and due_at < now() + $6::float8 * interval '1 millisecond'`,
    values: [
      ...[input.channel, input.after, input.countMax, input.mode],
      ...[input.evenUnanswered ?? false, input.withinMs ?? 0],
    ],
  });
  return {
    organisations: rows.flatMap((row) =>
      row.id === null
        ? []
        : [{ id: row.id, isChecked: row.isChecked, firstDueAtMs: row.firstDueAtMs }],
    ),
    soonestInMs: rows.at(-1)?.soonestInMs ?? undefined,
  };
}

/** Somebody waits for it, or it is of use for a few hours; in the words of the index `reminders_hurried`. */
const isHurried = `(r.kind = 'notice' or r.not_after - r.due_at < interval '6 hours')`;
/** Of the organisation `o`: what may be taken up now, those that have been due longest first. */
const dueOf = (source: string, condition: string) => `select r.id, r.not_after from ${source}
  where ${condition}
    and r.phase = 'scheduled' and r.channel = $1 and r.mode = $5
    and r.due_at <= now()
    and r.not_after > now()
    and not exists (select from appointments a
      where a.id = r.appointment_id and a.paused_at is not null)
  order by r.due_at limit $4`;
const ofUnchecked = (condition: string) => `select h.*, true as is_hurried from hurried h
  union all
  select l.*, false from (${dueOf('reminders r', condition)}) l
  where l.id not in (select id from hurried)`;
/** The others are told apart by their index alone, which does not say whether they are. */
const withHurried = (condition: string, more = '') =>
  `with hurried as materialized (${dueOf('reminders r', `${condition} and ${isHurried}`)})
  ${ofUnchecked(condition)} ${more}`;
/**
 * From where something is due: what was taken before stands in the index until vacuum comes, and would be gone
 * through each time.
 */
const ofOrganisation =
  'r.organisation_id = o.id and r.due_at >= to_timestamp(o.first_due_ms / 1000)';
const ofOne = withHurried(ofOrganisation);
const ofBoth = withHurried(
  `not o.is_checked and ${ofOrganisation}`,
  `union all
  select r.id, r.not_after, ${isHurried} from reminders r where r.id = any(array(select id from (${dueOf(
    'send_questions q join reminders r on r.id = q.reminder_id',
    'o.is_checked and q.organisation_id = o.id and q.mode = $5 and q.proceed_until > now()',
  )}) answered))`,
);

/**
 * Locks due reminders for this transaction, one of each organisation in turn. Within one organisation
 * notices come first, with what is of use for a few hours from when it is due; then, of those that have
 * been due longest, the ones that are of use for the shortest time. What somebody else has locked is
 * passed over. Where booking systems are asked, only what they have just answered for is taken; who asks
 * none of them pays nothing for it. What is put back to before the `firstDueAtMs` of its organisation is left to
 * the next one that lists.
 *
 * @param input.lookAt how many of an organisation's reminders are compared
 */
export async function lockDueReminders(
  connection: Connection,
  input: Lane & { organisations: readonly DueOrganisation[]; countMax: number; lookAt: number },
): Promise<string[]> {
  const checks = input.organisations.map(({ isChecked }) => isChecked);
  const isAnyChecked = checks.includes(true);
  const { rows } = await connection.query<{ id: string; place: number }>({
    name: isAnyChecked ? 'lock due reminders that are answered for' : 'lock due reminders',
    text: `with candidate as materialized (
        select d.id, row_number() over (order by d.turn, o.place)::int as place
        from (select o.* from ${
          isAnyChecked
            ? `unnest($2::uuid[], $6::float8[], $7::boolean[])
                with ordinality as o (id, first_due_ms, is_checked, place)`
            : 'unnest($2::uuid[], $6::float8[]) with ordinality as o (id, first_due_ms, place)'
        }
          -- Who was listed a moment ago may have been paused since, or want to be asked.
          where not exists (select from pauses p where p.ended_at is null and p.organisation_id = o.id
              and (p.channel is null or p.channel = $1) offset 0)
            and (${isAnyChecked ? 'o.is_checked or ' : ''}not exists (select from send_checks c
              where c.organisation_id = o.id and c.mode = $5 offset 0))) o
        cross join lateral (
          select w.id, row_number() over (order by w.is_hurried desc, w.not_after, w.id) as turn from (
            ${isAnyChecked ? ofBoth : ofOne}) w
          order by turn limit $3) d
        order by place limit $3
      )
      select l.id, c.place from (select * from candidate order by id) c
      -- A look-up for each: with an array of all beside it, the array was sorted anew for each of them.
      cross join lateral (select r.id from reminders r
        where r.id = c.id and r.state = 'scheduled' and r.channel = $1
        for no key update skip locked) l`,
    values: [
      input.channel,
      input.organisations.map(({ id }) => id),
      input.countMax,
      input.lookAt,
      input.mode,
      input.organisations.map(({ firstDueAtMs }) => firstDueAtMs),
      ...(isAnyChecked ? [checks] : []),
    ],
  });
  return rows.sort((one, other) => one.place - other.place).map(({ id }) => id);
}

/** Reminders taken together, to be named by one bell. */
export interface NewBatch {
  readonly id: string;
  readonly reminderIds: readonly string[];
}

/** Queues locked reminders in batches of one lane, under a lease. */
export async function queueBatches(
  connection: Connection,
  input: Lane & { leaseMs: number; batches: readonly NewBatch[] },
): Promise<void> {
  const members = input.batches.flatMap(({ id, reminderIds }) =>
    reminderIds.map((reminderId) => ({ id, reminderId })),
  );
  await connection.query({
    name: 'queue batches',
    text: `with clock as materialized (select clock_timestamp() as now),
      made as (
        insert into batches (id, channel, mode, reminder_count, created_at, lease_until)
        select b.id, $3, $7, b.reminder_count, k.now, k.now + $4 * interval '1 millisecond'
        from unnest($5::uuid[], $6::int[]) as b (id, reminder_count), clock k
      ), changed as (
        update reminders r set state = 'queued', batch_id = m.batch_id,
          lease_until = k.now + $4 * interval '1 millisecond', reason_code = null, updated_at = k.now
        from unnest($1::uuid[], $2::uuid[]) as m (reminder_id, batch_id), clock k
        where r.id = m.reminder_id and r.id = any($1::uuid[])
        returning ${toldColumns}, 'scheduled' as from_state, null as event_reason
      )
      ${tellOfChanged}`,
    values: [
      idsParameter(members.map(({ reminderId }) => reminderId)),
      idsParameter(members.map(({ id }) => id)),
      input.channel,
      input.leaseMs,
      input.batches.map(({ id }) => id),
      input.batches.map(({ reminderIds }) => reminderIds.length),
      input.mode,
    ],
  });
}
