-- Whoever writes a version, a reminder, a link or a content key has written or locked what it hangs on in the same
-- transaction: to look for that once more, row by row, was a tenth of what accepting costs here. What the foreign
-- keys did beside, one statement does for all rows that another one deletes, as for attempts since 0041.
grant create on schema public to sotto_eraser;
set local role sotto_owner;

create policy erasing_all on content_keys to sotto_eraser using (true) with check (true);
grant select (id) on links to sotto_eraser;
grant delete on reminders to sotto_eraser;
grant select (link_id, version), delete on content_keys to sotto_eraser;

reset role;
set local role sotto_eraser;

create function delete_what_hangs_on() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  case tg_table_name || ' ' || tg_op
    when 'appointments DELETE' then
      delete from versions where appointment_id = any(array(select id from gone));
      delete from links where appointment_id = any(array(select id from gone));
      delete from reminders where appointment_id = any(array(select id from gone));
    when 'links DELETE' then
      delete from content_keys where link_id = any(array(select id from gone));
    when 'versions DELETE' then
      -- One without its link is gone by now.
      delete from content_keys k using gone g, links l
        where l.appointment_id = g.appointment_id and k.link_id = l.id and k.version = g.version;
    when 'appointments TRUNCATE' then
      delete from versions;
      delete from links;
      delete from reminders;
    else
      delete from content_keys;
  end case;
  return null;
end
$$;
revoke execute on function delete_what_hangs_on() from public;
grant execute on function delete_what_hangs_on() to sotto_owner;

reset role;
revoke create on schema public from sotto_eraser;
set local role sotto_owner;

do $$
declare
  name text;
begin
  foreach name in array array['appointments', 'links', 'versions'] loop
    execute format('create trigger delete_what_hangs_on after delete on %I referencing old table as gone
      for each statement execute function delete_what_hangs_on()', name);
    execute format('create trigger truncate_what_hangs_on after truncate on %I
      for each statement execute function delete_what_hangs_on()', name);
  end loop;
end
$$;
alter table versions drop constraint versions_appointment_id_fkey;
alter table reminders drop constraint reminders_appointment_id_fkey;
alter table links drop constraint links_appointment_id_fkey;
alter table content_keys drop constraint content_keys_link_id_fkey,
  drop constraint content_keys_appointment_id_version_fkey;

-- Content keys are found by their links alone. As before, but for that.
drop index content_keys_version;
create or replace function read_accepted(appointment_ids uuid[], versions int[], link_ids uuid[])
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
    cross join lateral (select * from appointments a where a.id = w.id offset 0) a
    left join lateral (select * from versions v
      where v.appointment_id = w.id and v.version = w.version offset 0) v on true;
  return query
    select l.appointment_id, null::boolean, null::text, concat_ws(' ', l.id, l.reminder_id, l.channel,
        encode(sha256(l.lookup || l.seal_public_key || l.note), 'hex'), encode(sha256(l.parcel), 'hex')),
      null::text
    from unnest(link_ids) as w (id)
    cross join lateral (select * from links l where l.id = w.id offset 0) l;
  return query
    select w.id, null::boolean, null::text, null::text,
      concat_ws(' ', l.id, encode(sha256(k.sealed_key), 'hex'))
    from unnest(appointment_ids, versions) as w (id, version)
    cross join lateral (select l.id from links l where l.appointment_id = w.id offset 0) l
    cross join lateral (select k.sealed_key from content_keys k
      where k.link_id = l.id and k.version = w.version offset 0) k;
end
$$;

reset role;
