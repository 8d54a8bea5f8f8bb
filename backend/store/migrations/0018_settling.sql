-- Up Migration

-- Each index of what waits serves for one kind of search only, and that of deliveries begins with what is searched by:
-- a choice could turn out wrong, see settle_lanes.
alter table inbox_lane drop constraint inbox_lane_pkey;
create index inbox_lane_lane on inbox_lane (lane_key, tenant);
create index inbox_id on inbox (id, tenant);

-- Ends runs of lanes. What came in during a run that parks gets a run of its own: it may be what was missing, as for a
-- lane that stands still. An element whose token is not the lane's current one was overtaken (its lease ran out and
-- another worker has it), and one whose lane is not leased any more is the repetition of a settlement whose answer was
-- lost: nothing of it is written. Each element:
-- { tenant, key, token, queued, hint_count, last_inbox, verdict: 'done' | 'wait' | 'park', delay_ms, keep_attempts, failure,
--   link: {...}, attempt: {...}, inbox_reason, recur_ms }.
-- Returns the keys that were settled.
--
-- The plan is kept, and made while tables may still be small or, as inbox_lane, empty for the moment: the planner thinks
-- little then of walking through all of one, and all that waited was walked through for every batch (seen in two of some
-- thirty loads of 400 changes a second: settling took up to twice as long). Written as `= any(array[...])` a comparison
-- is of no use but for finding rows by an index, and each search has but one index that serves it.
create or replace function settle_lanes(batch jsonb) returns setof text
language plpgsql security definer set search_path = public
set enable_hashjoin = off set enable_mergejoin = off set enable_seqscan = off set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
  settled text[];
  changed text[];
  freed_tenants int[];
  freed bigint[];
  reasons text[];
  parked_keys text[];
