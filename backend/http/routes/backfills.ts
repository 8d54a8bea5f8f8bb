import type { Backfill } from '../../contract/mappings.ts';
import type { Session } from '../../security/session-token.ts';
import { recordAudit } from '../../store/audit.ts';
import {
  type BackfillSummary,
  findBackfill,
  insertBackfill,
  listBackfills,
  moveBackfill,
} from '../../store/backfills.ts';
import type { MappingRow } from '../../store/mappings.ts';
import type { Handlers } from '../handlers.ts';
import { ProblemError } from '../problem.ts';
import { previewBackfill } from './backfill-preview.ts';
import { rowId } from './input-problems.ts';
import { isProject, mappingOf } from './mapping-lookup.ts';
import type { Services } from './services.ts';

type BackfillHandlers = Pick<
  Handlers,
  'previewBackfill' | 'startBackfill' | 'listBackfills' | 'pauseBackfill' | 'resumeBackfill'
>;

export function backfillHandlers(services: Services): BackfillHandlers {
  const { engine } = services;
  const { store, queue } = engine;

  const wake = (mapping: MappingRow, id: number) =>
    queue.wake([
      {
        tenant: mapping.tenant,
        key: `backfill:${id}`,
        kind: 'backfill',
        connection: mapping.connection,
        hints: [{ what: 'unknown', cause: 'person' }],
        facts: { backfillId: id },
      },
    ]);

  /** A backfill of a mapping of the session's project. */
  const ownBackfill = async (session: Session, backfillId: string) => {
    const id = rowId(backfillId);
    const found = await store.asTenant(session.tenant, (sql) => findBackfill(sql, id));
    if (found === undefined) throw new ProblemError('notFound');
    return { id, mapping: await mappingOf(services, session, found.mapping) };
  };

  const move = async (session: Session, backfillId: string, to: 'paused' | 'running') => {
    const { id, mapping } = await ownBackfill(session, backfillId);
    const from = to === 'paused' ? (['running'] as const) : (['paused', 'failed'] as const);
    const moved = await store.asTenant(session.tenant, async (sql) => {
      const row = await moveBackfill(sql, id, from, to);
      if (row === undefined) {
        throw new ProblemError('conflict', {
          title: to === 'paused' ? 'This backfill is not running' : 'This backfill is not paused',
          action: 'Reload the list to see how it stands.',
        });
      }
      await recordAudit(sql, session.tenant, {
        by: session.user.name,
        action: to === 'paused' ? 'backfill.paused' : 'backfill.resumed',
        subject: mapping.settings.name,
      });
      return row;
    });
    if (to === 'running') await wake(mapping, moved.id);
    return backfillView(moved);
  };

  return {
    previewBackfill: async ({ session, params, query, signal }) =>
      previewBackfill(services, await mappingOf(services, session, params.mappingId), query.from, signal),

    async startBackfill({ session, params, body }) {
      const { tenant, user } = session;
      const mapping = await mappingOf(services, session, params.mappingId);
      const started = await store.asTenant(tenant, async (sql) => {
        const row = await insertBackfill(sql, tenant, mapping.id, body.from);
        if (row === undefined) {
          throw new ProblemError('conflict', {
            title: 'A backfill of this mapping in this direction is under way or paused',
            action: 'Wait until it is done, or resume the paused one.',
          });
        }
        await recordAudit(sql, tenant, {
          by: user.name,
          action: 'backfill.started',
          subject: mapping.settings.name,
          detail: body.from === 'workItem' ? 'from work items' : 'from tickets',
        });
        return row;
      });
      await wake(mapping, started.id);
      return backfillView(started);
    },

    async listBackfills({ session }) {
      const { mappings } = await engine.settings.of(session.tenant);
      const own = mappings.filter((row) => isProject(row.project, session.project)).map((row) => row.id);
      const rows = await store.asTenant(session.tenant, (sql) => listBackfills(sql, own));
      return { backfills: rows.map(backfillView) };
    },

    pauseBackfill: ({ session, params }) => move(session, params.backfillId, 'paused'),
    resumeBackfill: ({ session, params }) => move(session, params.backfillId, 'running'),
  };
}

const backfillView = (row: BackfillSummary): Backfill => ({
  id: String(row.id),
  mappingId: row.mapping,
  status: row.status,
  total: row.total,
  handled: row.handled,
  created: row.created,
  failed: row.failed,
  reason: row.reason ?? undefined,
  startedAt: row.started_at.toISOString(),
  updatedAt: row.updated_at.toISOString(),
});
