-- Up Migration

-- Adds hints to lanes, in key order so that two callers never wait for each other in a circle. Each element:
-- { tenant, key, kind, connection, link, hints: [], queued, last_inbox, delay_ms, facts }.
create function enqueue_lanes(batch jsonb) returns void language plpgsql security definer set search_path = public as $$
begin
  insert into lane as l (tenant, key, kind, connection, link, hints, queued, last_inbox, due, facts)
  select b.tenant, b.key, b.kind, b.connection, b.link, coalesce(b.hints, '[]'), coalesce(b.queued, 1), coalesce(b.last_inbox, 0),
    now() + make_interval(secs => coalesce(b.delay_ms, 0) / 1000.0), coalesce(b.facts, '{}')
  from jsonb_to_recordset(batch) as b(tenant int, key text, kind text, connection text, link bigint, hints jsonb, queued int,
    last_inbox bigint, delay_ms float, facts jsonb)
  order by b.tenant, b.key
  on conflict (tenant, key) do update set
    hints = case when jsonb_array_length(l.hints) + jsonb_array_length(excluded.hints) > 20
      then '[{"what":"unknown"}]'::jsonb else l.hints || excluded.hints end,
    facts = l.facts || excluded.facts,
    queued = l.queued + excluded.queued,
    last_inbox = greatest(l.last_inbox, excluded.last_inbox),
    -- A lane that waits for its backoff keeps waiting; an idle one is due as asked. A parked one gets another chance:
    -- the new change may be what was missing.
    due = case when l.queued = 0 or l.parked then excluded.due
               when l.attempts > 0 and l.lease_until < clock_timestamp() then l.due
               else least(l.due, excluded.due) end,
    attempts = case when l.parked then 0 else l.attempts end,
    parked = false,
    parked_at = null;
end $$;

-- Leases up to `max_lanes` due lanes. Fair: every tenant with due work gets its oldest lane first, then its second, and
-- so on, so that one tenant's backlog never delays another's single change. Asked per connection, so that a paused
-- connection with 50,000 waiting lanes costs nothing. An unreachable system is probed with one lane at a time.
create function claim_lanes(max_lanes int, lease_seconds int)
returns table (tenant int, key text, kind text, connection text, link bigint, hints jsonb, queued int, last_inbox bigint,
  lease_token bigint, attempts int, due timestamptz, facts jsonb)
language plpgsql security definer set search_path = public
-- The planner cannot know that a handful is left after the limit, and would read the whole table to join it: 28 ms a
-- claim with 50,000 lanes waiting, 1 ms with nested loops.
set enable_hashjoin = off set enable_mergejoin = off set enable_seqscan = off as $$
#variable_conflict use_column
declare
  -- As a variable it can be looked up in the index; clock_timestamp() itself could only be a filter.
  at timestamptz := clock_timestamp();
begin
  return query
  with open_connections as (
    select c.tenant, c.id, c.status = 'unreachable' or coalesce(a.status = 'unreachable', false) as probing
    from connection c join tenant t on t.tenant = c.tenant
    left join connection a on a.tenant = c.tenant and a.id = 'azure-devops'
    where t.enabled and c.enabled and c.status <> 'paused' and c.resume_at <= at
      and coalesce(a.enabled and a.status <> 'paused' and a.resume_at <= at, true)
  ), candidates as (
    select c.*, row_number() over (partition by c.tenant order by c.due) as turn
    from open_connections o cross join lateral (
      select l.tenant, l.key, l.due from lane l
      where l.tenant = o.tenant and l.connection = o.id and l.queued > 0 and not l.parked
        and l.due <= at and l.lease_until < at
      order by l.due limit case when o.probing then 1 else max_lanes * 2 end
    ) c
    where not (o.probing and exists (
      select from lane p where p.tenant = o.tenant and p.connection = o.id and p.queued > 0 and not p.parked
        and p.due <= at and p.lease_until >= at))
  ), chosen as (
    select l.tenant, l.key from candidates c
    join lane l on l.tenant = c.tenant and l.key = c.key
    where l.queued > 0 and not l.parked and l.lease_until < at
    order by c.turn, c.due
    limit max_lanes
    for update of l skip locked
  )
  update lane l set
    lease_until = at + make_interval(secs => lease_seconds),
    lease_token = l.lease_token + 1,
    attempts = l.attempts + 1
  from chosen c where l.tenant = c.tenant and l.key = c.key
  returning l.tenant, l.key, l.kind, l.connection, l.link, l.hints, l.queued, l.last_inbox, l.lease_token, l.attempts, l.due, l.facts;
end $$;

