import { Failure } from '../../sync/failure.ts';
import type { Attachment, FieldValue } from '../../sync/record.ts';
import type { ReadResult, ReadWants } from '../connector.ts';
import type { Alemba } from './alemba.ts';
import type { Row } from './client.ts';
import { isRef } from './filter.ts';
import { joinedEntry, lastActionColumns, readComments, readHistory, speaksOfAttachments } from './history.ts';
import type { RowLoader } from './row-loader.ts';
import { baseColumns, columnsOf, readSnapshot, readValue } from './translate.ts';

/** Throws notFound for what cannot be a call's number. */
export function requireRef(id: string): void {
  if (!isRef(id))
    throw new Failure({ kind: 'notFound', message: `"${id.slice(0, 40)}" is not the number of a call` });
}

/**
 * Reads one call. An ordinary change (one new history entry) takes one request: the entry is joined to the call.
 * The bookmark is the last history order; comments of the result are those after the bookmark in `wants`.
 */
export async function readCall(
  alemba: Alemba,
  loader: RowLoader,
  listAttachments: (id: string) => Promise<readonly Attachment[]>,
  id: string,
  wants: ReadWants,
): Promise<ReadResult> {
  requireRef(id);
  const { settings, schema, statuses, people } = alemba;
  const names = wants.fields.filter((name) => !name.startsWith('='));
  const kinds = await schema.kinds(names);
  const columns = new Set(baseColumns(settings));
  for (const [name, kind] of kinds) {
    for (const column of columnsOf(name, kind, settings.emailProperty)) columns.add(column);
  }
  const wantsHistory = wants.comments !== false || wants.attachments === 'ifChanged';
  if (wantsHistory) for (const column of lastActionColumns(settings)) columns.add(column);
  const row = await loader.load({ id, columns: [...columns] });

  const fields: Record<string, FieldValue> = {};
  for (const [name, kind] of withBasics(kinds, settings.titleField)) {
    const value = readValue(row, name, kind);
    if (value !== undefined) fields[name] = value;
  }
  const statusName = typeof row.CallStatusName === 'string' ? row.CallStatusName : undefined;
  const status = await statuses.find(String(row.CallStatus ?? ''), statusName);
  const base = readSnapshot(row, { settings, status, me: await people.me(), fields });

  alemba.recent.note(id, base.revision, status.id);
  const order = Number(row.LastHistoryOrder);
  const news = wantsHistory ? await readNews(alemba, row, id, order, wants) : undefined;
  const wantsFiles =
    wants.attachments === true ||
    (wants.attachments === 'ifChanged' &&
      (readBookmark(wants.bookmark) === undefined ||
        (news !== undefined && speaksOfAttachments(news, settings))));
  const snapshot = {
    ...base,
    ...(wants.comments !== false && news !== undefined && { comments: readComments(news, settings) }),
    ...(wantsFiles && { attachments: await listAttachments(id) }),
  };
  return { snapshot, bookmark: String(order) };
}

/** The snapshot's `fields` hold title and status always: they are read anyway, and every mapping has them. */
function withBasics<K extends ReadonlyMap<string, unknown>>(kinds: K, titleField: string): K {
  return new Map([[titleField, 'string'], ['CallStatus', 'choice'], ...kinds]) as unknown as K;
}

export function readBookmark(bookmark: string | undefined): number | undefined {
  return bookmark !== undefined && /^\d+$/.test(bookmark) ? Number(bookmark) : undefined;
}

/** History entries that came after the bookmark; undefined when there are none, so that nothing was read. */
async function readNews(
  alemba: Alemba,
  row: Row,
  id: string,
  order: number,
  wants: ReadWants,
): Promise<readonly Row[] | undefined> {
  const bookmark = wants.comments === true ? undefined : readBookmark(wants.bookmark);
  if (bookmark !== undefined && bookmark >= order) return undefined;
  const joined = joinedEntry(row);
  const isOne = order - (bookmark ?? 0) === 1;
  if (isOne && joined !== undefined && joined.Order === order) return [joined];
  return readHistory(alemba, id, bookmark ?? 0, order);
}
