import type { AppointmentState } from '../domain/appointment.ts';
import type { Channel, Mode } from '../domain/channel.ts';
import type { Factor, ProofPolicy } from '../domain/factor.ts';
import type { Portal } from '../domain/portal.ts';
import type { Database } from './database.ts';

/** A live link with the current version of its appointment, sealed. */
export interface StoredPatientLink {
  readonly linkId: string;
  readonly organisationId: string;
  readonly mode: Mode;
  readonly appointmentId: string;
  readonly reminderId: string;
  readonly channel: Channel;
  readonly note: Buffer;
  readonly state: AppointmentState;
  readonly moved: boolean;
  readonly startsAt: Date;
  /** When this link, and what it opens, is over. */
  readonly expiresAt: Date;
  readonly version: number;
  readonly viewMonth: string;
  readonly content: Buffer;
  readonly sealedContentKey: Buffer;
  readonly defaultLanguage: string;
  readonly birthDateOpensAll: boolean;
  readonly proofPolicy: ProofPolicy;
  /** Where its organisation lets phones be now; null: anywhere. */
  readonly countries: readonly string[] | null;
  readonly portal: Portal | null;
  /** Whether the version was accepted while its organisation had the portal that it has now. */
  readonly isSubjectOfPortal: boolean;
  /** The help code of a factor that is locked, by factor. */
  readonly locked: Readonly<Partial<Record<Factor, string>>>;
}

/**
 * The link with this lookup id, if it may be opened now, with what it shows. Whose it is, is all that can
 * be looked up before the organisation is known.
 *
 * @returns undefined for one that is expired, revoked or erased, signed under a key that was revoked, or
 *   that no key of the current version was sealed for
 */
export async function readPatientLink(
  database: Pick<Database, 'transaction'>,
  lookup: Buffer,
): Promise<StoredPatientLink | undefined> {
  const organisations = {
    name: 'bind organisation of link',
    text: 'select array_agg(organisation_id)::text from find_link($1)',
    values: [lookup],
  };
  const { rows } = await database.transaction(organisations, (connection) =>
    connection.query<StoredPatientLink>({
      name: 'read patient link',
      text: `select l.id as "linkId", l.organisation_id as "organisationId", l.mode,
       l.appointment_id as "appointmentId", l.reminder_id as "reminderId", l.channel, l.note,
       a.state, a.moved, a.starts_at as "startsAt", l.expires_at as "expiresAt", a.version,
       v.view_month as "viewMonth", v.content, k.sealed_key as "sealedContentKey",
       o.default_language as "defaultLanguage", o.birth_date_opens_all as "birthDateOpensAll",
       o.proof_policy as "proofPolicy", o.countries,
       case when o.portal_issuer is not null then jsonb_build_object('issuer', o.portal_issuer,
         'clientId', o.portal_client_id, 'acrValues', o.portal_acr_values,
         'maxAgeMinutes', o.portal_max_age_minutes) end as portal,
       coalesce(v.created_at >= o.portal_since, true) as "isSubjectOfPortal",
       coalesce((select jsonb_object_agg(f.factor, f.help_code) from factor_failures f
         where f.appointment_id = a.id and f.locked_at is not null), '{}') as locked
     from links l
     join appointments a on a.id = l.appointment_id
     join organisations o on o.id = l.organisation_id
     join versions v on v.appointment_id = a.id and v.version = a.version
     join content_keys k on k.link_id = l.id and k.version = a.version
     -- By its id: who may read what links are found by can erase them all, so that right is to go.
     where l.id = (select link_id from find_link($1))
       and l.revoked_at is null and l.expires_at > clock_timestamp() and a.state <> 'erased'
       -- One without a selector waits to be signed anew.
       and l.selector is not null
       and not exists (select from revoked_selectors s where s.selector = l.selector)`,
      values: [lookup],
    }),
  );
  return rows[0];
}
