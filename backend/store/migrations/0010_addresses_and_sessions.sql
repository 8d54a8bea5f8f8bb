-- Up Migration
-- Addresses under which the backend was reached, as its operator set them: service hooks that lead to a former one,
-- with the connection's own secret path, are its own and follow it. Those of before this migration are not known.
create table public_address (
  tenant int not null references tenant,
  url text not null,
  used_at timestamptz not null default clock_timestamp(),
  primary key (tenant, url)
);
alter table public_address enable row level security;
create policy by_tenant on public_address to tandem_app
  using (tenant = current_tenant()) with check (tenant = current_tenant());
grant select, insert, update, delete on public_address to tandem_app;

-- Sessions carry the number under which they were opened; a higher one ends them all. A number, not a time: the clocks
-- of replicas differ.
alter table tenant add column session_generation int not null default 1;
-- Null while the operator's list has the organisation; else whether it was switched on when it left the list.
alter table tenant add column withdrawn_while_on boolean;

-- Down Migration
-- Forward only.