create function extend_leases(batch jsonb, lease_seconds int) returns setof text language sql security definer set search_path = public as $$
  update lane l set lease_until = clock_timestamp() + make_interval(secs => lease_seconds)
  from jsonb_to_recordset(batch) as b(tenant int, key text, token bigint)
  -- A lane that was settled while the heartbeat was on its way must not be leased again: nobody would end that lease.
  where l.tenant = b.tenant and l.key = b.key and l.lease_token = b.token and l.lease_until > '-infinity'
  returning l.tenant || ' ' || l.key
$$;

-- Accepts deliveries: one inbox row each (or one more duplicate), and the lanes of the links and records concerned,
-- in one statement and one commit. Each element:
-- { n, tenant, dedupe, source, connection, what, side, record_id, hint, body, encoding, outcome, reason }.
-- Returns the inbox id per element and whether it was there already.
-- Locks are taken lanes first, inbox rows second, both in key order, as in settle_lanes: no circles.
create function accept_deliveries(batch jsonb) returns table (n int, inbox bigint, duplicate boolean)
language plpgsql security definer set search_path = public as $$
#variable_conflict use_column
declare
  d record;
  new_id bigint;
  -- Arrays grow in place; a jsonb would be copied with every element.
  lanes jsonb[] := '{}';
  waits jsonb[] := '{}';
  repeats jsonb[] := '{}';
  found_link boolean;
  l record;
begin
  for d in
    select * from jsonb_to_recordset(batch) as b(n int, tenant int, dedupe text, source text, connection text, what text,
      side text, record_id text, hint jsonb, body text, encoding text, outcome text, reason text)
    order by tenant, dedupe, n
  loop
    insert into inbox (tenant, dedupe, source, connection, what, record_id, outcome, reason, body, encoding, handled_at)
    values (d.tenant, d.dedupe, d.source, d.connection, d.what, d.record_id, coalesce(d.outcome, 'pending'), d.reason, d.body,
      coalesce(d.encoding, 'utf8'), case when d.outcome is not null and d.outcome <> 'pending' then clock_timestamp() end)
    on conflict (tenant, dedupe) do nothing
    returning id into new_id;
    if new_id is null then
      repeats := repeats || jsonb_build_object('tenant', d.tenant, 'dedupe', d.dedupe);
      n := d.n; inbox := null; duplicate := true;
      return next;
      continue;
    end if;
    n := d.n; inbox := new_id; duplicate := false;
    return next;
    continue when coalesce(d.outcome, 'pending') <> 'pending' or d.record_id is null;
    found_link := false;
    for l in
      -- Two look-ups, of which one is switched off: with "or" the planner walks through all links of the tenant (2.9 ms
      -- a delivery with 1,000 links).
      select k.id, k.connection from link k
      where d.side = 'workItem' and k.tenant = d.tenant and k.work_item_id = d.record_id and k.ended_at is null
      union all
      select k.id, k.connection from link k
      where d.side = 'ticket' and k.tenant = d.tenant and k.connection = d.connection and k.ticket_id = d.record_id
        and k.ended_at is null
    loop
      found_link := true;
      lanes := lanes || jsonb_build_object('tenant', d.tenant, 'key', 'link:' || l.id, 'kind', 'link', 'connection', l.connection,
        'link', l.id, 'hints', jsonb_build_array(d.hint), 'queued', 1, 'last_inbox', new_id);
      waits := waits || jsonb_build_object('tenant', d.tenant, 'key', 'link:' || l.id, 'inbox', new_id);
    end loop;
    if not found_link then
      lanes := lanes || jsonb_build_object('tenant', d.tenant, 'key', 'record:' || d.side || ':' || d.connection || ':' || d.record_id,
        'kind', 'record', 'connection', d.connection, 'hints', jsonb_build_array(d.hint), 'queued', 1, 'last_inbox', new_id,
        'facts', jsonb_build_object('side', d.side, 'recordId', d.record_id));
      waits := waits || jsonb_build_object('tenant', d.tenant, 'key', 'record:' || d.side || ':' || d.connection || ':' || d.record_id,
        'inbox', new_id);
    end if;
  end loop;

  insert into inbox_lane (tenant, lane_key, inbox)
  select w.tenant, w.key, w.inbox from jsonb_to_recordset(to_jsonb(waits)) as w(tenant int, key text, inbox bigint)
  on conflict do nothing;

  if cardinality(lanes) > 0 then
  perform enqueue_lanes((
    select coalesce(jsonb_agg(g), '[]') from (
      select w.tenant, w.key, min(w.kind) as kind, min(w.connection) as connection, min(w.link) as link, sum(w.queued) as queued,
        max(w.last_inbox) as last_inbox, (jsonb_agg(w.facts) -> 0) as facts,
        jsonb_agg(w.hints -> 0) as hints
      from jsonb_to_recordset(to_jsonb(lanes)) as w(tenant int, key text, kind text, connection text, link bigint, hints jsonb, queued int,
        last_inbox bigint, facts jsonb)
      group by w.tenant, w.key
    ) g));
  end if;

  if cardinality(repeats) > 0 then
  update inbox i set duplicates = i.duplicates + r.times
  from (select x.tenant, x.dedupe, count(*) as times from jsonb_to_recordset(to_jsonb(repeats)) as x(tenant int, dedupe text) group by 1, 2) r
  where i.tenant = r.tenant and i.dedupe = r.dedupe;
  end if;

  insert into books as k (tenant, received, duplicate)
  select c.tenant, c.received, coalesce(r.repeated, 0) from
    (select x.tenant, count(*) as received from jsonb_to_recordset(batch) as x(tenant int) group by 1) c
    left join (select x.tenant, count(*) as repeated from jsonb_to_recordset(to_jsonb(repeats)) as x(tenant int) group by 1) r using (tenant)
  on conflict (tenant) do update set received = k.received + excluded.received, duplicate = k.duplicate + excluded.duplicate;

  if cardinality(lanes) > 0 then perform pg_notify('lane', ''); end if;
