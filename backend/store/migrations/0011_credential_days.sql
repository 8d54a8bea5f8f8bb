-- Up Migration
-- The day on which a credential ends, as its admin read it in the other system; null: not known, as for all of before.
alter table secret add column ends_on date;
-- The day on which the operator's log was last told, so that it is told once a day by all replicas together.
alter table secret add column end_told_on date;

-- Over all tenants, for the operator's gauges and log. Days are those of UTC, as everywhere.
create function credential_days() returns table (tenant int, connection text, name text, days int)
language sql stable security definer set search_path = public as $$
  select s.tenant, s.connection, s.name, s.ends_on - (now() at time zone 'UTC')::date from secret s where s.ends_on is not null
$$;
grant execute on function credential_days() to tandem_app;

-- Those that end within so many days, or have ended, and that the log was not told of today.
create function tell_ending_credentials(within int) returns table (tenant int, connection text, name text, ends_on text, days int)
language sql volatile security definer set search_path = public as $$
  update secret s set end_told_on = (now() at time zone 'UTC')::date
  where s.ends_on <= (now() at time zone 'UTC')::date + within
    and (s.end_told_on is null or s.end_told_on < (now() at time zone 'UTC')::date)
  returning s.tenant, s.connection, s.name, s.ends_on::text, s.ends_on - (now() at time zone 'UTC')::date
$$;
grant execute on function tell_ending_credentials(int) to tandem_app;

-- Down Migration
-- Forward only.
