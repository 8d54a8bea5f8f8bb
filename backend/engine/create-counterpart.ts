import type { RecordSystem } from '../connectors/connector.ts';
import { azureDevOps } from '../store/connections.ts';
import { type IntentRow, markDone } from '../store/intents.ts';
import { insertLink, type LinkRow, linksOfTickets, linksOfWorkItems } from '../store/links.ts';
import type { MappingRow } from '../store/mappings.ts';
import { firstBase, planCreate } from '../sync/create.ts';
import { Failure } from '../sync/failure.ts';
import type { FieldValues, RecordRef, Side, Snapshot } from '../sync/record.ts';
import { fieldsById } from './link-lane.ts';
import { sendOnce } from './once-only.ts';
import { resolvePeopleOf } from './people.ts';
import { type EngineContext, onSide } from './ports.ts';

export interface CreateWish {
  tenant: number;
  /** The side that gets the new record. */
  side: Side;
  /** The record that causes it. */
  source: Snapshot;
  mapping: MappingRow;
  intentKey: string;
  mark: string;
  /** Values that a person entered, by field of the new record. */
  entered?: FieldValues;
  requestedBy?: string;
}

export interface Created {
  link: LinkRow;
  /** False when an earlier try had done it. */
  fresh: boolean;
}

/**
 * Creates the counterpart of a record exactly once and links the two. May be called again after any crash: the
 * intent, the mark inside the new record and the unique pair in the store make the second call find the first's work.
 * Throws SidedFailure; `rejected` names the fields that the mapping leaves empty.
 */
export async function createCounterpart(context: EngineContext, wish: CreateWish): Promise<Created> {
  const { tenant, side, mapping } = wish;
  const connection = side === 'workItem' ? azureDevOps : mapping.connection;
  const system = await context.systems.open(tenant, connection);
  const planned = await planFields(context, wish, system);
  let wroteFields: FieldValues = planned.fields;
  let ref: RecordRef | undefined;
  const sent = await onSide(side, () =>
    sendOnce(context, tenant, intentOf(wish), {
      lookFor: async (intent) => {
        ref = await findCreated(context, system, intent, planned.project);
        return ref?.id;
      },
      send: async () => {
        const result = await system.create({
          type: planned.type,
          template: planned.template,
          project: planned.project,
          fields: planned.fields,
          mark: wish.mark,
          counterpart: wish.source.ref,
        });
        ref = result.ref;
        wroteFields = { ...planned.fields, ...result.observed };
        return result.ref.id;
      },
    }),
  );
  // A call that comes after the intent was done knows the id only: the record itself tells the rest.
  ref ??= (
    await onSide(side, () => system.read(sent.id, { comments: false, attachments: false, fields: [] }))
  ).snapshot.ref;
  return storeLink(context, wish, ref, wroteFields, !sent.repeated);
}

async function planFields(context: EngineContext, wish: CreateWish, system: RecordSystem) {
  const { tenant, side, mapping, source } = wish;
  const { settings } = mapping;
  const [workItem, ticket] = await Promise.all([
    context.systems.describe(tenant, azureDevOps, {
      project: settings.project,
      type: settings.workItemTypes[0],
    }),
    context.systems.describe(tenant, mapping.connection, {
      type: settings.ticketType,
      template: settings.ticketTemplate,
    }),
  ]);
  const planned = planCreate({
    source,
    mapping: settings,
    fields: { workItem: fieldsById(workItem), ticket: fieldsById(ticket) },
    statusField: { workItem: workItem.roles.status, ticket: ticket.roles.status },
    systemName: {
      workItem: 'Azure DevOps',
      ticket: context.systems.connectorOf(connectionKind(mapping))?.manifest.name ?? 'ITSM',
    },
    entered: wish.entered ?? {},
  });
  if (planned.missing.length > 0) {
    const description = side === 'ticket' ? ticket : workItem;
    const names = planned.missing.map(
      (id) => description.fields.find((field) => field.id === id)?.name ?? id,
    );
    const failure = new Failure({
      kind: 'rejected',
      message: `The new ${side === 'ticket' ? 'ticket' : 'work item'} needs a value for ${names.join(', ')}.`,
      fields: planned.missing.map((field, index) => ({
        field,
        problem: `${names[index]} is required and the mapping leaves it empty`,
      })),
    });
    return onSide(side, () => Promise.reject(failure));
  }
  return { ...planned, fields: await resolvePeopleOf(side, system, planned.fields) };
}

