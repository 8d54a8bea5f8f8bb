-- Up Migration
-- The application runs as tandem_app, which owns nothing: a statement without a tenant sees no rows, and one with a
-- tenant sees only that tenant's. What must look across tenants (claiming lanes, accepting deliveries) is a function
-- in 0003 that runs as the owner and filters by the tenants it is given.
do $$
begin
  if not exists (select from pg_roles where rolname = 'tandem_app') then
    create role tandem_app nologin;
  end if;
exception when duplicate_object or unique_violation then null; -- another database of this server was quicker
end $$;

do $$ begin execute format('grant tandem_app to %I', current_user); end $$;
grant usage on schema public to tandem_app;
grant select, insert, update, delete on all tables in schema public to tandem_app;
grant usage, select on all sequences in schema public to tandem_app;

create function current_tenant() returns int language sql stable
as $$ select nullif(current_setting('app.tenant', true), '')::int $$;

do $$
declare name text;
begin
  foreach name in array array['tenant', 'connection', 'secret', 'data_key', 'mapping', 'mapping_version', 'link', 'intent', 'lane',
    'inbox', 'inbox_lane', 'books', 'attempt', 'bucket', 'sweep_run', 'subscription', 'backfill', 'audit']
  loop
    execute format('alter table %I enable row level security', name);
    execute format('create policy by_tenant on %I to tandem_app using (tenant = current_tenant()) with check (tenant = current_tenant())', name);
  end loop;
end $$;

-- Down Migration
-- Forward only.
