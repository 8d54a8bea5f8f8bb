import type { RecordSystem } from '../../connectors/connector.ts';
import type { MappingSettings } from '../../contract/mapping.ts';
import type { DryRun } from '../../contract/mappings.ts';
import { linksOf } from '../../engine/create-counterpart.ts';
import { type Descriptions, fieldsById, planInput } from '../../engine/plan-input.ts';
import { fieldsOf, readSide } from '../../engine/reading.ts';
import type { Session } from '../../security/session-token.ts';
import { azureDevOps } from '../../store/connections.ts';
import { type LinkRow, loadLinks } from '../../store/links.ts';
import { planCreate } from '../../sync/create.ts';
import { isFailure } from '../../sync/failure.ts';
import {
  actsByItself,
  asActingByItself,
  existingKeyOf,
  type MatchRefusal,
  matchRefusal,
  triggerOf,
} from '../../sync/match.ts';
import { plan } from '../../sync/plan.ts';
import { otherSide, type Side, type Snapshot } from '../../sync/record.ts';
import { restingSide } from '../../sync/resting.ts';
import { createSteps, noteView, planSteps } from './dry-run-steps.ts';
import { invalidField } from './input-problems.ts';
import { describeKnown, type Placed } from './mapping-problems.ts';
import type { Services } from './services.ts';

const reasons: Readonly<Record<MatchRefusal, string>> = {
  disabled: 'The mapping is switched off.',
  deleted: 'The record is deleted.',
  otherProject: 'The work item belongs to another project.',
  otherType: 'The record is of another type.',
  outOfScope: 'The ticket does not belong to the scope of the mapping.',
  notAutomatic: 'Counterparts are created by hand only.',
  noReference: 'The record names no counterpart, and the mapping only links.',
  otherState: 'The record is in none of the states that create a counterpart.',
  rule: 'The record does not meet the conditions.',
  unknown: 'A field that the conditions ask for could not be read.',
};

/** What the mapping would do with one real record now. Reads only. Throws invalidRequest and `Failure`. */
export async function dryRun(
  services: Services,
  session: Session,
  placed: Placed,
  wanted: { workItemId?: string; ticketId?: string },
): Promise<DryRun> {
  const { settings, connection } = placed;
  const { side, id } = whichRecord(wanted);
  const system = await services.systems.open(
    session.tenant,
    side === 'workItem' ? azureDevOps : connection.id,
  );
  const [snapshot, descriptions] = await Promise.all([
    readRecord(system, side, id, settings),
    describeKnown(services, session.tenant, settings),
  ]);
  const links = await linksOf(services.engine, session.tenant, side, connection.id, snapshot.ref.id);
  const link = links.find((one) => one.connection === connection.id);
  return link === undefined
    ? dryCreate(services, session, placed, snapshot, descriptions)
    : dryPlan(services, session, placed, link, descriptions);
}

export function whichRecord({ workItemId, ticketId }: { workItemId?: string; ticketId?: string }): {
  side: Side;
  id: string;
} {
  if ((workItemId === undefined) === (ticketId === undefined)) {
    throw invalidField('workItemId', 'One record is needed', 'Give either workItemId or ticketId.');
  }
  if (workItemId === undefined) {
    const id = (ticketId as string).trim();
    if (id === '' || id.length > 100)
      throw invalidField('ticketId', 'This is no number of a ticket', 'Enter one.');
    return { side: 'ticket', id };
  }
  if (!/^[1-9]\d{0,9}$/.test(workItemId)) {
    throw invalidField('workItemId', 'This is no number of a work item', 'Enter its number.');
  }
  return { side: 'workItem', id: workItemId };
}

export async function readRecord(
  system: RecordSystem,
  side: Side,
  id: string,
  settings: MappingSettings,
): Promise<Snapshot> {
  const wants = { comments: false, attachments: false, fields: fieldsOf(side, settings) };
  try {
    return (await system.read(id, wants)).snapshot;
  } catch (error) {
    if (!isFailure(error) || error.kind !== 'notFound') throw error;
    // People know tickets by number, which is not the id in every system.
    const ref = side === 'ticket' ? await system.findByKey(id) : undefined;
    if (ref !== undefined && ref.id !== id) return (await system.read(ref.id, wants)).snapshot;
    throw invalidField(
      side === 'workItem' ? 'workItemId' : 'ticketId',
      `There is no ${side === 'workItem' ? 'work item' : 'ticket'} ${id}, or the account does not see it`,
      'Enter another number.',
    );
  }
}

