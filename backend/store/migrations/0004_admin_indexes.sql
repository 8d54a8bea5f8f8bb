-- Up Migration
-- For the hub's pages, which must stay quick with a million deliveries and attempts in the store.

-- When something last came in on a connection, and its deliveries by page.
create index inbox_connection on inbox (tenant, connection, id);
-- Attempts of the last 24 hours by the hour.
create index attempt_at on attempt (tenant, at);
create index attempt_connection on attempt (tenant, connection, id);
-- Changes that a sweep found and no hook had told: few, and counted at every look at the overview.
create index attempt_gap on attempt (tenant, at) where cause = 'sweep' and wrote > 0;
-- Links that are not in agreement: few; the rest is all the others. Links that agree before and after a run are not
-- touched by it, so their updates stay cheap (heap-only).
create index link_trouble on link (tenant, condition) where ended_at is null and condition <> 'inAgreement';
create index backfill_mapping on backfill (tenant, mapping, id);

-- Down Migration
-- Forward only.