end $$;

-- Ends runs of lanes. An element whose token is not the lane's current one was overtaken (its lease ran out and
-- another worker has it): nothing of it is written. Each element:
-- { tenant, key, token, queued, hint_count, last_inbox, verdict: 'done' | 'wait' | 'park', delay_ms, keep_attempts, failure,
--   link: {...}, attempt: {...}, inbox_reason, recur_ms }.
-- Returns the keys that were settled.
create function settle_lanes(batch jsonb) returns setof text
language plpgsql security definer set search_path = public as $$
#variable_conflict use_column
declare
  s record;
  held record;
  freed bigint[];
  u jsonb;
begin
  for s in
    select * from jsonb_to_recordset(batch) as b(tenant int, key text, token bigint, queued int, hint_count int, last_inbox bigint, verdict text,
      delay_ms float, keep_attempts boolean, failure jsonb, link jsonb, attempt jsonb, inbox_reason text, recur_ms float)
    order by tenant, key
  loop
    select l.link, l.connection into held from lane l
      where l.tenant = s.tenant and l.key = s.key and l.lease_token = s.token for update;
    continue when not found;

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
      attempts = case when s.verdict = 'done' then 0 when s.keep_attempts then greatest(l.attempts - 1, 0) else l.attempts end,
      parked = s.verdict = 'park',
      parked_at = case when s.verdict = 'park' then clock_timestamp() end,
      failure = case when s.verdict = 'done' then null else s.failure end,
      lease_until = '-infinity'
    where l.tenant = s.tenant and l.key = s.key;

    if s.attempt is not null then
      insert into attempt (tenant, lane_key, link, connection, work_item_id, ticket_key, cause, outcome, summary, failure, duration_ms, attempts, wrote, detail)
      values (s.tenant, s.key, held.link, held.connection, s.attempt->>'workItemId', s.attempt->>'ticketKey', s.attempt->>'cause',
        s.attempt->>'outcome', s.attempt->>'summary', s.attempt->>'failure', (s.attempt->>'durationMs')::real,
        (s.attempt->>'attempts')::int, coalesce((s.attempt->>'wrote')::int, 0), coalesce(s.attempt->'detail', '{}'));
    end if;

    u := s.link;
    if u is not null and held.link is not null then
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
      where k.tenant = s.tenant and k.id = held.link;
      perform pg_notify('panel', s.tenant || ' ' || held.link);
    end if;

    if s.verdict = 'done' then
      with gone as (
        delete from inbox_lane w where w.tenant = s.tenant and w.lane_key = s.key and w.inbox <= s.last_inbox returning w.inbox
      ) select array_agg(inbox order by inbox) into freed from gone;
      if freed is not null then
        update inbox i set outcome = 'handled', reason = s.inbox_reason, handled_at = clock_timestamp()
        where i.tenant = s.tenant and i.id = any(freed) and i.outcome in ('pending', 'parked')
          and not exists (select from inbox_lane w where w.tenant = i.tenant and w.inbox = i.id);
      end if;
    elsif s.verdict = 'park' then
      -- They keep waiting for the lane: a later success handles them.
      update inbox i set outcome = 'parked', reason = s.inbox_reason
      from inbox_lane w where w.tenant = s.tenant and w.lane_key = s.key and i.tenant = w.tenant and i.id = w.inbox and i.outcome = 'pending';
    end if;
    return next s.tenant || ' ' || s.key;
  end loop;
