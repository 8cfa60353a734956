import { AppError } from '../domain/errors.ts';
import type { PutDecision } from '../domain/put-decision.ts';
import { type AcceptedVersion, eraseAt } from './accepted-version.ts';
import type { Connection } from './database.ts';
import type { NewEvent } from './event-writes.ts';

/** Ends reminders and marks those in the air, as decided under the locks. */
export async function endReminders(
  connection: Connection,
  changes: readonly { readonly decision: Pick<PutDecision, 'ended' | 'marked'> }[],
): Promise<void> {
  const ended = changes.flatMap(({ decision }) => decision.ended);
  if (ended.length > 0) {
    await connection.query({
      name: 'end reminders',
      text: `update reminders r set state = e.state, possibly_sent = r.possibly_sent or e.possibly_sent,
               batch_id = null, lease_until = null, updated_at = clock_timestamp()
             from unnest($1::uuid[], $2::text[], $3::boolean[]) as e (id, state, possibly_sent)
             where r.id = e.id`,
      values: [
        ended.map(({ id }) => id),
        ended.map(({ to }) => to),
        ended.map(({ possiblySent }) => possiblySent),
      ],
    });
  }
  const marked = changes.flatMap(({ decision }) => decision.marked);
  if (marked.length > 0) {
    await connection.query({
      name: 'mark reminders',
      text: `update reminders r set pending_end = m.pending_end, updated_at = clock_timestamp()
             from unnest($1::uuid[], $2::text[]) as m (id, pending_end) where r.id = m.id`,
      values: [marked.map(({ id }) => id), marked.map(({ end }) => end)],
    });
  }
}

/** Gives notices that wait the times of the new version. */
export async function retimeNotices(
  connection: Connection,
  versions: readonly AcceptedVersion[],
): Promise<void> {
  const retimed = versions.flatMap(({ decision }) => decision.retimed);
  if (retimed.length === 0) return;
  await connection.query({
    name: 'retime notices',
    text: `update reminders r set not_after = n.not_after, send_at = n.send_at,
             due_at = case when r.send_at = n.send_at then r.due_at else n.send_at end,
             updated_at = clock_timestamp()
           from unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[]) as n (id, send_at, not_after)
           where r.id = n.id and (r.not_after <> n.not_after or r.send_at <> n.send_at)`,
    values: [
      retimed.map(({ id }) => id),
      retimed.map(({ sendAt }) => sendAt.toString()),
      retimed.map(({ notAfter }) => notAfter.toString()),
    ],
  });
}

/** Deletes links that nobody has seen. */
export async function dropLinks(connection: Connection, linkIds: readonly string[]): Promise<void> {
  if (linkIds.length === 0) return;
  await connection.query({
    name: 'drop links',
    text: 'delete from links where id = any($1::uuid[])',
    values: [linkIds],
  });
}

/** Takes back, revokes and prolongs links, as decided. */
export async function changeLinks(
  connection: Connection,
  versions: readonly AcceptedVersion[],
): Promise<void> {
  await dropLinks(
    connection,
    versions.flatMap(({ decision }) => decision.droppedLinkIds),
  );
  const retired = versions.flatMap(({ decision }) => decision.retiredLinkIds);
  const revoked = versions.flatMap(({ decision }) => decision.revokedLinkIds);
  if (retired.length + revoked.length > 0) {
    await connection.query({
      name: 'retire links',
      text: `update links set current = current and not id = any($1::uuid[]),
               revoked_at = case when id = any($2::uuid[]) then clock_timestamp() else revoked_at end
             where id = any($1::uuid[]) or id = any($2::uuid[])`,
      values: [retired, revoked],
    });
  }
  const shown = versions.flatMap(({ decision, linkExpiresAt }) =>
    decision.shownLinks.map(({ id }) => ({ id, expiresAt: linkExpiresAt.toString() })),
  );
  if (shown.length > 0) {
    const { rowCount } = await connection.query({
      name: 'move link expiry',
      text: `update links l set expires_at = s.expires_at
             from unnest($1::uuid[], $2::timestamptz[]) as s (id, expires_at) where l.id = s.id`,
      values: [shown.map(({ id }) => id), shown.map(({ expiresAt }) => expiresAt)],
    });
    // Held from now on. One that expired and went meanwhile would leave a key behind that nothing leads to.
    if (rowCount !== shown.length) throw new AppError('busy', { retryAfterS: 1 });
  }
}

/** Forgets wrong answers where a new message was asked for. */
export async function clearLocks(
  connection: Connection,
  versions: readonly AcceptedVersion[],
): Promise<void> {
  const ids = versions.filter(({ decision }) => decision.locksCleared).map(({ id }) => id);
  if (ids.length === 0) return;
  await connection.query('delete from factor_failures where appointment_id = any($1::uuid[])', [
    ids,
  ]);
  await connection.query(
    `delete from source_failures
     where link_id in (select id from links where appointment_id = any($1::uuid[]))`,
    [ids],
  );
}

/**
 * Moves appointments to their new version. One that was paused because an earlier version was not
 * stored as accepted goes on: this one is read back in its turn.
 */
export async function updateAppointments(
  connection: Connection,
  versions: readonly AcceptedVersion[],
): Promise<void> {
  await connection.query({
    name: 'update appointments',
    text: `update appointments a set state = u.state, version = u.version, revision = u.revision,
             moved = u.moved, starts_at = u.starts_at, ends_at = u.ends_at, erase_at = u.erase_at,
             paused_at = null, updated_at = clock_timestamp()
           from unnest($1::uuid[], $2::text[], $3::int[], $4::int[], $5::boolean[], $6::timestamptz[],
             $7::timestamptz[], $8::timestamptz[])
             as u (id, state, version, revision, moved, starts_at, ends_at, erase_at)
           where a.id = u.id`,
    values: [
      versions.map(({ id }) => id),
      versions.map(({ decision }) => decision.state),
      versions.map(({ decision }) => decision.version),
      versions.map(({ decision }) => decision.revision),
      versions.map(({ decision }) => decision.moved),
      versions.map(({ startsAt }) => startsAt.toString()),
      versions.map(({ endsAt }) => endsAt.toString()),
      versions.map(({ linkExpiresAt }) => eraseAt(linkExpiresAt).toString()),
    ],
  });
}

/** One event for each reminder that ended. */
export function endedEvents(
  about: Pick<NewEvent, 'organisationId' | 'mode' | 'reference' | 'appointmentId'>,
  { ended }: Pick<PutDecision, 'ended'>,
): NewEvent[] {
  return ended.map(({ id, from, to, possiblySent }) => ({
    ...about,
    type: `reminder.${to}`,
    reminderId: id,
    from,
    to,
    possiblySent,
  }));
}