begin
  with given as materialized (
    select * from jsonb_to_recordset(batch) as b(tenant int, key text, token bigint, queued int, hint_count int, last_inbox bigint,
      verdict text, delay_ms float, keep_attempts boolean, failure jsonb, link jsonb, attempt jsonb, inbox_reason text, recur_ms float)
  ), held as materialized (
    select g.*, l.link as link_id, l.connection, g.verdict = 'park' and l.queued <= g.queued as parks
    from given g join lane l on l.tenant = any(array[g.tenant]) and l.key = any(array[g.key]) and l.lease_token = g.token
      and l.lease_until > '-infinity'
    order by g.tenant, g.key for update of l
  ), ended as (
    update lane l set
      queued = case when s.verdict = 'done' then greatest(l.queued - s.queued, case when s.recur_ms is null then 0 else 1 end) else l.queued end,
      -- What came in during the run stays; over 20 hints were merged meanwhile, and then one 'unknown' says so.
      hints = case when s.verdict <> 'done' then l.hints
                   when l.queued <= s.queued then '[]'::jsonb
                   when jsonb_array_length(l.hints) > s.hint_count then jsonb_path_query_array(l.hints, ('$[' || s.hint_count || ' to last]')::jsonpath)
                   else '[{"what":"unknown"}]'::jsonb end,
      due = case when s.verdict = 'wait' then clock_timestamp() + make_interval(secs => s.delay_ms / 1000.0)
                 when s.recur_ms is not null then clock_timestamp() + make_interval(secs => s.recur_ms / 1000.0)
                 else clock_timestamp() end,
      attempts = case when s.verdict = 'done' or s.verdict = 'park' and not s.parks then 0 when s.keep_attempts then greatest(l.attempts - 1, 0) else l.attempts end,
      parked = s.parks,
      parked_at = case when s.parks then clock_timestamp() end,
      failure = case when s.verdict = 'done' then null else s.failure end,
      lease_until = '-infinity'
    from held s where l.tenant = any(array[s.tenant]) and l.key = any(array[s.key])
  ), attempted as (
    insert into attempt (tenant, lane_key, link, connection, work_item_id, ticket_key, cause, outcome, summary, failure, duration_ms, attempts, wrote, detail)
    select s.tenant, s.key, s.link_id, s.connection, s.attempt->>'workItemId', s.attempt->>'ticketKey', s.attempt->>'cause',
      s.attempt->>'outcome', s.attempt->>'summary', s.attempt->>'failure', (s.attempt->>'durationMs')::real,
      (s.attempt->>'attempts')::int, coalesce((s.attempt->>'wrote')::int, 0), coalesce(s.attempt->'detail', '{}')
    from held s where s.attempt is not null
  ), agreed as (
    update link k set
      base = case when u ? 'base' then u->'base' else k.base end,
      responded = coalesce((u->>'responded')::boolean, k.responded),
      resolutions = case when u ? 'usedResolutions'
        then k.resolutions - array(select jsonb_array_elements_text(u->'usedResolutions')) else k.resolutions end,
      conflicts = case when u ? 'conflicts' then u->'conflicts' else k.conflicts end,
      shown = case when u ? 'shown' then u->'shown' else k.shown end,
      ticket_key = coalesce(u->>'ticketKey', k.ticket_key),
      ticket_url = coalesce(u->>'ticketUrl', k.ticket_url),
      condition = coalesce(u->>'condition', k.condition),
      reason = case when u ? 'condition' then u->>'reason' else k.reason end,
      remedy = case when u ? 'condition' then u->>'remedy' else k.remedy end,
      retry_at = case when u ? 'condition' then (u->>'retryAt')::timestamptz else k.retry_at end,
      agreed_at = case when coalesce((u->>'agreed')::boolean, false) then clock_timestamp() else k.agreed_at end,
      looked_at = case when coalesce((u->>'fullLook')::boolean, false) then clock_timestamp() else k.looked_at end,
      ended_at = case when u ? 'endReason' then clock_timestamp() else k.ended_at end,
      ended_reason = case when u ? 'endReason' then u->>'endReason' else k.ended_reason end,
      version = nextval('panel_version')
    from (select tenant, link_id, link as u from held) s
    where s.u is not null and k.tenant = any(array[s.tenant]) and k.id = any(array[s.link_id])
    returning k.tenant, k.id
  ), gone as (
    delete from inbox_lane w using held s
    where s.verdict = 'done' and w.lane_key = any(array[s.key]) and w.tenant + 0 = s.tenant and w.inbox + 0 <= s.last_inbox
    returning w.tenant, w.inbox, s.inbox_reason
  )
  select
    (select array_agg(s.tenant || ' ' || s.key) from held s),
    (select array_agg(a.tenant || ' ' || a.id) from agreed a),
    (select array_agg(s.tenant || ' ' || s.key) from held s where s.parks),
    array_agg(g.tenant order by g.tenant, g.inbox), array_agg(g.inbox order by g.tenant, g.inbox),
    array_agg(g.inbox_reason order by g.tenant, g.inbox)
  into settled, changed, parked_keys, freed_tenants, freed, reasons from gone g;

  perform pg_notify('panel', x.link) from unnest(changed) as x(link);

  if freed is not null then
    -- A delivery may wait for several lanes. Whoever ends the last one says so: the lock makes two that end at the same
    -- moment go one after the other, and the next statement sees what the first one took away.
    perform from unnest(freed_tenants, freed) as f(tenant, id) join inbox i on i.id = any(array[f.id]) and i.tenant + 0 = f.tenant
      order by i.tenant, i.id for update of i;
    update inbox i set outcome = 'handled', reason = f.reason, handled_at = clock_timestamp()
    from unnest(freed_tenants, freed, reasons) as f(tenant, id, reason)
    where i.id = any(array[f.id]) and i.tenant + 0 = f.tenant and i.outcome || '' in ('pending', 'parked')
      and not exists (select from inbox_lane w where w.inbox = any(array[f.id]) and w.tenant + 0 = f.tenant);
  end if;

  if parked_keys is not null then
    -- They keep waiting for the lane: a later success handles them.
    update inbox i set outcome = 'parked', reason = s.inbox_reason
    from jsonb_to_recordset(batch) as s(tenant int, key text, inbox_reason text)
    join inbox_lane w on w.lane_key = any(array[s.key]) and w.tenant + 0 = s.tenant
    where s.tenant || ' ' || s.key = any(parked_keys)
      and i.id = any(array[w.inbox]) and i.tenant + 0 = w.tenant and i.outcome || '' = 'pending';
  end if;
  return query select unnest(settled);
end $$;

-- Down Migration
-- Forward only.
