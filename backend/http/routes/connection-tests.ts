import type { RecordSystem, TestCheck } from '../../connectors/connector.ts';
import type { ConnectionInput, TestCheckResult } from '../../contract/connections.ts';
import type { ConnectorManifest } from '../../contract/connector-manifest.ts';
import type { Session } from '../../security/session-token.ts';
import { recordAudit } from '../../store/audit.ts';
import { azureDevOps, type ConnectionRow, findConnection, setPaused } from '../../store/connections.ts';
import type { Sql } from '../../store/pool.ts';
import type { Handlers } from '../handlers.ts';
import { ProblemError } from '../problem.ts';
import { checkConnectionInput, nothingStored, type StoredInput } from './connection-input.ts';
import { manifestOf } from './connection-view.ts';
import { endDayChecks, endDayTroubles } from './credential-days.ts';
import { invalid, invalidField } from './input-problems.ts';
import { notOffered } from './offered-kinds.ts';
import type { Services } from './services.ts';

/** Tests of a stored connection and of a form that is not saved yet. */
export function connectionTests(
  services: Services,
): Pick<Handlers, 'testConnection' | 'testConnectionInput'> {
  const { engine, systems } = services;
  const { store } = engine;

  return {
    async testConnection({ session, params }) {
      const { tenant } = session;
      const { row, stored } = await store.asTenant(tenant, async (sql) => {
        const found = await findConnection(sql, params.connectionId);
        if (found === undefined) throw new ProblemError('notFound', { title: 'There is no such connection' });
        return { row: found, stored: await storedInput(services, sql, found) };
      });
      const answers =
        row.id === azureDevOps
          ? await (await systems.azureDevOps(tenant)).test({ project: session.project.name })
          : await (await systems.open(tenant, row.id)).test();
      const manifest = manifestOf(services, row.kind);
      const checks = [
        ...answers.map(checkView),
        ...(manifest ? daysOf(manifest, nothingEntered, stored) : []),
      ];
      const passed = checks.every((check) => check.outcome !== 'failed');
      if (!passed) return { checks, resumed: false };
      const resumed = await store.asTenant(tenant, async (sql) => {
        await sql.rows('select from connection where id = $1 for update', [row.id]);
        const now = await findConnection(sql, row.id);
        // What a person paused stays paused; `enabled` tells the two apart.
        const stands = now?.status === 'paused' || now?.status === 'unreachable';
        if (now === undefined || !now.enabled || !stands) return false;
        await setPaused(sql, tenant, row.id, undefined);
        await recordAudit(sql, tenant, {
          by: session.user.name,
          action: 'connection.resumed',
          subject: row.name,
          detail: 'The test of the connection passed.',
        });
        return true;
      });
      engine.settings.forget(tenant);
      return { checks, resumed };
    },

    async testConnectionInput({ session, body }) {
      const { tenant } = session;
      const manifest = manifestOf(services, body.kind);
      if (manifest === undefined) {
        throw invalidField('kind', 'There is no connector of this kind', 'Choose one that is listed.');
      }
      // A form that could not be saved is not tested either.
      if (body.connectionId === undefined && body.kind !== azureDevOps && !services.isOffered(body.kind))
        throw notOffered(manifest.name);
      const stored = await storedOf(session, body);
      const checked = checkConnectionInput(manifest, body, stored, services.guard);
      const troubles = [...checked.troubles, ...endDayTroubles(manifest, body, stored.states, engine.now())];
      if (troubles.length > 0) throw invalid(...troubles);
      const unsaved = await systems.openUnsaved({
        tenant,
        kind: body.kind,
        settings: checked.settings,
        secrets: body.secrets,
        // A stored secret goes only to the server that it was entered for.
        connectionId: checked.hasMoved ? undefined : body.connectionId,
      });
      try {
        const answers = await testOf(unsaved.system, body.kind, session);
        return { checks: [...answers.map(checkView), ...daysOf(manifest, body, stored)] };
      } finally {
        await unsaved.close();
      }
    },
  };

  function daysOf(
    manifest: ConnectorManifest,
    entered: Pick<ConnectionInput, 'secrets' | 'secretEnds'>,
    stored: StoredInput,
  ): TestCheckResult[] {
    return endDayChecks(manifest, entered, stored.states, engine.now());
  }

  async function storedOf(
    session: Session,
    input: { kind: string; connectionId?: string },
  ): Promise<StoredInput> {
    const { connectionId, kind } = input;
    if (connectionId === undefined) return nothingStored;
    return store.asTenant(session.tenant, async (sql) => {
      const row = await findConnection(sql, connectionId);
      if (row === undefined || row.kind !== kind) {
        throw invalidField(
          'connectionId',
          'There is no such connection of this kind',
          'Leave it out, or reload the page.',
        );
      }
      return storedInput(services, sql, row);
    });
  }
}

export const storedInput = async (
  services: Pick<Services, 'secrets'>,
  sql: Sql,
  row: ConnectionRow,
): Promise<StoredInput> => {
  const states = await services.secrets.states(sql, row.id);
  return { settings: row.settings, secrets: new Set(Object.keys(states)), states };
};

const nothingEntered = { secrets: {}, secretEnds: {} };

const testOf = (system: RecordSystem, kind: string, session: Session): Promise<readonly TestCheck[]> =>
  kind === azureDevOps
    ? (system as RecordSystem & { test(options: { project: string }): Promise<readonly TestCheck[]> }).test({
        project: session.project.name,
      })
    : system.test();

const checkView = ({ code, outcome, finding, remedy }: TestCheck): TestCheckResult => ({
  code,
  outcome,
  finding,
  remedy,
});
