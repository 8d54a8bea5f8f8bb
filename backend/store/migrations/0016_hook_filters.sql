-- Up Migration
-- What an admin narrowed the service hooks of a project to; no row: nothing, as for all of before. By the project's id,
-- because mappings name it as the admin's page knew it, and its name may change.
create table hook_filter (
  tenant int not null references tenant,
  project_id text not null,
  area_path text not null,
  work_item_type text not null,
  primary key (tenant, project_id)
);
alter table hook_filter enable row level security;
create policy by_tenant on hook_filter to tandem_app
  using (tenant = current_tenant()) with check (tenant = current_tenant());
grant select, insert, update, delete on hook_filter to tandem_app;

-- Down Migration
-- Forward only.
