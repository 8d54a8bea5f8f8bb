import { randomBytes } from 'node:crypto';
import { type ConnectionInput, retryPolicy } from '../../contract/connections.ts';
import { ensureSchedule } from '../../engine/schedule.ts';
import { randomId, randomPassword } from '../../security/random.ts';
import type { Session } from '../../security/session-token.ts';
import { recordAudit } from '../../store/audit.ts';
import {
  azureDevOps,
  type ConnectionRow,
  deleteConnection,
  findConnection,
  insertConnection,
  listConnections,
  setPaused,
  updateConnection,
} from '../../store/connections.ts';
import { countLinks } from '../../store/links.ts';
import type { Sql } from '../../store/pool.ts';
import { laneKeysOfConnection, releaseLanes } from '../../store/release.ts';
import type { Handlers } from '../handlers.ts';
import { ProblemError } from '../problem.ts';
import { checkConnectionInput, nothingStored } from './connection-input.ts';
import { connectionTests, storedInput } from './connection-tests.ts';
import { hookUrl, instructionsOf, manifestOf, viewConnections } from './connection-view.ts';
import { endDayTroubles, writeEndDays } from './credential-days.ts';
import { descriptionView } from './description-view.ts';
import { rotateHookSecret } from './hook-secrets.ts';
import { countChanged, invalid, invalidField } from './input-problems.ts';
import { creatableManifest, listedConnectors, unknownKind } from './offered-kinds.ts';
import type { Services } from './services.ts';

type ConnectionHandlers = Pick<
  Handlers,
  | 'listConnectors'
  | 'listConnections'
  | 'createConnection'
  | 'updateConnection'
  | 'testConnection'
  | 'testConnectionInput'
  | 'pauseConnection'
  | 'resumeConnection'
  | 'deleteConnection'
  | 'rotateHookSecret'
  | 'describeConnection'
  | 'describeWorkItems'
>;

/**
 * Connections belong to the organisation; an admin of any of its projects may look after them, because no project owns
 * them and the organisation's own admins are seldom the people who run the ticket system.
 */
