import type { ConflictCard, LinkCondition } from '../contract/links.ts';
import type { Base } from '../sync/link-state.ts';
import type { Side } from '../sync/record.ts';
import type { IntentRow } from './intents.ts';
import type { Sql, Store } from './pool.ts';

/** What the panel shows of a ticket without asking its system. */
export interface ShownTicket {
  number: string;
  title: string;
  url: string;
  status: {
    name: string;
    category: 'proposed' | 'inProgress' | 'resolved' | 'completed' | 'removed' | 'unknown';
  };
  priority?: string;
  assignee?: string;
  dueAt?: string;
}

export interface LinkRow {
  tenant: number;
  id: number;
  mapping: string;
  connection: string;
  project: string;
  work_item_id: string;
  ticket_id: string;
  ticket_key: string;
  ticket_url: string;
  origin: 'createdTicket' | 'createdWorkItem' | 'linked';
  on_link: 'keep' | 'workItemWins' | 'ticketWins';
  base: Base | null;
  responded: boolean;
  resolutions: Record<string, Side>;
  conflicts: ConflictCard[];
  shown: Partial<ShownTicket>;
  condition: LinkCondition;
  reason: string | null;
  remedy: string | null;
  retry_at: string | Date | null;
  agreed_at: string | Date | null;
  version: number;
  created_at: string | Date;
  created_by: string | null;
  ended_at: string | Date | null;
  ended_reason: string | null;
}

export interface NewLink {
  mapping: string;
  connection: string;
  project: string;
  workItemId: string;
  ticketId: string;
  ticketKey: string;
  ticketUrl: string;
  origin: LinkRow['origin'];
  onLink?: LinkRow['on_link'];
  base?: Base;
  shown?: Partial<ShownTicket>;
  createdBy?: string;
}

/** Undefined when the two records are linked already. */
export const insertLink = (sql: Sql, tenant: number, link: NewLink): Promise<LinkRow | undefined> =>
  sql.one<LinkRow>(
    `insert into link (tenant, mapping, connection, project, work_item_id, ticket_id, ticket_key, ticket_url, origin, on_link, base, shown, created_by)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
     on conflict (tenant, connection, work_item_id, ticket_id) where ended_at is null do nothing returning *`,
    [
      tenant,
      link.mapping,
      link.connection,
      link.project,
      link.workItemId,
      link.ticketId,
      link.ticketKey,
      link.ticketUrl,
      link.origin,
      link.onLink ?? 'keep',
      link.base === undefined ? null : JSON.stringify(link.base),
      JSON.stringify(link.shown ?? {}),
      link.createdBy ?? null,
    ],
  );

export const findLink = (sql: Sql, id: string): Promise<LinkRow | undefined> =>
  sql.one<LinkRow>('select * from link where id = $1', [id]);

export const linksOfWorkItem = (sql: Sql, workItemId: string): Promise<LinkRow[]> =>
  sql.rows<LinkRow>('select * from link where work_item_id = $1 and ended_at is null order by id', [
    workItemId,
  ]);

export const linksOfTickets = (
  sql: Sql,
  connection: string,
  ticketIds: readonly string[],
): Promise<LinkRow[]> =>
  sql.rows<LinkRow>('select * from link where connection = $1 and ticket_id = any($2) and ended_at is null', [
    connection,
    ticketIds,
  ]);

export const linksOfWorkItems = (sql: Sql, workItemIds: readonly string[]): Promise<LinkRow[]> =>
  sql.rows<LinkRow>('select * from link where work_item_id = any($1) and ended_at is null', [workItemIds]);

/** Those of the links that have had a change to carry over for longer than `ms`; ids as in `LinkRow.id`. */
export async function linksBehind(sql: Sql, links: readonly LinkRow[], ms: number): Promise<Set<number>> {
  const keys = links.map((link) => `link:${link.id}`);
  const rows = await sql.rows<{ link: number }>(
    `select link from lane where key = any($1) and queued > 0 and not parked
       and due < clock_timestamp() - make_interval(secs => $2::float / 1000)`,
    [keys, ms],
  );
  return new Set(rows.map((row) => row.link));
}

export const countLinks = async (
  sql: Sql,
  by: { mapping: string } | { connection: string },
): Promise<number> => {
  const [column, value] = 'mapping' in by ? ['mapping', by.mapping] : ['connection', by.connection];
  const row = await sql.one<{ count: number }>(
    `select count(*) from link where ${column} = $1 and ended_at is null`,
    [value],
  );
  return row?.count ?? 0;
};

export async function endLink(
  sql: Sql,
  tenant: number,
  id: string,
  reason: string,
): Promise<LinkRow | undefined> {
  const row = await sql.one<LinkRow>(
    `update link set ended_at = clock_timestamp(), ended_reason = $2, version = nextval('panel_version')
     where id = $1 and ended_at is null returning *`,
    [id, reason],
  );
  if (row !== undefined) await notePanel(sql, tenant, id);
  return row;
}

export async function chooseSides(
  sql: Sql,
  tenant: number,
  id: string,
  choices: Record<string, Side>,
): Promise<void> {
  await sql.rows(
    `update link set resolutions = resolutions || $2, condition = 'pending', version = nextval('panel_version') where id = $1`,
    [id, choices],
  );
  await notePanel(sql, tenant, id);
}

/** Waiting panels of this link look again. */
export const notePanel = (sql: Sql, tenant: number, id: string | number): Promise<unknown> =>
  sql.rows(`select pg_notify('panel', $1)`, [`${tenant} ${id}`]);

/** A link with what was written for it. A claimed lane brings its own along. */
export interface LoadedLink {
  link: LinkRow;
  intents: IntentRow[];
}

/** Links as a claim would bring them along, in one call, across tenants. */
export async function loadLinks(
  store: Store,
  wanted: readonly { tenant: number; id: string }[],
): Promise<(LoadedLink | undefined)[]> {
  const rows = await store.call<{ tenant: number; link: LinkRow; intents: IntentRow[] }>(
    'select * from load_links($1)',
    [JSON.stringify(wanted.map((one) => ({ tenant: one.tenant, id: one.id })))],
  );
  const found = new Map(
    rows.map((row) => [`${row.tenant} ${row.link.id}`, { link: row.link, intents: row.intents }]),
  );
  return wanted.map((one) => found.get(`${one.tenant} ${one.id}`));
}
