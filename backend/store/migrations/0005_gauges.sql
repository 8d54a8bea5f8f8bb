-- Up Migration
-- What the operator's gauges show, over all tenants; counts come from the partial indexes.
create function gauges() returns table (lanes_due bigint, oldest_due_seconds float, received bigint, duplicate bigint, parked bigint, pending bigint)
language sql stable security definer set search_path = public as $$
  select
    (select count(*) from lane l where l.queued > 0 and not l.parked and l.due <= now()),
    coalesce((select extract(epoch from now() - min(l.due)) from lane l where l.queued > 0 and not l.parked and l.due <= now()
      and l.kind in ('link', 'record', 'create')), 0)::float,
    coalesce((select sum(b.received) from books b), 0)::bigint,
    coalesce((select sum(b.duplicate) from books b), 0)::bigint,
    (select count(*) from inbox i where i.outcome = 'parked'),
    (select count(*) from inbox i where i.outcome = 'pending')
$$;
grant execute on function gauges() to tandem_app;

-- Down Migration
-- Forward only.
