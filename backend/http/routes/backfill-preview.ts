import type { RecordSystem } from '../../connectors/connector.ts';
import { rivalsOf, wantedMatch } from '../../engine/backfill.ts';
import { fieldsOf } from '../../engine/reading.ts';
import { azureDevOps } from '../../store/connections.ts';
import type { MappingRow } from '../../store/mappings.ts';
import { isFailure } from '../../sync/failure.ts';
import { triggerOf } from '../../sync/match.ts';
import type { Side } from '../../sync/record.ts';
import type { HandlerAnswer } from '../handlers.ts';
import { ProblemError } from '../problem.ts';
import type { Services } from './services.ts';

/** Listing and reading together; proxies and people give up at 30 s. */
const budgetMs = 20_000;
/** Systems read records of one moment together (Azure DevOps 200 at once). */
const readsAtOnce = 200;
const maxSample = 10;

/**
 * How many records a backfill would create counterparts for, and how many it would only link with the one that they name.
 * Reads each record that has no link, as many as fit into 20 s: those that remain (`unread`) are counted as wanted, so
 * that what the mapping does at most is never too low. A name is believed: whether there is such a counterpart would be a
 * request for each. Throws `Failure` when the system is away, and `remoteFailed` when already the list does not fit into
 * the time.
 */
export async function previewBackfill(
  services: Services,
  mapping: MappingRow,
  side: Side,
  signal: AbortSignal,
): Promise<HandlerAnswer<'previewBackfill'>> {
  const deadline = performance.now() + budgetMs;
  const isOver = () => performance.now() > deadline || signal.aborted;
  const connection = side === 'workItem' ? azureDevOps : mapping.connection;
  const system = await services.systems.open(mapping.tenant, connection);
  const { mappings } = await services.engine.settings.of(mapping.tenant);
  const fields = [
    ...new Set(rivalsOf(side, mapping, mappings).flatMap((one) => fieldsOf(side, one.settings))),
  ];
  const ids = await listWithin(system, side, mapping, isOver);
  const linked = await linkedIds(services, mapping, side);
  const open = ids.filter((id) => !linked.has(id));
  const sample: { key: string; title: string }[] = [];
  let toCreate = 0;
  let toLink = 0;
  let read = 0;
  for (let start = 0; start < open.length && !isOver(); start += readsAtOnce) {
    const bite = open.slice(start, start + readsAtOnce);
    const snapshots = await Promise.all(bite.map((id) => readOrGone(system, fields, id)));
    read += bite.length;
    for (const snapshot of snapshots) {
      const match = snapshot && wantedMatch(mapping, mappings, snapshot);
      if (snapshot === undefined || match === undefined) continue;
      if (match.existingKey === undefined) toCreate += 1;
      else toLink += 1;
      if (sample.length < maxSample) sample.push({ key: snapshot.ref.key, title: snapshot.title });
    }
  }
  const unread = open.length - read;
  const createsNothing = triggerOf(mapping.settings, side).mode === 'linkOnly';
  return {
    records: ids.length,
    linked: ids.length - open.length,
    toCreate: toCreate + (createsNothing ? 0 : unread),
    toLink: toLink + (createsNothing ? unread : 0),
    unread,
    sample,
  };
}

async function listWithin(
  system: RecordSystem,
  side: Side,
  mapping: MappingRow,
  isOver: () => boolean,
): Promise<string[]> {
  const ids = new Set<string>();
  const project = side === 'workItem' ? mapping.settings.project : undefined;
  let cursor: string | undefined;
  for (;;) {
    const page = await system.changes(cursor, { fromBeginning: true, project });
    for (const hint of page.hints) {
      if (hint.what === 'deleted') ids.delete(hint.recordId);
      else ids.add(hint.recordId);
    }
    cursor = page.cursor;
    if (!page.more) return [...ids];
    if (isOver()) {
      throw new ProblemError('remoteFailed', {
        title: `There are more than ${ids.size} records, too many to count while you wait`,
        action: 'Start the backfill without a preview; it can be paused at any time.',
      });
    }
  }
}

const linkedIds = async (
  services: Services,
  mapping: MappingRow,
  side: Side,
): Promise<ReadonlySet<string>> => {
  // Of every mapping: a backfill is for records without a counterpart.
  const rows = await services.engine.store.asTenant(mapping.tenant, (sql) =>
    side === 'workItem'
      ? sql.rows<{ id: string }>('select work_item_id as id from link where ended_at is null')
      : sql.rows<{ id: string }>(
          'select ticket_id as id from link where connection = $1 and ended_at is null',
          [mapping.connection],
        ),
  );
  return new Set(rows.map((row) => row.id));
};

/** A record that is gone or closed to us meanwhile needs no counterpart. */
async function readOrGone(system: RecordSystem, fields: readonly string[], id: string) {
  try {
    return (await system.read(id, { comments: false, attachments: false, fields })).snapshot;
  } catch (error) {
    if (isFailure(error) && (error.kind === 'notFound' || error.kind === 'forbidden')) return undefined;
    throw error;
  }
}
