-- Up Migration
-- Every table is keyed by tenant first: it can be distributed by tenant, and row level security (0002) backs the
-- tenant filter. Ids that leave the store are text for the reader and bigint inside.

create table tenant (
  tenant int generated always as identity primary key,
  organization text not null unique,
  url text not null,
  host_id text,
  enabled boolean not null default true,
  created_at timestamptz not null default now()
);

-- Azure DevOps itself is the connection 'azure-devops' of its tenant: paused, throttled and swept like the others.
create table connection (
  tenant int not null references tenant,
  id text not null,
  kind text not null,
  name text not null,
  settings jsonb not null default '{}',
  enabled boolean not null default true,
  status text not null default 'live' check (status in ('live', 'delayed', 'paused', 'unreachable')),
  reason text,
  since timestamptz,
  -- While this lies ahead no lane of the connection is claimed (throttled, backing off as a whole).
  resume_at timestamptz not null default '-infinity',
  retry jsonb not null,
  budget jsonb not null,
  hook_id text not null unique,
  hook_received_at timestamptz,
  cursor text,
  swept_at timestamptz,
  -- Failures in a row that say "unreachable"; the next success sets it to 0.
  failures int not null default 0,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (tenant, id)
);

create table secret (
  tenant int not null,
  connection text not null,
  name text not null,
  sealed text not null,
  set_at timestamptz not null default now(),
  -- An old webhook secret stays valid until then.
  valid_until timestamptz,
  primary key (tenant, connection, name),
  foreign key (tenant, connection) references connection on delete cascade
);

-- Data keys for the secrets, wrapped by the master key.
create table data_key (
  tenant int primary key references tenant,
  wrapped text not null,
  created_at timestamptz not null default now()
);

create table mapping (
  tenant int not null,
  id text not null,
  connection text not null,
  project text not null,
  position int not null,
  version int not null,
  settings jsonb not null,
  updated_at timestamptz not null default now(),
  updated_by text not null,
  primary key (tenant, id),
  foreign key (tenant, connection) references connection on delete cascade
);

create table mapping_version (
  tenant int not null,
  id text not null,
  version int not null,
  settings jsonb not null,
  at timestamptz not null default now(),
  by text not null,
  primary key (tenant, id, version),
  foreign key (tenant, id) references mapping on delete cascade
);

create sequence panel_version;

create table link (
  tenant int not null,
  id bigint generated always as identity,
  mapping text not null,
  connection text not null,
  project text not null,
  work_item_id text not null,
  ticket_id text not null,
  ticket_key text not null,
  ticket_url text not null,
  origin text not null check (origin in ('createdTicket', 'createdWorkItem', 'linked')),
  on_link text not null default 'keep',
  base jsonb,
  responded boolean not null default false,
  resolutions jsonb not null default '{}',
  conflicts jsonb not null default '[]',
  -- What the panel shows of the ticket; see TicketCard.
  shown jsonb not null default '{}',
  condition text not null default 'pending',
  reason text,
  remedy text,
  retry_at timestamptz,
  agreed_at timestamptz,
  -- When everything on both sides was last read, comments and attachments included.
  looked_at timestamptz not null default now(),
  version bigint not null default nextval('panel_version'),
  created_at timestamptz not null default now(),
  created_by text,
  ended_at timestamptz,
  ended_reason text,
  primary key (tenant, id),
  foreign key (tenant, connection) references connection on delete cascade,
  foreign key (tenant, mapping) references mapping on delete cascade
);
create unique index link_pair on link (tenant, connection, work_item_id, ticket_id) where ended_at is null;
create index link_ticket on link (tenant, connection, ticket_id) where ended_at is null;
create index link_work_item on link (tenant, work_item_id);
create index link_looked on link (tenant, looked_at) where ended_at is null;
create index link_mapping on link (tenant, mapping) where ended_at is null;

-- A write that must not happen twice. Committed before it is sent; `done` rows of comments and attachments are the
-- pairs that the planner knows.
create table intent (
  tenant int not null,
  key text not null,
  kind text not null check (kind in ('create', 'comment', 'attachment')),
  link bigint,
  -- The side that is written.
  side text not null check (side in ('workItem', 'ticket')),
  mapping text,
  source_id text not null,
  mark text not null,
  state text not null default 'planned' check (state in ('planned', 'sent', 'done', 'abandoned')),
  target_id text,
  -- What a person entered (values of a new ticket, text of a comment); null when it is planned from the source.
  entered jsonb,
  requested_by text,
  created_at timestamptz not null default now(),
  sent_at timestamptz,
  done_at timestamptz,
  primary key (tenant, key),
  foreign key (tenant, link) references link on delete cascade
);
create index intent_link on intent (tenant, link);
create index intent_source on intent (tenant, kind, source_id);

