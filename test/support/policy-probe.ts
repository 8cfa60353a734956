import type pg from 'pg';
import { databaseRoles } from '../../src/store/role-logins.ts';

/** Everybody whom a policy speaks of: the roles of processes, and those that functions act as. */
export const policyRoles = [...databaseRoles, 'owner', 'lookup', 'restorer', 'eraser'] as const;
export type PolicyRole = (typeof policyRoles)[number];

/** Whose rows there are in each table. A table of no organisation has one row, called `common`. */
export const rowOwners = {
  own: '11111111-1111-4111-8111-111111111111',
  foreign: '22222222-2222-4222-8222-222222222222',
  // As 0014-canary.sql has it: the one organisation whose appointments the owner may delete.
  canary: '00000000-0000-4000-8000-000000ca9a41',
} as const;
export type RowOwner = keyof typeof rowOwners | 'common';

/** What a role came to, in one table, while `organisation` was the one set for its transaction. */
export interface ProbeFact {
  readonly role: PolicyRole;
  readonly table: string;
  readonly organisation: 'own' | 'none';
  /** Rows that it reads, by owner; undefined where it may read no column. */
  readonly reads: readonly RowOwner[] | null;
  /** How many rows it changes and deletes when it names none; null where it may not at all. */
  readonly changes: number | null;
  readonly deletes: number | null;
  /** Whose rows it may write, of those that it may write the columns of. */
  readonly writes: readonly RowOwner[] | null;
}

/**
 * Makes a database ready to be probed: a row of each owner in every table, told apart by a column
 * that everybody may use who may use the table at all. Constraints and triggers go, so that rows of
 * any shape can be there; what is probed are policies and grants alone.
 */
export async function prepareProbe(admin: pg.Client): Promise<void> {
  await admin.query(`
    do $$
    declare r record;
    begin
      for r in select c.conname, c.conrelid::regclass::text as tbl from pg_constraint c
        join pg_class t on t.oid = c.conrelid
        where t.relnamespace = 'public'::regnamespace and c.conparentid = 0 and c.coninhcount = 0
          and c.contype in ('f', 'p', 'u', 'c', 'n') order by c.contype = 'f' desc, c.contype = 'n'
      loop
        begin
          execute format('alter table %s drop constraint if exists %I cascade', r.tbl, r.conname);
        exception when others then null; -- an identity's: it fills itself in
        end;
      end loop;
      for r in select i.indexrelid::regclass::text as name from pg_index i
        join pg_class t on t.oid = i.indexrelid
        where t.relnamespace = 'public'::regnamespace and i.indisunique and not t.relispartition
          and not exists (select from pg_constraint c where c.conindid = i.indexrelid)
      loop
        execute format('drop index %s', r.name);
      end loop;
    end $$;
    create table probed_tables as
      select c.oid::regclass::text as name, exists (select from pg_attribute a
          where a.attrelid = c.oid and a.attname = 'organisation_id') as has_organisation
      from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
        and not c.relispartition and c.relname <> 'migrations';
    do $$
    declare t record; r text; kind text;
    begin
      for t in select * from probed_tables loop
        execute format('alter table %I disable trigger user', t.name);
        execute format('alter table %I add column probe_owner text', t.name);
        foreach r in array array['${databaseRoles.join("','")}', 'lookup', 'restorer', 'eraser'] loop
          foreach kind in array array['select', 'insert', 'update'] loop
            if has_any_column_privilege('sotto_' || r, t.name, kind) then
              execute format('grant %s (probe_owner) on %I to %I', kind, t.name, 'sotto_' || r);
            end if;
          end loop;
        end loop;
      end loop;
    end $$;`);
  await admin.query(probeFunction);
}