end $$;

-- Puts lanes at the front for a person who waits: no backoff, not parked.
create function wake_lanes(batch jsonb) returns void language plpgsql security definer set search_path = public as $$
begin
  perform enqueue_lanes(batch);
  update lane l set due = clock_timestamp(), attempts = 0
  from jsonb_to_recordset(batch) as b(tenant int, key text) where l.tenant = b.tenant and l.key = b.key;
  perform pg_notify('lane', '');
end $$;

-- Links of claimed lanes with what their plan needs, in one call. Elements: { tenant, link }.
create function load_links(batch jsonb) returns table (tenant int, link jsonb, intents jsonb)
language sql stable security definer set search_path = public as $$
  select k.tenant, to_jsonb(k), coalesce((select jsonb_agg(to_jsonb(i)) from intent i where i.tenant = k.tenant and i.link = k.id), '[]')
  from jsonb_to_recordset(batch) as b(tenant int, id bigint)
  join link k on k.tenant = b.tenant and k.id = b.id
$$;

-- The connection behind a hook address; the only question asked before the tenant is known.
create function find_hook(hook text) returns table (tenant int, connection text, kind text)
language sql stable security definer set search_path = public as $$
  select c.tenant, c.id, c.kind from connection c where c.hook_id = hook
$$;

create function find_tenant(name text) returns setof tenant language sql stable security definer set search_path = public
as $$ select * from tenant t where lower(t.organization) = lower(name) $$;

create function list_tenants() returns setof tenant language sql stable security definer set search_path = public
as $$ select * from tenant order by tenant $$;

create function register_tenant(name text, address text, host text) returns int language plpgsql security definer set search_path = public as $$
declare id int;
begin
  insert into tenant as t (organization, url, host_id) values (name, address, host)
  on conflict (organization) do update set url = excluded.url, host_id = coalesce(excluded.host_id, t.host_id)
  returning t.tenant into id;
  insert into books (tenant) values (id) on conflict do nothing;
  return id;
end $$;

-- Takes up to `wanted` tokens from a connection's bucket, refilled at `rate` a second up to `burst`. Returns how many
-- were granted, and the milliseconds until the next one when none was.
create function take_tokens(t int, c text, wanted int, rate float, burst float) returns table (granted int, wait_ms float)
language plpgsql security definer set search_path = public as $$
declare
  level float;
begin
  insert into bucket as b (tenant, connection, tokens) values (t, c, burst)
  on conflict (tenant, connection) do update set
    tokens = least(burst, b.tokens + rate * extract(epoch from clock_timestamp() - b.filled_at)),
    filled_at = clock_timestamp()
  returning b.tokens into level;
  granted := greatest(0, least(wanted, floor(level)::int));
  if granted > 0 then
    update bucket b set tokens = b.tokens - granted where b.tenant = t and b.connection = c;
    wait_ms := 0;
  else
    wait_ms := (1 - level) * 1000 / rate;
  end if;
  return next;
end $$;

-- What a claimed lane learned about its connection; the newest word counts. Elements:
-- { tenant, connection, event: 'success' | 'unavailable' | 'throttled' | 'unauthorized', reason, delay_ms }.
create function note_connection(t int, c text, happened text, why text, delay_ms float) returns text
language plpgsql security definer set search_path = public as $$
declare now_status text;
begin
  update connection k set
    failures = case happened when 'success' then 0 when 'unavailable' then k.failures + 1 else k.failures end,
    status = case
      when k.status = 'paused' then k.status
      when happened = 'success' then 'live'
      when happened = 'throttled' then 'delayed'
      when happened = 'unauthorized' then 'paused'
      when happened = 'unavailable' and k.failures >= 2 then 'unreachable'
      else k.status end,
    reason = case when k.status = 'paused' then k.reason when happened = 'success' then null else why end,
    since = case when happened = 'success' then null when k.status = 'live' then clock_timestamp() else coalesce(k.since, clock_timestamp()) end,
    resume_at = case when happened in ('throttled', 'unavailable') and delay_ms is not null
      then greatest(k.resume_at, clock_timestamp() + make_interval(secs => delay_ms / 1000.0))
      when happened = 'success' then least(k.resume_at, clock_timestamp()) else k.resume_at end
  where k.tenant = t and k.id = c
    and not (happened = 'success' and k.status = 'live' and k.failures = 0)
  returning k.status into now_status;
  if now_status is not null then perform pg_notify('settings', t::text); end if;
  return now_status;
end $$;

grant execute on all functions in schema public to tandem_app;

-- Down Migration
-- Forward only.
