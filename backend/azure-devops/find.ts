import type { RecordCard } from '../connectors/connector.ts';
import type { RecordRef } from '../sync/record.ts';
import { markWord } from './patch.ts';
import { isHyperlink, marksOf, projectOf, refOf, typeOf } from './translate.ts';
import { instantOf } from './values.ts';
import { inProject, isReferenceName, ofType, queryIds, quote } from './wiql.ts';
import type { WireWorkItem } from './wire.ts';
import type { Workshop } from './workshop.ts';

/** The service's clock and ours may differ, and a create may lie before the instant that its intent remembers. */
const overlapMs = 10 * 60_000;
const cardFields = [
  'System.Id',
  'System.Title',
  'System.State',
  'System.WorkItemType',
  'System.TeamProject',
  'System.ChangedDate',
];
const refFields = ['System.Id', 'System.WorkItemType', 'System.TeamProject'];

/** As people type it: `123`, `#123`, `AB#123` (Microsoft: boards/github/link-to-from-github). */
export const idInText = (text: string): number | undefined => {
  const digits = /^\s*(?:AB)?#?\s*(\d{1,9})\s*$/i.exec(text)?.[1];
  const id = Number(digits ?? 0);
  return id > 0 ? id : undefined;
};

export const findByKey = async (workshop: Workshop, key: string): Promise<RecordRef | undefined> => {
  const id = idInText(key);
  if (id === undefined) return undefined;
  const [found] = await workshop.reader.readFields([id], refFields);
  return found && refOf(found, workshop.client.organizationUrl);
};

/** Own creations since then whose backlink carries exactly this mark. See `RecordSystem.findByMark`. */
export const findByMark = async (
  workshop: Workshop,
  mark: string,
  input: { since: Date; project?: string },
): Promise<readonly RecordRef[]> => {
  const from = new Date(input.since.getTime() - overlapMs).toISOString();
  const ids = await queryIds(
    workshop.client,
    [inProject(input.project), `[System.CreatedDate] >= '${from}'`, '[System.CreatedBy] = @Me'],
    { timePrecision: true },
  );
  const word = markWord(mark);
  const carries = (item: WireWorkItem) =>
    (item.relations ?? []).some(
      (relation) => isHyperlink(relation) && marksOf(relation).some((found) => markWord(found) === word),
    );
  const items = await workshop.reader.readMany(ids);
  return items.filter(carries).map((item) => refOf(item, workshop.client.organizationUrl));
};

export const findByReference = async (
  workshop: Workshop,
  field: string,
  value: string,
  input: { project?: string; type?: string },
): Promise<readonly RecordRef[]> => {
  if (!isReferenceName(field) || value === '') return [];
  const ids = await queryIds(
    workshop.client,
    [inProject(input.project), ofType(input.type), `[${field}] = ${quote(value)}`],
    { top: 200 },
  );
  const items = await workshop.reader.readFields(ids, [...refFields, field]);
  // WIQL compares without case, and its index may be behind.
  return items
    .filter((item) => String(item.fields[field] ?? '') === value)
    .map((item) => refOf(item, workshop.client.organizationUrl));
};

/** See `RecordSystem.search`. A number finds the work item itself first, then titles with the number in them. */
export const search = async (
  workshop: Workshop,
  text: string,
  input: { limit: number; type?: string; project?: string },
): Promise<readonly RecordCard[]> => {
  const words = text.trim();
  if (words === '' || input.limit < 1) return [];
  const number = idInText(words);
  const titled = await queryIds(
    workshop.client,
    [inProject(input.project), ofType(input.type), `[System.Title] CONTAINS ${quote(words)}`],
    { top: input.limit, orderBy: 'System.ChangedDate' },
  );
  const ids = [...new Set([...(number === undefined ? [] : [number]), ...titled])];
  const items = await workshop.reader.readFields(ids, cardFields);
  const wanted = items.filter(
    (item) =>
      (input.project === undefined || projectOf(item)?.toLowerCase() === input.project.toLowerCase()) &&
      (input.type === undefined || typeOf(item)?.toLowerCase() === input.type.toLowerCase()),
  );
  return Promise.all(wanted.slice(0, input.limit).map((item) => cardOf(workshop, item)));
};

const cardOf = async (workshop: Workshop, item: WireWorkItem): Promise<RecordCard> => {
  const { type, organizationUrl } = await workshop.surroundings(item);
  const name = String(item.fields['System.State'] ?? '');
  const updatedAt = instantOf(item.fields['System.ChangedDate'])?.at;
  return {
    ref: refOf(item, organizationUrl),
    title: String(item.fields['System.Title'] ?? ''),
    status: { name, category: type?.states.find((state) => state.name === name)?.category ?? 'unknown' },
    ...(updatedAt && { updatedAt }),
  };
};