-- A lane is a keyed unit of due work; see backend/lanes.
create table lane (
  tenant int not null,
  key text not null,
  kind text not null,
  connection text not null,
  link bigint,
  -- Hints since the last run; over 20 they are one 'unknown', which always reads.
  hints jsonb not null default '[]',
  queued int not null default 0,
  last_inbox bigint not null default 0,
  due timestamptz not null default now(),
  lease_until timestamptz not null default '-infinity',
  lease_token bigint not null default 0,
  attempts int not null default 0,
  parked boolean not null default false,
  parked_at timestamptz,
  failure jsonb,
  facts jsonb not null default '{}',
  primary key (tenant, key)
);
create index lane_due on lane (tenant, connection, due) where queued > 0 and not parked;
create index lane_parked on lane (tenant, parked_at) where parked;

create table inbox (
  tenant int not null,
  id bigint generated always as identity,
  dedupe text not null,
  source text not null,
  connection text not null,
  what text not null,
  record_id text,
  received_at timestamptz not null default clock_timestamp(),
  outcome text not null default 'pending' check (outcome in ('pending', 'handled', 'parked', 'discarded')),
  reason text,
  duplicates int not null default 0,
  handled_at timestamptz,
  -- Raw text; bytes that are no UTF-8 text are kept as base64 with encoding 'base64'.
  body text,
  encoding text not null default 'utf8',
  primary key (tenant, id)
);
create unique index inbox_dedupe on inbox (tenant, dedupe);
create index inbox_outcome on inbox (tenant, outcome, id) where outcome <> 'handled';
create index inbox_record on inbox (tenant, record_id, id);

-- Which lanes a delivery waits for. Gone as soon as the lane has settled.
create table inbox_lane (
  tenant int not null,
  lane_key text not null,
  inbox bigint not null,
  primary key (tenant, lane_key, inbox)
);
create index inbox_lane_inbox on inbox_lane (tenant, inbox);

-- Counted where deliveries are accepted and archived, independent of the rows, so that a lost row shows.
create table books (
  tenant int primary key references tenant,
  received bigint not null default 0,
  duplicate bigint not null default 0,
  archived bigint not null default 0
);

create table attempt (
  tenant int not null,
  id bigint generated always as identity,
  at timestamptz not null default clock_timestamp(),
  lane_key text not null,
  link bigint,
  connection text not null,
  work_item_id text,
  ticket_key text,
  cause text not null,
  outcome text not null check (outcome in ('done', 'halt', 'failure')),
  summary text not null,
  failure text,
  duration_ms real not null,
  -- Commands that changed a record.
  wrote int not null default 0,
  attempts int not null,
  detail jsonb not null default '{}',
  primary key (tenant, id)
);
create index attempt_link on attempt (tenant, link, id);
create index attempt_outcome on attempt (tenant, outcome, id);
create index attempt_work_item on attempt (tenant, work_item_id, id);

create table bucket (
  tenant int not null,
  connection text not null,
  tokens double precision not null,
  filled_at timestamptz not null default clock_timestamp(),
  primary key (tenant, connection),
  foreign key (tenant, connection) references connection on delete cascade
);

create table sweep_run (
  tenant int not null,
  id bigint generated always as identity,
  connection text not null,
  at timestamptz not null default now(),
  seen int not null,
  -- Records that differed although no hook had announced them.
  missed int not null default 0,
  primary key (tenant, id)
);
create index sweep_run_connection on sweep_run (tenant, connection, id);

create table subscription (
  tenant int not null,
  project text not null,
  event_type text not null,
  subscription_id text,
  health text not null,
  reason text,
  checked_at timestamptz not null default now(),
  received_at timestamptz,
  primary key (tenant, project, event_type)
);

create table backfill (
  tenant int not null,
  id bigint generated always as identity,
  mapping text not null,
  side text not null,
  status text not null check (status in ('running', 'paused', 'done', 'failed')),
  -- Record ids that are still to be looked at, oldest first.
  remaining jsonb not null default '[]',
  total int not null default 0,
  handled int not null default 0,
  created int not null default 0,
  failed int not null default 0,
  reason text,
  started_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (tenant, id),
  foreign key (tenant, mapping) references mapping on delete cascade
);

create table audit (
  tenant int not null,
  id bigint generated always as identity,
  at timestamptz not null default now(),
  by text not null,
  action text not null,
  subject text not null,
  detail text,
  primary key (tenant, id)
);

-- Down Migration
-- Forward only: restore a backup to go back.
