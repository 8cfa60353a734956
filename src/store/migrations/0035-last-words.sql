-- What was narrowed since a backup stays narrow after a restore: ceilings, countries, what a birth date opens,
-- quotas and networks of credentials. And links of a revoked key are found page by page.
set local role sotto_owner;

-- What two words allow both of may be nothing, and a restored database then allows nothing.
alter table organisations drop constraint organisations_countries_check,
  add constraint organisations_countries_check check (cardinality(countries) <= 250);
alter table credentials drop constraint credentials_networks_check,
  add constraint credentials_networks_check check (cardinality(networks) <= 50);

grant select (birth_date_opens_all, requests_per_minute, appointments_per_hour, appointments_per_day,
    reminders_per_hour, reminders_per_day, numbers_per_hour, countries),
  update (birth_date_opens_all, requests_per_minute, appointments_per_hour, appointments_per_day,
    reminders_per_hour, reminders_per_day, numbers_per_hour, countries) on organisations to sotto_restorer;
grant select (quotas, networks), update (quotas, networks) on credentials to sotto_restorer;

reset role;
grant create on schema public to sotto_restorer;
set local role sotto_restorer;

-- Of several words on one of them each holds: nobody is allowed more by what stands in a file, and whether what
-- was written last was committed may not be known.
create function replay_limits(entries jsonb)
returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  roles constant text[] := array['viewer', 'operator', 'admin'];
  e record;
begin
  if may_send() then raise exception 'nothing is being restored'; end if;

  for e in select * from jsonb_to_recordset(entries) as j (kind text, "userId" uuid, role text)
    where j.kind = 'ops_user_role'
  loop
    update ops_users u set role = e.role
      where u.id = e."userId" and array_position(roles, e.role) < array_position(roles, u.role);
  end loop;

  for e in select * from jsonb_to_recordset(entries) as j (kind text, "organisationId" uuid,
      "proofPolicy" text, "birthDateOpens" text, "requestsPerMinute" int, "appointmentsPerHour" int,
      "appointmentsPerDay" int, "remindersPerHour" int, "remindersPerDay" int, "numbersPerHour" int,
      countries text[])
    where j.kind = 'organisation_limits'
  loop
    -- The least of a number and of no ceiling is the number.
    update organisations o set
      proof_policy = case e."proofPolicy" when 'strict' then 'strict' else o.proof_policy end,
      birth_date_opens_all = o.birth_date_opens_all and e."birthDateOpens" is not distinct from 'everything',
      requests_per_minute = least(o.requests_per_minute, e."requestsPerMinute"),
      appointments_per_hour = least(o.appointments_per_hour, e."appointmentsPerHour"),
      appointments_per_day = least(o.appointments_per_day, e."appointmentsPerDay"),
      reminders_per_hour = least(o.reminders_per_hour, e."remindersPerHour"),
      reminders_per_day = least(o.reminders_per_day, e."remindersPerDay"),
      numbers_per_hour = least(o.numbers_per_hour, e."numbersPerHour"),
      countries = case when e.countries is null then o.countries when o.countries is null then e.countries
        else array(select unnest(o.countries) intersect select unnest(e.countries) order by 1) end
    where o.id = e."organisationId";
  end loop;

  for e in select * from jsonb_to_recordset(entries) as j (kind text, "credentialId" uuid, quotas jsonb,
      networks cidr[])
    where j.kind = 'credential_limits'
  loop
    update credentials c set
      quotas = (select coalesce(jsonb_object_agg(q.key, q.count), '{}') from (
        select b.key, min(b.value::bigint) as count from (
          select * from jsonb_each_text(c.quotas) union all select * from jsonb_each_text(e.quotas)) b
        where b.value is not null group by b.key) q),
      -- Of two networks one lies in the other, or they have nothing in common.
      networks = case when e.networks is null then c.networks when c.networks is null then e.networks
        else array(select n from unnest(e.networks) n where n <<= any (c.networks)
          union select n from unnest(c.networks) n where n <<= any (e.networks) order by 1) end
    where c.id = e."credentialId";
  end loop;
end
$$;

-- Goes through the next links in the order of their ids, whatever key they are signed with. No index knows their
-- selector: where few have it, one page of them read every link there is, within one statement's time-out.
create or replace function revoke_links_of(revoked text, after uuid, rows_max int)
returns table (last_id uuid, ended int, owed int)
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  walked uuid[];
  those uuid[];
begin
  select array_agg(p.id order by p.id), coalesce(array_agg(p.id order by p.id) filter (where p.is_meant), '{}')
    into walked, those
    from (select l.id, l.selector = revoked and l.revoked_at is null as is_meant from links l
      where l.id > after order by l.id limit 4 * rows_max) p;
  last_id := walked[cardinality(walked)];
  -- Nobody waits for the locks of more than so many.
  if cardinality(those) > rows_max then
    those := those[:rows_max];
    last_id := those[rows_max];
  end if;
  select e.ended, e.owed into ended, owed from end_links(those) e;
  return next;
end
$$;

revoke execute on function replay_limits(jsonb) from public;
grant execute on function replay_limits(jsonb) to sotto_scheduler;

reset role;
revoke create on schema public from sotto_restorer;