const connectionKind = (mapping: MappingRow): string => mapping.connection.split('-')[0] ?? '';

const intentOf = (wish: CreateWish) => ({
  key: wish.intentKey,
  kind: 'create' as const,
  side: wish.side,
  mapping: wish.mapping.id,
  sourceId: wish.source.ref.id,
  mark: wish.mark,
  requestedBy: wish.requestedBy,
});

/** After a lost answer: what carries the mark. More than one would be a double, so it is said, never hidden. */
async function findCreated(
  context: EngineContext,
  system: RecordSystem,
  intent: IntentRow,
  project: string | undefined,
): Promise<RecordRef | undefined> {
  const found = await system.findByMark(intent.mark, {
    since: new Date(intent.sent_at ?? intent.created_at),
    project,
  });
  if (found.length > 1)
    context.log('create.mark_found_twice', { mark: intent.mark, ids: found.map((one) => one.id) });
  return found[0];
}

async function storeLink(
  context: EngineContext,
  wish: CreateWish,
  created: RecordRef,
  wroteFields: FieldValues,
  fresh: boolean,
): Promise<Created> {
  const { tenant, side, source, mapping } = wish;
  const workItem = side === 'workItem' ? created : source.ref;
  const ticket = side === 'ticket' ? created : source.ref;
  const link = await context.store.asTenant(tenant, async (sql) => {
    const inserted = await insertLink(sql, tenant, {
      mapping: mapping.id,
      connection: mapping.connection,
      project: mapping.settings.project,
      workItemId: workItem.id,
      ticketId: ticket.id,
      ticketKey: ticket.key,
      ticketUrl: ticket.url,
      origin: side === 'ticket' ? 'createdTicket' : 'createdWorkItem',
      base: firstBase({ side, source, wrote: wroteFields, mapping: mapping.settings }),
      shown: {
        number: ticket.key,
        title: titleOf(side, source, wroteFields),
        url: ticket.url,
        status: { name: '', category: 'unknown' },
      },
      createdBy: wish.requestedBy,
    });
    const row =
      inserted ??
      (await linksOfTickets(sql, mapping.connection, [ticket.id])).find(
        (one) => one.work_item_id === workItem.id,
      );
    if (row === undefined)
      throw new Error(`The link of ${workItem.id} and ${ticket.id} vanished while it was stored`);
    await markDone(sql, wish.intentKey, created.id, String(row.id));
    return row;
  });
  await context.failpoint('create.afterLink');
  await context.queue.enqueue([
    {
      tenant,
      key: `link:${link.id}`,
      kind: 'link',
      connection: link.connection,
      link: String(link.id),
      hints: [{ what: 'unknown', cause: 'follow-up' }],
    },
  ]);
  return { link, fresh };
}

const titleOf = (side: Side, source: Snapshot, wrote: FieldValues): string => {
  if (side === 'workItem') return source.title;
  const text = Object.values(wrote).find(
    (value): value is string => typeof value === 'string' && value === source.title,
  );
  return text ?? source.title;
};

/** Links that this record has, by mapping. */
export async function linksOf(
  context: EngineContext,
  tenant: number,
  side: Side,
  connection: string,
  id: string,
): Promise<LinkRow[]> {
  return context.store.asTenant(tenant, (sql) =>
    side === 'workItem' ? linksOfWorkItems(sql, [id]) : linksOfTickets(sql, connection, [id]),
  );
}
