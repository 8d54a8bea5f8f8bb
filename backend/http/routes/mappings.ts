import { randomBytes } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { recordAudit } from '../../store/audit.ts';
import { countLinks } from '../../store/links.ts';
import {
  deleteMapping,
  insertMapping,
  listVersions,
  type MappingRow,
  orderMappings,
  toMapping,
  updateMapping,
} from '../../store/mappings.ts';
import { laneKeysOfMapping, releaseLanes } from '../../store/release.ts';
import { replanLinks } from '../../store/replan.ts';
import { suggestMapping } from '../../sync/suggest-mapping.ts';
import type { Handlers } from '../handlers.ts';
import { ProblemError } from '../problem.ts';
import { dryRun } from './dry-run.ts';
import { countChanged, invalidField } from './input-problems.ts';
import { isProject, mappingOf } from './mapping-lookup.ts';
import { previewMapping } from './mapping-preview.ts';
import { describeKnown, placeMapping, problemsOf, refuseErrors } from './mapping-problems.ts';
import { mappingSummary, whatIsPlanned } from './mapping-view.ts';
import type { Services } from './services.ts';

type MappingHandlers = Pick<
  Handlers,
  | 'listMappings'
  | 'readMapping'
  | 'suggestMapping'
  | 'createMapping'
  | 'updateMapping'
  | 'deleteMapping'
  | 'checkMapping'
  | 'dryRunMapping'
  | 'previewMapping'
  | 'readMappingFile'
  | 'orderMappings'
  | 'listMappingVersions'
>;

