-- Up Migration

-- The lane that the next claim would take first, as claim_lanes sees it, without taking it; none of a connection that is
-- probed with one lane at a time. One look into the index of due lanes per connection, however many wait.
create function next_lane() returns table (tenant int, key text, kind text, lease_token bigint)
language plpgsql stable security definer set search_path = public
set enable_hashjoin = off set enable_mergejoin = off set enable_seqscan = off as $$
#variable_conflict use_column
declare
  at timestamptz := clock_timestamp();
begin
  return query
  select l.tenant, l.key, l.kind, l.lease_token
  from connection c join tenant t on t.tenant = c.tenant
  left join connection a on a.tenant = c.tenant and a.id = 'azure-devops'
  cross join lateral (
    select w.tenant, w.key, w.kind, w.lease_token, w.due from lane w
    where w.tenant = c.tenant and w.connection = c.id and w.queued > 0 and not w.parked
      and w.due <= at and w.lease_until < at
    order by w.due limit 1
  ) l
  where t.enabled and c.enabled and c.status not in ('paused', 'unreachable') and c.resume_at <= at
    and coalesce(a.enabled and a.status not in ('paused', 'unreachable') and a.resume_at <= at, true)
  order by l.due limit 1;
end $$;
grant execute on function next_lane() to tandem_app;

-- Down Migration
-- Forward only.