async function dryCreate(
  services: Services,
  session: Session,
  { settings, connection }: Placed,
  snapshot: Snapshot,
  descriptions: Descriptions,
): Promise<DryRun> {
  const side = otherSide(snapshot.side);
  const fields = { workItem: fieldsById(descriptions.workItem), ticket: fieldsById(descriptions.ticket) };
  const trigger = triggerOf(settings, snapshot.side);
  // A draft is tried before it is on.
  const refusal = matchRefusal(snapshot, asActingByItself(settings, snapshot.side), {
    projectAliases: [session.project.id],
    descriptions: fields[snapshot.side],
  });
  const manifest = services.systems.connectorOf(connection.kind)?.manifest;
  const created = planCreate({
    source: snapshot,
    mapping: settings,
    fields,
    statusField: { workItem: descriptions.workItem.roles.status, ticket: descriptions.ticket.roles.status },
    systemName: { workItem: 'Azure DevOps', ticket: manifest?.name ?? connection.name },
    titleField: descriptions[side].roles.title,
  });
  const notes: DryRun['notes'] = created.notes
    .filter((note) => note.code !== 'fieldSent')
    .map((note) => noteView(note, descriptions));
  for (const field of created.missing) {
    notes.push({
      code: 'fieldMissing',
      side,
      field: fields[side][field]?.name ?? field,
      reason: 'It is required and the mapping leaves it empty: the create would be refused.',
    });
  }
  if (refusal !== undefined)
    notes.unshift({ code: 'notMatched', side: snapshot.side, reason: reasons[refusal] });
  else if (!actsByItself(trigger)) {
    notes.unshift({ code: 'notAutomatic', side: snapshot.side, reason: reasons.notAutomatic });
  }
  const key = existingKeyOf(snapshot, settings);
  const ticketNoun = manifest?.ticketNoun ?? 'ticket';
  return {
    matches: refusal === undefined,
    steps:
      key === undefined
        ? trigger.mode === 'linkOnly'
          ? []
          : createSteps(created, descriptions, ticketNoun)
        : [{ side, action: `Link with ${key}, which the record names already`, to: key }],
    notes,
  };
}

async function dryPlan(
  services: Services,
  session: Session,
  { settings, connection }: Placed,
  link: LinkRow,
  descriptions: Descriptions,
): Promise<DryRun> {
  const { engine, systems } = services;
  const { tenant } = session;
  const [loaded] = await loadLinks(engine.store, [{ tenant, id: String(link.id) }]);
  const whole = { comments: true, attachments: true };
  const base = link.base ?? undefined;
  const [workItem, ticket] = await Promise.all([
    readSide('workItem', await systems.open(tenant, azureDevOps), link.work_item_id, {
      ...whole,
      fields: fieldsOf('workItem', settings),
      bookmark: base?.workItem.bookmark,
      revision: base?.workItem.revision,
    }),
    readSide('ticket', await systems.open(tenant, connection.id), link.ticket_id, {
      ...whole,
      fields: fieldsOf('ticket', settings),
      bookmark: base?.ticket.bookmark,
      revision: base?.ticket.revision,
    }),
  ]);
  const input = planInput({
    link,
    intents: loaded?.intents ?? [],
    mapping: settings,
    connection,
    connector: systems.connectorOf(connection.kind),
    readings: { workItem: workItem.reading, ticket: ticket.reading },
    descriptions,
  });
  const resting = restingSide(input);
  if (resting !== undefined) {
    const reason = 'It does not meet the condition for updates; what changes goes over once it does.';
    return { matches: true, steps: [], notes: [{ code: 'resting', side: resting, reason }] };
  }
  const planned = plan(input);
  return {
    matches: true,
    steps: planSteps(planned, { workItem: workItem.reading, ticket: ticket.reading }, descriptions),
    notes: planned.notes
      .filter((note) => note.code !== 'fieldSent')
      .map((note) => noteView(note, descriptions)),
  };
}
