import type { Overview } from '../../contract/overview.ts';
import type { TenantSettings } from '../../engine/settings.ts';
import type { Session } from '../../security/session-token.ts';
import { trafficByHour } from '../../store/attempts.ts';
import { listAudit, recordAudit } from '../../store/audit.ts';
import { azureDevOps } from '../../store/connections.ts';
import { readBooks } from '../../store/deliveries.ts';
import {
  countConditions,
  countGaps,
  type KeptSubscription,
  listSubscriptions,
} from '../../store/overview.ts';
import { countParked } from '../../store/parked.ts';
import { switchTenant } from '../../store/tenants.ts';
import type { Handlers } from '../handlers.ts';
import { lastReceivedAt, manifestOf } from './connection-view.ts';
import { endingCredentials } from './credential-days.ts';
import { cursorOf } from './input-problems.ts';
import { isProject } from './mapping-lookup.ts';
import type { Services } from './services.ts';
import { connectionCard, isoOf } from './ticket-card.ts';

type OverviewHandlers = Pick<Handlers, 'readOverview' | 'switchTenant' | 'listAudit'>;

interface Counted {
  books: Overview['books'];
  conditions: Awaited<ReturnType<typeof countConditions>>;
  gaps: Awaited<ReturnType<typeof countGaps>>;
  traffic: Overview['traffic'];
}

export function overviewHandlers(services: Services): OverviewHandlers {
  const { engine } = services;
  const { store } = engine;
  const underWay = new Map<number, Promise<Counted>>();

  /**
   * Takes about 0.15 s over a million deliveries, as many attempts and 200,000 links. Admins who look at the same time
   * share one count; a finished one is not kept, because who has just mended something wants to see it.
   */
  const count = (tenant: number): Promise<Counted> => {
    const known = underWay.get(tenant);
    if (known !== undefined) return known;
    const counted = countAll(services, tenant).finally(() => underWay.delete(tenant));
    underWay.set(tenant, counted);
    return counted;
  };

  return {
    async readOverview({ session }) {
      const { tenant } = session;
      const settings = await engine.settings.of(tenant);
      const projects = mappedProjects(settings);
      const own =
        settings.mappings.find((row) => isProject(row.project, session.project))?.project ??
        session.project.name;
      const [counted, quick] = await Promise.all([
        count(tenant),
        store.asTenant(tenant, async (sql) => ({
          parked: await countParked(sql),
          endingCredentials: await endingCredentials(services, sql, settings.connections),
          subscriptions: await listSubscriptions(sql, [...projects, own]),
          hooksReceived: (await lastReceivedAt(sql, azureDevOps)) !== undefined,
        })),
      ]);
      const links = linkCounts(counted.conditions);
      return {
        enabled: settings.enabled,
        connections: connectionCards(services, settings),
        endingCredentials: quick.endingCredentials,
        hooks: hookHealth(projects, quick.subscriptions, services.hooks.expected.length),
        sweep: {
          lastAt: oldestSweep(settings),
          gaps: counted.gaps.gaps,
          gapsLastDay: counted.gaps.lastDay,
        },
        books: counted.books,
        links,
        parked: quick.parked,
        traffic: counted.traffic,
        next: nextStep(session, settings, {
          hooksRegistered:
            quick.hooksReceived ||
            quick.subscriptions.some((row) => row.project === own && row.subscription_id !== null),
          links: links.total,
        }),
      };
    },

    async switchTenant({ session, body }) {
      await store.asTenant(session.tenant, async (sql) => {
        await switchTenant(sql, session.tenant, body.enabled);
        await recordAudit(sql, session.tenant, {
          by: session.user.name,
          action: body.enabled ? 'organization.switchedOn' : 'organization.switchedOff',
          subject: session.organization,
        });
      });
      engine.settings.forget(session.tenant);
      return { enabled: body.enabled };
    },

    async listAudit({ session, query }) {
      const before = cursorOf(query.before);
      const rows = await store.asTenant(session.tenant, (sql) =>
        listAudit(sql, { before, limit: query.limit + 1 }),
      );
      return {
        entries: rows.slice(0, query.limit).map((row) => ({
          id: String(row.id),
          at: row.at.toISOString(),
          by: row.by,
          action: row.action,
          subject: row.subject,
          detail: row.detail ?? undefined,
        })),
        more: rows.length > query.limit,
      };
    },
  };
}