/** Mappings of the session's own project; those of others do not exist for it. */
export function mappingHandlers(services: Services): MappingHandlers {
  const { engine } = services;
  const { store } = engine;

  return {
    async listMappings({ session }) {
      const settings = await engine.settings.of(session.tenant);
      const rows = settings.mappings.filter((row) => isProject(row.project, session.project));
      const counted = await store.asTenant(session.tenant, (sql) =>
        sql.rows<{ mapping: string; count: number }>(
          'select mapping, count(*) as count from link where mapping = any($1) and ended_at is null group by mapping',
          [rows.map((row) => row.id)],
        ),
      );
      const links = new Map(counted.map(({ mapping, count }) => [mapping, count]));
      const mappings = await Promise.all(
        rows.flatMap((row) => {
          const connection = settings.connections.get(row.connection);
          // A cached list may be a moment older than the deletion of a connection, which takes its mappings along.
          return connection === undefined
            ? []
            : [mappingSummary(services, row, connection, links.get(row.id) ?? 0)];
        }),
      );
      return { mappings };
    },

    readMapping: async ({ session, params }) =>
      toMapping(await mappingOf(services, session, params.mappingId)),

    async suggestMapping({ session, query }) {
      const { connections } = await engine.settings.of(session.tenant);
      const connection = connections.get(query.connectionId);
      const connector = services.systems.connectorOf(connection?.kind ?? '');
      if (connection === undefined || connector === undefined) {
        throw invalidField(
          'connectionId',
          'There is no such connection to a ticket system',
          'Choose one that is listed.',
        );
      }
      const place = {
        connectionId: connection.id,
        project: session.project.name,
        workItemTypes: [query.workItemType],
      };
      const described = await describeKnown(services, session.tenant, place, () => 'workItemType');
      return suggestMapping({
        connectionId: connection.id,
        connectionName: connection.name,
        project: session.project.name,
        workItemType: query.workItemType,
        described,
        capabilities: connector.manifest.capabilities,
      });
    },

    async createMapping({ session, body }) {
      const { tenant, user } = session;
      const placed = await placeMapping(services, session, body);
      await refuseErrors(services, tenant, placed);
      const id = `m-${randomBytes(6).toString('hex')}`;
      const row = await store.asTenant(tenant, async (sql) => {
        const inserted = await insertMapping(sql, tenant, id, placed.settings, user.name);
        await recordAudit(sql, tenant, {
          by: user.name,
          action: 'mapping.created',
          subject: placed.settings.name,
          detail: `in ${placed.settings.project}`,
        });
        return inserted;
      });
      engine.settings.forget(tenant);
      return toMapping(row);
    },

    async updateMapping({ session, params, body }) {
      const { tenant, user } = session;
      const before = await mappingOf(services, session, params.mappingId);
      const placed = await placeMapping(services, session, body.settings);
      await refuseErrors(services, tenant, placed);
      const row = await store.asTenant(tenant, async (sql) => {
        if (placed.connection.id !== before.connection) {
          const links = await countLinks(sql, { mapping: before.id });
          if (links > 0) {
            throw invalidField(
              'connectionId',
              `${links} links of this mapping lead to the other system`,
              'Keep the connection, or make a new mapping for this one.',
            );
          }
        }
        const updated = await updateMapping(
          sql,
          tenant,
          before.id,
          body.baseVersion,
          placed.settings,
          user.name,
        );
        if (updated === undefined) throw versionConflict(before, body.baseVersion);
        // A new look at every link costs two reads each, so only when what is planned changed: a new name or trigger
        // changes nothing about links that exist. Switching on counts, because hooks that came meanwhile did nothing.
        const replanned =
          updated.settings.enabled &&
          !isDeepStrictEqual(whatIsPlanned(before.settings), whatIsPlanned(updated.settings))
            ? await replanLinks(sql, before.id)
            : 0;
        await recordAudit(sql, tenant, {
          by: user.name,
          action: 'mapping.changed',
          subject: placed.settings.name,
          detail: `version ${updated.version}${replanned > 0 ? `, ${replanned} links looked at again` : ''}`,
        });
        return updated;
      });
      engine.settings.forget(tenant);
      return toMapping(row);
    },

    async deleteMapping({ session, params, query }) {
      const { tenant, user } = session;
      const row = await mappingOf(services, session, params.mappingId);
      const links = await store.asTenant(tenant, async (sql) => {
        await sql.rows('select from mapping where id = $1 for update', [row.id]);
        const count = await countLinks(sql, { mapping: row.id });
        if (count !== query.confirmLinks) throw countChanged(count, query.confirmLinks);
        const reason = `The mapping ${row.settings.name} was deleted by ${user.name}.`;
        const keys = await laneKeysOfMapping(sql, row.id);
        await releaseLanes(sql, keys, reason);
        await sql.rows('delete from lane where key = any($1)', [keys]);
        await deleteMapping(sql, tenant, row.id);
        await recordAudit(sql, tenant, {
          by: user.name,
          action: 'mapping.deleted',
          subject: row.settings.name,
          detail: `${count} links ended`,
        });
        return count;
      });
      engine.settings.forget(tenant);
      return { links };
    },

    async checkMapping({ session, body }) {
      const placed = await placeMapping(services, session, body);
      return { problems: (await problemsOf(services, session.tenant, placed)).problems };
    },

    dryRunMapping: async ({ session, body }) => {
      const placed = await placeMapping(services, session, body.settings);
      return dryRun(services, session, placed, body);
    },

    readMappingFile: async ({ session, body }) => {
      const { connectionId, file } = body;
      // Off, until a person has looked at what came from elsewhere.
      const settings = { ...file.mapping, enabled: false, connectionId, project: session.project.name };
      return (await placeMapping(services, session, settings)).settings;
    },

    previewMapping: async ({ session, body }) => {
      const placed = await placeMapping(services, session, body.settings);
      return previewMapping(services, session, placed, body);
    },

    async orderMappings({ session, body }) {
      const { tenant, user } = session;
      const { mappings } = await engine.settings.of(tenant);
      const own = mappings.filter((row) => isProject(row.project, session.project)).map((row) => row.id);
      const wanted = new Set(body.mappingIds);
      if (
        wanted.size !== body.mappingIds.length ||
        own.length !== wanted.size ||
        !own.every((id) => wanted.has(id))
      ) {
        throw invalidField(
          'mappingIds',
          'The order must name every mapping of the project once',
          'Reload the mappings and order them again.',
        );
      }
      await store.asTenant(tenant, async (sql) => {
        await orderMappings(sql, tenant, body.mappingIds);
        await recordAudit(sql, tenant, {
          by: user.name,
          action: 'mapping.ordered',
          subject: session.project.name,
          detail: body.mappingIds.join(', '),
        });
      });
      engine.settings.forget(tenant);
      return { mappingIds: body.mappingIds };
    },

    async listMappingVersions({ session, params }) {
      const row = await mappingOf(services, session, params.mappingId);
      const versions = await store.asTenant(session.tenant, (sql) => listVersions(sql, row.id));
      return {
        versions: versions.map(({ version, at, by, settings }) => ({
          version,
          at: at.toISOString(),
          by,
          settings,
        })),
      };
    },
  };
}

const versionConflict = (row: MappingRow, baseVersion: number): ProblemError =>
  new ProblemError('conflict', {
    title: `The mapping was changed by ${row.updated_by} in the meantime`,
    fields: [
      {
        field: 'baseVersion',
        problem: `Version ${baseVersion} is not the current one`,
        remedy: `Reload and apply the change to version ${row.version} or newer.`,
      },
    ],
  });
