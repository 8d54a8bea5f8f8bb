import type { SecretState } from '../../compose/secrets.ts';
import type { Connector } from '../../connectors/connector.ts';
import type { Connection } from '../../contract/connections.ts';
import type { ConnectorManifest } from '../../contract/connector-manifest.ts';
import { credentialEndOf } from '../../contract/credential-days.ts';
import type { HookFilter } from '../../contract/subscriptions.ts';
import { azureDevOps, type ConnectionRow } from '../../store/connections.ts';
import type { Sql } from '../../store/pool.ts';
import type { Services } from './services.ts';
import { isoOf } from './ticket-card.ts';

/** Stands in instructions where the secret belongs: a stored secret is never given out again. */
const secretPlaceholder = '(shown once when it is made; make a new one to see it)';

export const manifestOf = (
  services: Pick<Services, 'manifests'>,
  kind: string,
): ConnectorManifest | undefined => services.manifests.find((manifest) => manifest.kind === kind);

export const hookUrl = (services: Pick<Services, 'publicUrl'>, row: ConnectionRow): string =>
  `${services.publicUrl}/hooks/${row.hook_id}`;

/** Steps for entering service hooks by hand, in the words of Azure DevOps' pages (Microsoft: service-hooks). */
export const manualSteps = (input: {
  url: string;
  username: string;
  password: string;
  filter?: HookFilter;
}): string[] => [
  'In Azure DevOps, open Project settings, Service hooks, and create a subscription for "Web Hooks".',
  `Trigger: "Work item created", ${manualFilters(input.filter)}. Afterwards once more each for updated, commented on, deleted and restored.`,
  `URL: ${input.url}`,
  `Basic authentication username: ${input.username}`,
  `Basic authentication password: ${input.password}`,
  'Resource details to send: All. Messages to send: None. Detailed messages to send: None.',
  'Press "Test", then "Finish".',
];

const manualFilters = ({ areaPath, workItemType }: Partial<HookFilter> = {}): string => {
  const filters = [
    areaPath && `area path "${areaPath}"`,
    workItemType && `work item type "${workItemType}"`,
  ].filter(Boolean);
  return filters.length === 0 ? 'no filters' : `${filters.join(' and ')}, no other filters`;
};

export const instructionsOf = (
  connector: Connector | undefined,
  url: string,
  secret: string = secretPlaceholder,
): string[] =>
  connector === undefined
    ? manualSteps({ url, username: 'tandem', password: secret })
    : [...connector.hookInstructions({ url, secret })];

interface Surroundings {
  links: number;
  secrets: Readonly<Record<string, SecretState>>;
  lastReceivedAt: Date | undefined;
}

/** One connection as the hub sees it. */
export function connectionView(services: Services, row: ConnectionRow, around: Surroundings): Connection {
  const manifest = manifestOf(services, row.kind);
  const url = hookUrl(services, row);
  return {
    id: row.id,
    kind: row.kind,
    name: row.name,
    enabled: row.enabled,
    settings: row.settings,
    secrets: Object.fromEntries(
      (manifest?.secrets ?? []).map(({ name }) => [
        name,
        secretView(around.secrets[name], services.engine.now()),
      ]),
    ),
    retry: row.retry,
    budget: row.budget,
    status: row.status,
    reason: row.reason ?? undefined,
    since: isoOf(row.since),
    hook: {
      url,
      lastReceivedAt: isoOf(around.lastReceivedAt),
      instructions: instructionsOf(services.systems.connectorOf(row.kind), url),
    },
    lastSweepAt: isoOf(row.swept_at),
    links: around.links,
    updatedAt: row.updated_at.toISOString(),
  };
}

const secretView = (state: SecretState | undefined, now: Date): Connection['secrets'][string] =>
  state === undefined
    ? null
    : { setAt: state.setAt, ...(state.endsOn && { ends: credentialEndOf(state.endsOn, now.getTime()) }) };

/** The same for several, in one transaction. Counts links of all connections in one query. */
export async function viewConnections(
  services: Services,
  sql: Sql,
  rows: readonly ConnectionRow[],
): Promise<Connection[]> {
  const counted = await sql.rows<{ connection: string; count: number }>(
    'select connection, count(*) as count from link where ended_at is null group by connection',
  );
  const links = new Map(counted.map(({ connection, count }) => [connection, count]));
  const views: Connection[] = [];
  for (const row of rows) {
    views.push(
      connectionView(services, row, {
        // Every link has its work item there.
        links:
          row.id === azureDevOps
            ? counted.reduce((sum, one) => sum + one.count, 0)
            : (links.get(row.id) ?? 0),
        secrets: await services.secrets.states(sql, row.id),
        lastReceivedAt: await lastReceivedAt(sql, row.id),
      }),
    );
  }
  return views;
}

export const lastReceivedAt = async (sql: Sql, connection: string): Promise<Date | undefined> =>
  (
    await sql.one<{ received_at: Date }>(
      'select received_at from inbox where connection = $1 order by id desc limit 1',
      [connection],
    )
  )?.received_at;