/** Puts the rows there; `values` gives those that a policy looks at more closely. */
export async function fillForProbe(
  admin: pg.Client,
  values: Readonly<Record<string, Partial<Record<RowOwner, Record<string, unknown>>>>>,
): Promise<Map<string, readonly RowOwner[]>> {
  const laid = new Map<string, readonly RowOwner[]>();
  const { rows: tables } = await admin.query<{ name: string; has_organisation: boolean }>(
    'select name, has_organisation from probed_tables',
  );
  for (const { name, has_organisation: hasOrganisation } of tables) {
    await admin.query(`delete from ${name}`);
    const column = name === 'organisations' ? 'id' : 'organisation_id';
    const isShared = !(hasOrganisation || name === 'organisations');
    const owners = Object.keys(values[name] ?? (isShared ? { common: {} } : rowOwners));
    laid.set(name, (owners as RowOwner[]).toSorted());
    for (const owner of owners as RowOwner[]) {
      const row: Record<string, unknown> = { probe_owner: owner };
      if (!isShared && owner !== 'common') row[column] = rowOwners[owner];
      Object.assign(row, values[name]?.[owner]);
      const places = Object.keys(row).map((_, index) => `$${index + 1}`);
      await admin.query(
        `insert into ${name} (${Object.keys(row).join(', ')}) values (${places.join(', ')})`,
        Object.values(row),
      );
    }
  }
  return laid;
}

/** @param tables all when absent */
export async function probe(admin: pg.Client, tables?: readonly string[]): Promise<ProbeFact[]> {
  const { rows } = await admin.query<ProbeFact>(
    `select role, tbl as "table", organisation, reads, changes, deletes, writes
     from probe_isolation(coalesce($1, (select array_agg(name) from probed_tables)), $2)`,
    [tables, [...policyRoles]],
  );
  return rows;
}

/** Whatever is written is taken back at once, by an error that is caught here. */
const probeFunction = `
  create function probe_isolation(tables text[], roles text[])
  returns table (role text, tbl text, organisation text, reads text[], changes int, deletes int,
    writes text[]) language plpgsql as $$
  declare
    t record; done int; row_owner text; id uuid; key text;
  begin
    for t in select * from probed_tables p where p.name = any (tables) loop
      tbl := t.name;
      key := case when t.name = 'organisations' then 'id'
        when t.has_organisation then 'organisation_id' end;
      foreach role in array roles loop
        foreach organisation in array array['own', 'none'] loop
          perform set_config('sotto.organisations',
            case organisation when 'own' then '{${rowOwners.own}}' else '' end, true);
          reads := null; changes := null; deletes := null; writes := null;
          execute format('set local role %I', 'sotto_' || role);
          if has_any_column_privilege(t.name, 'select') then
            execute format('select coalesce(array_agg(probe_owner order by probe_owner), ''{}'') from %I',
              t.name) into reads;
          end if;
          if has_any_column_privilege(t.name, 'update') then
            begin
              execute format('update %I set probe_owner = ''changed''', t.name);
              get diagnostics done = row_count;
              raise sqlstate 'PR001';
            exception when sqlstate 'PR001' then changes := done;
              when insufficient_privilege then changes := -1;
            end;
          end if;
          if has_table_privilege(t.name, 'delete') then
            begin
              execute format('delete from %I', t.name);
              get diagnostics done = row_count;
              raise sqlstate 'PR001';
            exception when sqlstate 'PR001' then deletes := done;
            end;
          end if;
          if has_any_column_privilege(t.name, 'insert')
            and (key is null or has_column_privilege(t.name, key, 'insert'))
          then
            writes := '{}';
            for row_owner, id in select * from unnest(array['canary', 'foreign', 'own'],
              array['${rowOwners.canary}', '${rowOwners.foreign}', '${rowOwners.own}']::uuid[])
            loop
              begin
                if key is null then
                  execute format('insert into %I (probe_owner) values (''new'')', t.name);
                  row_owner := 'common';
                else
                  execute format('insert into %I (%I, probe_owner) values ($1, ''new'')', t.name, key)
                    using id;
                end if;
                raise sqlstate 'PR001';
              exception when sqlstate 'PR001' then writes := writes || row_owner;
                when insufficient_privilege then null;
              end;
              exit when key is null;
            end loop;
          end if;
          reset role;
          return next;
        end loop;
      end loop;
    end loop;
  end $$`;
