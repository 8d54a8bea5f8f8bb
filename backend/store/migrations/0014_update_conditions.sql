-- Up Migration

-- Mappings of before have no conditions for updates.
update mapping set settings = settings || '{"updateWhen": {}}' where not settings ? 'updateWhen';
update mapping_version set settings = settings || '{"updateWhen": {}}' where not settings ? 'updateWhen';

-- Down Migration
-- Forward only.
