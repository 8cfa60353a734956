-- What accepting cost beside writing rows.

set local role sotto_owner;

-- Read by every policy of every statement: as an expression it costs nothing to call. It is understood now, once, so
-- that nobody's search path has a say in it.
create or replace function visible_organisations() returns uuid[]
language sql stable
return coalesce(nullif(current_setting('sotto.organisations', true), ''), '{}')::uuid[];

-- Counting up to 128 within the expression cost as much as all other checks of a row.
alter table appointments drop constraint appointments_reference_check,
  add constraint appointments_reference_check
    check (reference ~ '^[A-Za-z0-9._:-]+$' and octet_length(reference) <= 128) not valid;
alter table appointments validate constraint appointments_reference_check;

-- What is stored of accepted versions: a line of each version, of each link and of each content key.
--
-- Planned once for each connection, and always by key: a plan for so many ids looked for all links at each
-- appointment, and one made while tables were small read through them.
create function read_accepted(appointment_ids uuid[], versions int[], link_ids uuid[])
returns table (appointment_id uuid, is_replaced boolean, version_line text, link_line text, key_line text)
language plpgsql stable set search_path = public, pg_temp set plan_cache_mode = force_generic_plan
  set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
#variable_conflict use_column
begin
  return query
    select a.id, a.version > w.version or a.deleted_at is not null,
      concat_ws(' ', v.organisation_id, v.mode, v.version, coalesce(v.revision, -1), v.receipt_id,
        v.view_month, encode(sha256(v.content), 'hex')), null::text, null::text
    from unnest(appointment_ids, versions) as w (id, version)
    join appointments a on a.id = w.id
    left join versions v on v.appointment_id = w.id and v.version = w.version;
  return query
    select l.appointment_id, null::boolean, null::text, concat_ws(' ', l.id, l.reminder_id, l.channel,
        encode(sha256(l.lookup || l.seal_public_key || l.note), 'hex'), encode(sha256(l.parcel), 'hex')),
      null::text
    from unnest(link_ids) as w (id) join links l on l.id = w.id;
  return query
    select k.appointment_id, null::boolean, null::text, null::text,
      concat_ws(' ', k.link_id, encode(sha256(k.sealed_key), 'hex'))
    from unnest(appointment_ids, versions) as w (id, version)
    join content_keys k on k.appointment_id = w.id and k.version = w.version;
end
$$;
revoke execute on function read_accepted(uuid[], int[], uuid[]) from public;
grant execute on function read_accepted(uuid[], int[], uuid[]) to sotto_api;

reset role;
