-- Up Migration
-- Attempts of one ticket by its number, which is what an administrator has at hand. Those without a ticket are left out.
create index attempt_ticket on attempt (tenant, ticket_key, id) where ticket_key is not null;

-- Down Migration
-- Forward only.
