import type { MappingPreview } from '../../contract/mappings.ts';
import { type Descriptions, fieldsById } from '../../engine/plan-input.ts';
import type { Session } from '../../security/session-token.ts';
import { azureDevOps } from '../../store/connections.ts';
import { type CreatePlanInput, transformedFrom } from '../../sync/create.ts';
import { readField } from '../../sync/draft.ts';
import { toText } from '../../sync/markup/index.ts';
import { type FieldValue, otherSide } from '../../sync/record.ts';
import { fieldOf, flowsFrom, isComposedFrom } from '../../sync/row-keys.ts';
import type { Transformed } from '../../sync/transform.ts';
import { readRecord, whichRecord } from './dry-run.ts';
import { words } from './dry-run-steps.ts';
import { describeKnown, type Placed } from './mapping-problems.ts';
import type { Services } from './services.ts';

type Row = MappingPreview['rows'][number];

/** What the rows make of one real record, for the editor while somebody types. Throws invalidRequest and `Failure`. */
export async function previewMapping(
  services: Services,
  session: Session,
  { settings, connection }: Placed,
  wanted: { workItemId?: string; ticketId?: string },
): Promise<MappingPreview> {
  const { side, id } = whichRecord(wanted);
  const system = await services.systems.open(
    session.tenant,
    side === 'workItem' ? azureDevOps : connection.id,
  );
  const [source, descriptions] = await Promise.all([
    readRecord(system, side, id, settings),
    describeKnown(services, session.tenant, settings),
  ]);
  const manifest = services.systems.connectorOf(connection.kind)?.manifest;
  const input: CreatePlanInput = {
    source,
    mapping: settings,
    fields: { workItem: fieldsById(descriptions.workItem), ticket: fieldsById(descriptions.ticket) },
    statusField: { workItem: descriptions.workItem.roles.status, ticket: descriptions.ticket.roles.status },
    systemName: { workItem: 'Azure DevOps', ticket: manifest?.name ?? connection.name },
  };
  const rows = settings.fields.filter((row) => flowsFrom(row, side));
  return {
    record: { key: source.ref.key, title: source.title },
    rows: rows.map((row) => rowView(input, row, descriptions)),
  };
}

function rowView(
  input: CreatePlanInput,
  row: CreatePlanInput['mapping']['fields'][number],
  descriptions: Descriptions,
): Row {
  const { source } = input;
  const [from, to] = [source.side, otherSide(source.side)];
  const value = readField(source.fields, fieldOf(row, from));
  const shownFrom = isComposedFrom(row, from)
    ? undefined
    : words(descriptions, from, fieldOf(row, from), plain(value));
  const made = transformedFrom(input, row);
  const told = { row: row.id, ...(shownFrom === undefined ? {} : { from: shownFrom }) };
  if (made === undefined) return { ...told, problem: 'The field could not be read and is left alone.' };
  if (!('ok' in made)) return { ...told, problem: `${made.unmappable}.`.replace(/\.\.$/, '.') };
  const problem = lossOf(made);
  return {
    ...told,
    to: words(descriptions, to, fieldOf(row, to), plain(made.ok)) ?? '',
    ...(problem === undefined ? {} : { problem }),
  };
}

/** Formatted text as its words: the hub shows no foreign markup here. */
const plain = (value: FieldValue | undefined): FieldValue | undefined =>
  typeof value === 'object' && value?.kind === 'rich' ? toText(value).text : value;

function lossOf(made: Extract<Transformed, { ok: unknown }>): string | undefined {
  if (made.unknownVariables !== undefined && made.unknownVariables.length > 0) {
    return `Nothing is known by the name ${made.unknownVariables.join(', ')}.`;
  }
  if (made.cut) return 'It is shortened to fit the field.';
  if (made.losses !== undefined && made.losses.length > 0)
    return `Lost on the way: ${made.losses.join(', ')}.`;
  return undefined;
}
