import type { RecordRef } from '../../sync/record.ts';
import type { RecordCard } from '../connector.ts';
import type { Alemba } from './alemba.ts';
import type { Row } from './client.ts';
import { anyOf, contains, equals, isRef } from './filter.ts';
import { columnsOf, readDate, recordRef, refOfRow } from './translate.ts';

/** "Call 10056", "#10056" and "10056" are the same; undefined for anything else. */
export function numberOf(key: string): string | undefined {
  const number = /^\s*(?:call)?\s*#?\s*0*(\d+)\s*$/i.exec(key)?.[1];
  return number !== undefined && isRef(number) ? number : undefined;
}

export async function findByKey({ client, settings }: Alemba, key: string): Promise<RecordRef | undefined> {
  const number = numberOf(key);
  if (number === undefined) return undefined;
  const rows = await client.search('call.findByKey', '/call', {
    $select: 'Ref,Type,Partition',
    $filter: equals('Ref', Number(number)),
  });
  const row = rows.find((candidate) => refOfRow(candidate) === number);
  return row === undefined ? undefined : recordRef(number, settings, row);
}

export async function searchCalls(
  alemba: Alemba,
  text: string,
  input: { limit: number; type?: string; project?: string },
): Promise<readonly RecordCard[]> {
  const { client, settings } = alemba;
  const words = text.trim();
  const number = numberOf(words);
  const texts = [contains(settings.titleField, words), contains('Description', words)];
  // Without words: the calls that were worked on last, which the order below puts first.
  const found =
    words === '' ? [] : [anyOf(number === undefined ? texts : [equals('Ref', Number(number)), ...texts])];
  const typed = input.type !== undefined && isRef(input.type) ? [equals('Type', Number(input.type))] : [];
  const conditions = [...found, ...typed];
  const rows = await client.search('call.find', '/call', {
    $select: [
      'Ref',
      settings.titleField,
      ...columnsOf('CallStatus', 'choice', ''),
      'Type',
      'Partition',
      'LastActionDate',
    ].join(','),
    $filter: conditions.length > 1 ? conditions.map((one) => `(${one})`).join('&&') : conditions[0],
    $orderby: 'LastActionDate desc',
    $top: input.limit,
    $partition: input.project ?? (settings.partition === '' ? undefined : settings.partition),
  });
  return Promise.all(rows.slice(0, input.limit).map((row) => readCard(alemba, row)));
}

async function readCard({ settings, statuses }: Alemba, row: Row): Promise<RecordCard> {
  const id = refOfRow(row);
  const statusName = typeof row.CallStatusName === 'string' ? row.CallStatusName : undefined;
  const { name, category } = await statuses.find(String(row.CallStatus ?? ''), statusName);
  const title = row[settings.titleField];
  return {
    ref: recordRef(id, settings, row),
    title: typeof title === 'string' ? title : '',
    status: { name, category },
    ...(row.LastActionDate != null && { updatedAt: readDate(row.LastActionDate) }),
  };
}
