-- Up Migration

-- Claims lanes together with the links that they are about and what was written for these (null: the lane is about no
-- link, or the link is gone): one call instead of two, of which each wakes two processes. The links are read by a
-- statement of their own, after the claim: the one that claims may have begun before the settlement that freed its lane.
create function claim_lanes_with_links(max_lanes int, lease_seconds int)
returns table (tenant int, key text, kind text, connection text, link bigint, hints jsonb, queued int, last_inbox bigint,
  lease_token bigint, attempts int, due timestamptz, facts jsonb, link_row jsonb, intents jsonb)
language plpgsql security definer set search_path = public
set enable_hashjoin = off set enable_mergejoin = off set enable_seqscan = off as $$
#variable_conflict use_column
declare
  claimed jsonb;
begin
  claimed := (select jsonb_agg(c) from claim_lanes(max_lanes, lease_seconds) c);
  return query
  select c.*, to_jsonb(k), coalesce((select jsonb_agg(to_jsonb(i)) from intent i where i.tenant = k.tenant and i.link = k.id), '[]')
  from jsonb_to_recordset(claimed) as c(tenant int, key text, kind text, connection text, link bigint, hints jsonb, queued int,
    last_inbox bigint, lease_token bigint, attempts int, due timestamptz, facts jsonb)
  left join link k on k.tenant = c.tenant and k.id = c.link;
end $$;
grant execute on function claim_lanes_with_links(int, int) to tandem_app;

-- A plan for each call costs a fifth of it: it holds a copy of all bodies. One plan for all calls is as good, because
-- this function finds everything by indexes that it forces upon the planner (0012).
alter function accept_deliveries(jsonb, bytea) set plan_cache_mode = 'force_generic_plan';

-- Down Migration
-- Forward only.
