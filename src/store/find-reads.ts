import type { AppointmentState } from '../domain/appointment.ts';
import type { Mode } from '../domain/channel.ts';
import type { Connection } from './database.ts';

/** An appointment among others that were meant by the same words. */
export interface FoundAppointment {
  readonly id: string;
  readonly organisationName: string;
  readonly mode: Mode;
  readonly reference: string;
  readonly state: AppointmentState;
  readonly acceptedAt: Date;
  readonly deletedAt: Date | null;
}

/**
 * Appointments by any of these, newest first. References are looked up in each organisation by its
 * own index, ids and codes by theirs, so that a backlog or a past costs nothing.
 */
export async function findBy(
  connection: Connection,
  input: {
    organisationIds: readonly string[];
    reference: string | undefined;
    id: string | undefined;
    helpCode: string | undefined;
    countMax: number;
  },
): Promise<FoundAppointment[]> {
  const { rows } = await connection.query<FoundAppointment>(
    `with meant (id) as (
       select a.id from unnest($1::uuid[]) as o (id) cross join unnest(array['test', 'live']) as m (mode)
         join appointments a on a.organisation_id = o.id and a.mode = m.mode
           and a.reference = $2 and a.deleted_at is null
       union select a.id from unnest($1::uuid[]) as o (id)
         cross join unnest(array['test', 'live']) as m (mode)
         join appointments a on a.organisation_id = o.id and a.mode = m.mode
           and a.reference = $2 and a.deleted_at is not null
       union select a.id from appointments a where a.id = $3
       union select r.appointment_id from reminders r where r.id = $3
       union select f.appointment_id from factor_failures f where f.help_code = $4
     )
     select a.id, o.name as "organisationName", a.mode, a.reference, a.state,
       a.created_at as "acceptedAt", a.deleted_at as "deletedAt"
     from meant m join appointments a on a.id = m.id join organisations o on o.id = a.organisation_id
     order by a.deleted_at is not null, a.created_at desc, a.id limit $5`,
    [
      input.organisationIds,
      input.reference ?? null,
      input.id ?? null,
      input.helpCode ?? null,
      input.countMax,
    ],
  );
  return rows;
}