const countAll = (services: Services, tenant: number): Promise<Counted> =>
  services.engine.store.asTenant(tenant, async (sql) => ({
    books: await readBooks(sql),
    conditions: await countConditions(sql),
    gaps: await countGaps(sql),
    traffic: (await trafficByHour(sql)).map(({ hour, done, failed }) => ({
      hour: hour.toISOString(),
      done,
      failed,
    })),
  }));

const connectionCards = (services: Services, settings: TenantSettings): Overview['connections'] =>
  [...settings.connections.values()]
    .sort((a, b) => Number(b.id === azureDevOps) - Number(a.id === azureDevOps))
    .map((row) => {
      const manifest = manifestOf(services, row.kind);
      return connectionCard(row, manifest && { manifest });
    });

const mappedProjects = (settings: TenantSettings): string[] => [
  ...new Set(settings.mappings.filter((row) => row.settings.enabled).map((row) => row.project)),
];

/** All hooks for each project with a mapping that is on. */
function hookHealth(
  projects: readonly string[],
  all: readonly KeptSubscription[],
  perProject: number,
): Overview['hooks'] {
  const rows = all.filter((row) => projects.includes(row.project));
  const expected = projects.length * perProject;
  const healthy = rows.filter((row) => row.health === 'healthy').length;
  const sick = rows.find((row) => row.health !== 'healthy');
  const unseen = projects.find((project) => !rows.some((row) => row.project === project));
  const checkedAt = rows.map((row) => row.checked_at.toISOString()).sort()[0];
  if (healthy >= expected) return { expected, healthy, checkedAt };
  const reason =
    sick !== undefined
      ? `${sick.project}: ${sick.reason ?? `the hook for ${sick.event_type} is ${sick.health}.`}`
      : `${unseen}: the service hooks were not looked at yet.`;
  return { expected, healthy, reason, checkedAt };
}

/** Of the connection that was swept longest ago; absent while one has never been. Paused ones are not expected to. */
function oldestSweep(settings: TenantSettings): string | undefined {
  const times = [...settings.connections.values()]
    .filter((row) => row.enabled && row.status !== 'paused')
    .map((row) => isoOf(row.swept_at));
  return times.includes(undefined) ? undefined : times.sort()[0];
}

function linkCounts(conditions: Counted['conditions']): Overview['links'] {
  const of = (name: keyof Counted['conditions']) => conditions[name] ?? 0;
  return {
    total: Object.values(conditions).reduce((sum, count) => sum + count, 0),
    inAgreement: of('inAgreement'),
    conflict: of('conflict'),
    parked: of('parked'),
    // A link that waits for its connection waits, whatever for.
    delayed: of('delayed') + of('paused'),
    missing: of('missing'),
  };
}

/** The first thing that is still to be done to have tickets kept in agreement in this project. */
function nextStep(
  session: Session,
  settings: TenantSettings,
  so: { hooksRegistered: boolean; links: number },
): Overview['next'] {
  if (![...settings.connections.keys()].some((id) => id !== azureDevOps)) return 'addConnection';
  const mapped = settings.mappings.some(
    (row) => row.settings.enabled && isProject(row.project, session.project),
  );
  if (!mapped) return 'addMapping';
  // Hooks entered by hand may be invisible to us; that something came in proves them.
  if (!so.hooksRegistered) return 'registerHooks';
  return so.links === 0 ? 'createFirstTicket' : 'none';
}
