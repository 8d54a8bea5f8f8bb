import type { RecordSystem, WriteResult } from '../connectors/connector.ts';
import { azureDevOps } from '../store/connections.ts';
import { findCreates, holdCreates, type IntentRow, markDone } from '../store/intents.ts';
import { insertLink, type LinkRow, linksOfTickets, linksOfWorkItems, notePanel } from '../store/links.ts';
import type { MappingRow } from '../store/mappings.ts';
import { type CreatePlanInput, firstBase, planCreate } from '../sync/create.ts';
import { Failure } from '../sync/failure.ts';
import type { CreatePlan } from '../sync/plan-input.ts';
import type { FieldValues, RecordRef, Side, Snapshot } from '../sync/record.ts';
import { enqueueNewLink } from './link-entry.ts';
import { sendOnce } from './once-only.ts';
import { resolvePeopleOf } from './people.ts';
import { fieldsById } from './plan-input.ts';
import { type EngineContext, onSide } from './ports.ts';
import { completeCreated } from './recovered-create.ts';

export interface CreateWish {
  tenant: number;
  /** The side that gets the new record. */
  side: Side;
  /** The record that causes it. */
  source: Snapshot;
  sourceBookmark?: string;
  mapping: MappingRow;
  intentKey: string;
  mark: string;
  /** Values that a person entered, by field of the new record. */
  entered?: FieldValues;
  requestedBy?: string;
  /** Whether one of the other intents for the same record and mapping goes first; see `RivalUnderway`. */
  goesFirst(other: IntentRow): boolean;
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
  const there = <T>(work: () => Promise<T>): Promise<T> => onSide(side, work, connection);
  const system = await there(() => context.systems.open(tenant, connection));
  const prepared = await there(() => planFields(context, wish, system));
  const { plan } = prepared;
  let ref: RecordRef | undefined;
  let answer: Partial<WriteResult> = {};
  const sent = await there(() =>
    sendOnce(context, tenant, intentOf(wish), {
      lookFor: async (intent) => {
        ref = await findCreated(context, system, intent, plan.project);
        return ref?.id;
      },
      send: async () => {
        const result = await system.create({
          type: plan.type,
          template: plan.template,
          project: plan.project,
          fields: prepared.fields,
          mark: wish.mark,
          counterpart: wish.source.ref,
        });
        ref = result.ref;
        answer = result;
        return result.ref.id;
      },
      hasRival: async (sql) => {
        await holdCreates(sql, tenant, mapping.id, wish.source.ref.id);
        const creates = await findCreates(sql, mapping.id, wish.source.ref.id);
        return creates.some((other) => other.key !== wish.intentKey && wish.goesFirst(other));
      },
    }),
  );
  const recovered = sent.repeated
    ? await there(() => completeCreated(system, sent.id, prepared.fields, prepared.input.fields[side]))
    : undefined;
  // A call that comes after the intent was done knows the id only: the record itself tells the rest.
  ref ??= (await there(() => system.read(sent.id, { comments: false, attachments: false, fields: [] })))
    .snapshot.ref;
  const known = { ...(recovered?.answer ?? answer), isUncertain: recovered?.isComplete === false };
  return storeLink(context, wish, ref, prepared, known, !sent.repeated);
}

interface Prepared {
  input: CreatePlanInput;
  plan: CreatePlan;
  /** As sent: people are those of the other system. */
  fields: FieldValues;
}

async function planFields(context: EngineContext, wish: CreateWish, system: RecordSystem): Promise<Prepared> {
  const { tenant, side, mapping, source } = wish;
  const { settings } = mapping;
  const [workItem, ticket, tenantSettings] = await Promise.all([
    onSide('workItem', () =>
      context.systems.describe(tenant, azureDevOps, {
        project: settings.project,
        type: settings.workItemTypes[0],
      }),
    ),
    onSide(
      'ticket',
      () =>
        context.systems.describe(tenant, mapping.connection, {
          type: settings.ticketType,
          template: settings.ticketTemplate,
        }),
      mapping.connection,
    ),
    context.settings.of(tenant),
  ]);
  const kind = tenantSettings.connections.get(mapping.connection)?.kind ?? '';
  const input: CreatePlanInput = {
    source,
    mapping: settings,
    fields: { workItem: fieldsById(workItem), ticket: fieldsById(ticket) },
    statusField: { workItem: workItem.roles.status, ticket: ticket.roles.status },
    systemName: {
      workItem: 'Azure DevOps',
      ticket: context.systems.connectorOf(kind)?.manifest.name ?? mapping.connection,
    },
    titleField: (side === 'ticket' ? ticket : workItem).roles.title,
    overrides: wish.entered ?? {},
  };
  const plan = planCreate(input);
  if (plan.missing.length > 0) {
    const description = side === 'ticket' ? ticket : workItem;
    const names = plan.missing.map((id) => description.fields.find((field) => field.id === id)?.name ?? id);
    const failure = new Failure({
      kind: 'rejected',
      message: `The new ${side === 'ticket' ? 'ticket' : 'work item'} needs a value for ${names.join(', ')}.`,
      fields: plan.missing.map((field, index) => ({
        field,
        problem: `${names[index]} is required and the mapping leaves it empty`,
      })),
    });
    return onSide(side, () => Promise.reject(failure));
  }
  return { input, plan, fields: await resolvePeopleOf(side, system, plan) };
}

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
  prepared: Prepared,
  answer: Partial<WriteResult> & { isUncertain: boolean },
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
      base: firstBase({
        create: prepared.input,
        plan: { ...prepared.plan, fields: prepared.fields },
        created: answer,
        sourceBookmark: wish.sourceBookmark,
      }),
      shown: {
        number: ticket.key,
        title: source.title,
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
    await notePanel(sql, tenant, row.id);
    return row;
  });
  await context.failpoint('create.afterLink');
  await enqueueNewLink(context, tenant, link);
  return { link, fresh };
}

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
