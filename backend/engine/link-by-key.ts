import { azureDevOps } from '../store/connections.ts';
import { insertLink } from '../store/links.ts';
import type { MappingRow } from '../store/mappings.ts';
import { otherSide, type Side, type Snapshot } from '../sync/record.ts';
import { enqueueNewLink } from './link-entry.ts';
import { type EngineContext, onSide } from './ports.ts';

/**
 * Links a record with the counterpart that it names in its reference field, instead of creating one. Returns the
 * ticket's key; undefined when the number is nobody's. Throws SidedFailure.
 */
export async function linkByKey(
  context: EngineContext,
  wish: { tenant: number; side: Side; snapshot: Snapshot; mapping: MappingRow; key: string },
): Promise<string | undefined> {
  const { tenant, side, snapshot, mapping, key } = wish;
  const other = otherSide(side);
  const connection = other === 'workItem' ? azureDevOps : mapping.connection;
  const ref = await onSide(
    other,
    async () => (await context.systems.open(tenant, connection)).findByKey(key),
    connection,
  );
  if (ref === undefined) return undefined;
  const [workItem, ticket] = side === 'workItem' ? [snapshot.ref, ref] : [ref, snapshot.ref];
  const link = await context.store.asTenant(tenant, (sql) =>
    insertLink(sql, tenant, {
      mapping: mapping.id,
      connection: mapping.connection,
      project: mapping.settings.project,
      workItemId: workItem.id,
      ticketId: ticket.id,
      ticketKey: ticket.key,
      ticketUrl: ticket.url,
      origin: 'linked',
      onLink: mapping.settings.onLink,
    }),
  );
  if (link === undefined) return ticket.key;
  await enqueueNewLink(context, tenant, link);
  return ticket.key;
}