export function connectionHandlers(services: Services): ConnectionHandlers {
  const { engine, secrets } = services;
  const { store } = engine;

  const view = async (sql: Sql, row: ConnectionRow) => {
    const [one] = await viewConnections(services, sql, [row]);
    return one as NonNullable<typeof one>;
  };

  /** Runs a change in one transaction with its audit entry, and answers with the connection as it is then. */
  const change = async (
    session: Session,
    connectionId: string,
    action: string,
    work: (sql: Sql, row: ConnectionRow) => Promise<string | undefined>,
  ) => {
    const answer = await store.asTenant(session.tenant, async (sql) => {
      const row = await requireConnection(sql, connectionId);
      const detail = await work(sql, row);
      await recordAudit(sql, session.tenant, { by: session.user.name, action, subject: row.name, detail });
      return view(sql, await requireConnection(sql, connectionId));
    });
    engine.settings.forget(session.tenant);
    return answer;
  };

  return {
    async listConnectors({ session }) {
      const rows = await store.asTenant(session.tenant, listConnections);
      const present = new Set(rows.map(({ kind }) => kind));
      return { connectors: listedConnectors(services, present) };
    },

    listConnections: async ({ session }) =>
      store.asTenant(session.tenant, async (sql) => {
        const rows = await listConnections(sql);
        // Azure DevOps first: without it nothing goes.
        rows.sort((a, b) => Number(b.id === azureDevOps) - Number(a.id === azureDevOps));
        return { connections: await viewConnections(services, sql, rows) };
      }),

    async createConnection({ session, body }) {
      const { tenant } = session;
      const manifest = creatableManifest(services, body.kind);
      const checked = checkConnectionInput(manifest, body, nothingStored, services.guard);
      const troubles = [...checked.troubles, ...endDayTroubles(manifest, body, {}, engine.now())];
      if (troubles.length > 0) throw invalid(...troubles);
      const id = `${body.kind}-${randomBytes(5).toString('hex')}`;
      const created = await store.asTenant(tenant, async (sql) => {
        await refuseTakenName(sql, body.name);
        await insertConnection(sql, tenant, {
          id,
          kind: body.kind,
          name: body.name,
          settings: checked.settings,
          retry: body.retry ?? retryPolicy.parse({}),
          budget: body.budget ?? manifest.budget,
          hookId: randomId(),
        });
        await writeSecrets(services, sql, tenant, id, body.secrets);
        await secrets.write(sql, tenant, id, services.hookSecretName(body.kind), randomPassword());
        const days = await writeEndDays(services, sql, id, { manifest, entered: body, stored: {} });
        await recordAudit(sql, tenant, {
          by: session.user.name,
          action: 'connection.created',
          subject: body.name,
          detail: [body.kind, ...days].join(', '),
        });
        return view(sql, await requireConnection(sql, id));
      });
      engine.settings.forget(tenant);
      await ensureSchedule(engine, tenant);
      return created;
    },

    async updateConnection({ session, params, body }) {
      const changed = await change(session, params.connectionId, 'connection.changed', async (sql, row) => {
        const { tenant } = session;
        if (body.kind !== row.kind) {
          throw invalidField(
            'kind',
            `This connection is one of kind ${row.kind}`,
            'Add a new connection instead.',
          );
        }
        if (body.name.toLowerCase() !== row.name.toLowerCase()) await refuseTakenName(sql, body.name);
        const manifest = manifestOf(services, row.kind);
        if (manifest === undefined) throw unknownKind(row.kind);
        const stored = await storedInput(services, sql, row);
        const checked = checkConnectionInput(manifest, body, stored, services.guard);
        const troubles = [
          ...checked.troubles,
          ...endDayTroubles(manifest, body, stored.states, engine.now()),
        ];
        if (troubles.length > 0) throw invalid(...troubles);
        await writeSecrets(services, sql, tenant, row.id, body.secrets);
        const days = await writeEndDays(services, sql, row.id, {
          manifest,
          entered: body,
          stored: stored.states,
        });
        await updateConnection(sql, tenant, row.id, {
          name: body.name,
          settings: checked.settings,
          retry: body.retry ?? row.retry,
          budget: body.budget ?? row.budget,
        });
        return changedWords(row, checked.settings, body, days);
      });
      // Logs out with the credentials and at the address that were; the next use opens the connection as it is now.
      await services.systems.release(session.tenant, changed.id);
      return changed;
    },

    ...connectionTests(services),

    async pauseConnection({ session, params }) {
      const paused = await change(session, params.connectionId, 'connection.paused', async (sql, row) => {
        // `enabled` tells a person's pause from one for refused credentials, which a passed test ends.
        await sql.rows('update connection set enabled = false where id = $1', [row.id]);
        await setPaused(sql, session.tenant, row.id, `Paused by ${session.user.name}.`);
        return undefined;
      });
      // A system that stands still must not hold a licence that an agent could use.
      await services.systems.release(session.tenant, paused.id);
      return paused;
    },

    resumeConnection: ({ session, params }) =>
      change(session, params.connectionId, 'connection.resumed', async (sql, row) => {
        await sql.rows('update connection set enabled = true where id = $1', [row.id]);
        await setPaused(sql, session.tenant, row.id, undefined);
        return undefined;
      }),

    async deleteConnection({ session, params, query }) {
      const { tenant, user } = session;
      const { connectionId } = params;
      const confirmed = async (sql: Sql) => {
        const row = await requireConnection(sql, connectionId);
        if (row.id === azureDevOps) throw notDeletable();
        const count = await countLinks(sql, { connection: row.id });
        if (count !== query.confirmLinks) throw countChanged(count, query.confirmLinks);
        return { row, count };
      };
      await store.asTenant(tenant, confirmed);
      // Logs out while the connection still has its secrets and its budget; afterwards once more, for what a lane that
      // was at work has opened meanwhile.
      await services.systems.release(tenant, connectionId);
      const links = await store.asTenant(tenant, async (sql) => {
        await sql.rows('select from connection where id = $1 for update', [connectionId]);
        const { row, count } = await confirmed(sql);
        const reason = `The connection ${row.name} was deleted by ${user.name}.`;
        await releaseLanes(sql, await laneKeysOfConnection(sql, row.id), reason);
        await deleteConnection(sql, tenant, row.id);
        await recordAudit(sql, tenant, {
          by: user.name,
          action: 'connection.deleted',
          subject: row.name,
          detail: `${count} links ended`,
        });
        return count;
      });
      engine.settings.forget(tenant);
      await services.systems.release(tenant, connectionId);
      return { links };
    },

    async rotateHookSecret({ session, params }) {
      const row = await store.asTenant(session.tenant, (sql) => requireConnection(sql, params.connectionId));
      const secret = await rotateHookSecret(services, session, row);
      const connector = services.systems.connectorOf(row.kind);
      return { secret, instructions: instructionsOf(connector, hookUrl(services, row), secret) };
    },

    async describeConnection({ session, params, query }) {
      const { tenant } = session;
      const row = await store.asTenant(tenant, (sql) => requireConnection(sql, params.connectionId));
      const project = row.id === azureDevOps ? session.project.name : undefined;
      const { type, template } = query;
      return descriptionView(await services.systems.describe(tenant, row.id, { type, template, project }));
    },

    async describeWorkItems({ session, query }) {
      const scope = { project: session.project.name, type: query.type };
      return descriptionView(await services.systems.describe(session.tenant, azureDevOps, scope));
    },
  };
}

async function requireConnection(sql: Sql, id: string): Promise<ConnectionRow> {
  const row = await findConnection(sql, id);
  if (row === undefined) throw new ProblemError('notFound', { title: 'There is no such connection' });
  return row;
}

const notDeletable = (): ProblemError =>
  new ProblemError('inUse', {
    title: 'Azure DevOps itself cannot be taken away',
    action: 'Pause it instead, or switch synchronisation off for the organisation.',
  });

/** Two connections of one name could not be told apart in the panel. */
async function refuseTakenName(sql: Sql, name: string): Promise<void> {
  const taken = await sql.one('select from connection where lower(name) = lower($1)', [name]);
  if (taken !== undefined) {
    throw invalidField('name', 'Another connection has this name', 'Choose another name.');
  }
}

async function writeSecrets(
  services: Services,
  sql: Sql,
  tenant: number,
  connection: string,
  values: ConnectionInput['secrets'],
): Promise<void> {
  for (const [name, value] of Object.entries(values)) {
    await services.secrets.write(sql, tenant, connection, name, value);
  }
}

/** Names of what changed, for the audit; never values, which an address may make private. */
function changedWords(
  row: ConnectionRow,
  settings: Readonly<Record<string, unknown>>,
  body: ConnectionInput,
  days: readonly string[],
): string | undefined {
  const names = new Set([...Object.keys(row.settings), ...Object.keys(settings)]);
  const changed = [...names].filter((name) => row.settings[name] !== settings[name]);
  if (body.name !== row.name) changed.unshift('name');
  changed.push(...Object.keys(body.secrets).map((name) => `secret ${name}`), ...days);
  return changed.length === 0 ? undefined : changed.join(', ');
}
