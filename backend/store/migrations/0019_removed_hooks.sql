-- Up Migration

-- When somebody removed the service hooks of a project: what was seen before then is not kept any more, see
-- keepSubscriptions.
alter table subscription add column removed_at timestamptz;

-- Down Migration
-- Forward only.
