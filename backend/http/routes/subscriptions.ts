import { setTimeout as delay } from 'node:timers/promises';
import type { ProjectHookReport } from '../../compose/hook-keeper.ts';
import type { Subscriptions } from '../../contract/subscriptions.ts';
import { findingsOf, keepFindings } from '../../engine/watchdog.ts';
import type { Session } from '../../security/session-token.ts';
import { recordAudit } from '../../store/audit.ts';
import { azureDevOps, findConnection } from '../../store/connections.ts';
import { forgetSubscriptions, knownHooks } from '../../store/subscriptions.ts';
import type { Handlers } from '../handlers.ts';
import { ProblemError } from '../problem.ts';
import { manualSteps } from './connection-view.ts';
import { rotateHookSecret } from './hook-secrets.ts';
import { isProject } from './mapping-lookup.ts';
import type { Services } from './services.ts';

type SubscriptionHandlers = Pick<
  Handlers,
  | 'listSubscriptions'
  | 'ensureSubscriptions'
  | 'removeSubscriptions'
  | 'testSubscription'
  | 'revealManualPassword'
>;

const testPatienceMs = 10_000;
const lookAgainMs = 250;

/** The service hooks of the session's project. */
export function subscriptionHandlers(services: Services): SubscriptionHandlers {
  const { engine, hooks } = services;
  const { store } = engine;

  /** Keeps what was found, so that the overview and the watchdog know it, and answers with it. */
  const answer = async (session: Session, project: string, report: ProjectHookReport, since: string) => {
    await keepFindings(engine, session.tenant, project, findingsOf(report), since);
    return subscriptionsView(services, session, report);
  };

  const inspect = async (session: Session): Promise<Subscriptions> => {
    const project = await projectKey(services, session);
    const since = await hooksSeenFrom(services, session, project);
    const report = await hooks.report(session.tenant, project);
    return answer(session, project, report, since);
  };

  const audit = (session: Session, action: string, detail?: string) =>
    store.asTenant(session.tenant, (sql) =>
      recordAudit(sql, session.tenant, {
        by: session.user.name,
        action,
        subject: session.project.name,
        detail,
      }),
    );

  return {
    listSubscriptions: ({ session }) => inspect(session),

    async ensureSubscriptions({ session }) {
      const project = await projectKey(services, session);
      const since = await hooksSeenFrom(services, session, project);
      const report = await hooks.repair(session.tenant, project);
      await audit(session, 'serviceHooks.registered', changesInWords(report) || undefined);
      return answer(session, project, report, since);
    },

    async removeSubscriptions({ session }) {
      const { tenant } = session;
      const project = await projectKey(services, session);
      // Before: the watchdog must not repair what is half removed. And after: nor keep what it saw meanwhile.
      await store.asTenant(tenant, (sql) => forgetSubscriptions(sql, project));
      const removed = await hooks.remove(tenant, project);
      await store.asTenant(tenant, async (sql) => {
        await forgetSubscriptions(sql, project);
        await recordAudit(sql, tenant, {
          by: session.user.name,
          action: 'serviceHooks.removed',
          subject: session.project.name,
          detail: `${removed} removed`,
        });
      });
      return inspect(session);
    },

    async testSubscription({ session, params }) {
      const { tenant } = session;
      const project = await projectKey(services, session);
      const report = await hooks.report(tenant, project);
      // Only hooks of the session's project that lead here: others are none of its business.
      const known = report.findings.some((finding) => finding.subscriptionId === params.subscriptionId);
      if (!known)
        throw new ProblemError('notFound', { title: 'There is no such service hook in this project' });
      const before = await samplesReceived(services, tenant);
      await hooks.sendTest(tenant, params.subscriptionId);
      const deadline = performance.now() + testPatienceMs;
      while (performance.now() < deadline) {
        if ((await samplesReceived(services, tenant)) > before) {
          return { received: true, finding: 'The test delivery arrived.' };
        }
        await delay(lookAgainMs);
      }
      const [last] = await hooks.deliveries(tenant, params.subscriptionId, 1);
      const words = last?.problem === undefined ? '' : ` Azure DevOps says: ${last.problem}`;
      return {
        received: false,
        finding: `Nothing arrived within ${testPatienceMs / 1000} s.${words}`,
        remedy: `Check that Azure DevOps reaches ${services.publicUrl} through firewalls and proxies; until it does, changes are found by the sweep.`,
      };
    },

    async revealManualPassword({ session }) {
      const row = await store.asTenant(session.tenant, (sql) => findConnection(sql, azureDevOps));
      if (row === undefined) throw new ProblemError('notFound');
      const password = await rotateHookSecret(services, session, row);
      return { ...(await hooks.address(session.tenant)), password };
    },
  };
}

/** What a repair did, for the audit. */
export const changesInWords = ({ changes }: ProjectHookReport): string =>
  changes.map(({ eventType, done }) => `${eventType} ${done}`).join(', ');

/** For `keepFindings`. */
export const hooksSeenFrom = async (
  { engine }: Services,
  session: Session,
  project: string,
): Promise<string> => (await engine.store.asTenant(session.tenant, (sql) => knownHooks(sql, project))).since;

/** Under the name that the mappings use: the watchdog and the overview look there. */
export async function projectKey(services: Services, session: Session): Promise<string> {
  const { mappings } = await services.engine.settings.of(session.tenant);
  return mappings.find((row) => isProject(row.project, session.project))?.project ?? session.project.name;
}

export async function subscriptionsView(
  services: Services,
  session: Session,
  report: ProjectHookReport,
): Promise<Subscriptions> {
  const { rights, findings, filter } = report;
  const address = await services.hooks.address(session.tenant);
  return {
    subscriptions: services.hooks.expected.map(({ eventType, name }) => {
      const finding = findings.find((one) => one.eventType === eventType);
      return {
        eventType,
        name,
        expected: true,
        subscriptionId: finding?.subscriptionId,
        // Without the right to look, an absent hook says nothing.
        health: rights.mayView ? (finding?.health ?? 'unknown') : 'unknown',
        reason: finding?.reason,
        lastReceivedAt: finding?.lastSucceededAt,
        filter: finding?.filter,
      };
    }),
    filter,
    mayManage: rights.mayView && rights.mayEdit,
    needs: rights.needs,
    manual: {
      ...address,
      steps: manualSteps({
        ...address,
        password: '(press the button for a new one; it is shown once)',
        filter,
      }),
    },
    checkedAt: services.engine.now().toISOString(),
  };
}

/**
 * Samples that came in so far, repeated ones included: two tests may send the same bytes. They name no record, and the
 * index of records finds them among a million deliveries.
 */
const samplesReceived = async (services: Services, tenant: number): Promise<number> => {
  const row = await services.engine.store.asTenant(tenant, (sql) =>
    sql.one<{ count: number }>(
      `select coalesce(sum(1 + duplicates), 0)::int as count from inbox
       where record_id is null and connection = $1 and what = 'ignored'`,
      [azureDevOps],
    ),
  );
  return row?.count ?? 0;
};
