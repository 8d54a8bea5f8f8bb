import { findMarks } from '../../sync/mark.ts';
import type { Comment, RichText } from '../../sync/record.ts';
import type { Alemba } from './alemba.ts';
import type { Row } from './client.ts';
import { malformed } from './failures.ts';
import { type AlembaSettings, compilePattern } from './settings.ts';
import { readDate, readPrincipal } from './translate.ts';

/** Name and condition of the join that brings a call's newest history entry (Programmers' Guide, joins). */
export const lastActionJoin = 'LastAction:CallHistory(TicketId==Ref && Order==LastHistoryOrder)';
/** Its columns get names of their own, because the names of a path are not kept everywhere; short, for short addresses. */
const joinPrefix = 'La';

export const lastActionColumns = (settings: AlembaSettings): string[] =>
  historyColumns(settings).map((column) => {
    const [alias = '', path = alias] = column.split(':');
    return `${joinPrefix}${alias}:LastAction.${path}`;
  });

function historyColumns(settings: AlembaSettings): string[] {
  const names = [
    'Order',
    'ActionTitle',
    'ActionDescription',
    'ActionDescriptionHtml',
    'ActionedBy',
    'ActionDate',
  ];
  const flags = [settings.visibilityField, settings.systemField].filter(Boolean);
  return [...names, ...flags, 'ActionedByName:ActionedBy.Name'];
}

/** An entry out of a row that joined it; undefined when the join found none. */
export function joinedEntry(row: Row): Row | undefined {
  if (typeof row[`${joinPrefix}Order`] !== 'number') return undefined;
  const entries = Object.entries(row).filter(([name]) => name.startsWith(joinPrefix));
  return Object.fromEntries(entries.map(([name, value]) => [name.slice(joinPrefix.length), value]));
}

const pageSize = 100;
/** A call with more entries than this is a runaway rule; reading on would hold up everything else. */
const maxEntries = 10_000;

/** Entries after `after` up to `upTo`, oldest first. Throws malformed for a history without end. */
export async function readHistory(
  alemba: Alemba,
  id: string,
  after: number,
  upTo = Number.POSITIVE_INFINITY,
): Promise<readonly Row[]> {
  const found: Row[] = [];
  for (let last = after; ; ) {
    const rows = await alemba.client.search('history.read', `/call/${id}/history`, {
      $select: historyColumns(alemba.settings).join(','),
      $filter: `Order>${last}`,
      $orderby: 'Order asc',
      $top: pageSize,
    });
    const orders = rows.map((row) => Number(row.Order));
    const highest = Math.max(last, ...orders);
    found.push(...rows.filter((row) => Number(row.Order) <= upTo));
    // A server may have a smaller page than was asked for: only an empty one is the end, or the order aimed for.
    if (
      rows.length === 0 ||
      highest >= upTo ||
      (rows.length < pageSize && upTo === Number.POSITIVE_INFINITY)
    ) {
      return found;
    }
    if (highest === last || found.length > maxEntries)
      throw malformed('The history of the call does not end');
    last = highest;
  }
}

/** A history entry as a comment; undefined for entries without words, which are no part of the conversation. */
export function readComment(entry: Row, settings: AlembaSettings): Comment | undefined {
  const html = typeof entry.ActionDescriptionHtml === 'string' ? entry.ActionDescriptionHtml : '';
  const text = typeof entry.ActionDescription === 'string' ? entry.ActionDescription : '';
  if (html.trim() === '' && text.trim() === '') return undefined;
  const body: RichText =
    html.trim() === ''
      ? { kind: 'rich', format: 'text', text }
      : { kind: 'rich', format: 'html', text: html };
  const author = readPrincipal(entry, 'ActionedBy');
  const isFlagged = settings.systemField !== '' && entry[settings.systemField] === true;
  const title = typeof entry.ActionTitle === 'string' ? entry.ActionTitle : '';
  return {
    id: String(entry.Order),
    at: readDate(entry.ActionDate),
    ...(author !== undefined && { author }),
    body,
    // What is not said to be visible is internal.
    visibility:
      settings.visibilityField !== '' && entry[settings.visibilityField] === true ? 'public' : 'internal',
    system: isFlagged || compilePattern(settings.systemPattern, 'history.systemPattern').test(title),
    marks: [...new Set([...findMarks(text), ...findMarks(html)])],
  };
}

export const readComments = (entries: readonly Row[], settings: AlembaSettings): Comment[] =>
  entries.flatMap((entry) => readComment(entry, settings) ?? []);

/** Whether one of the entries says that a file was added or removed. */
export function speaksOfAttachments(entries: readonly Row[], settings: AlembaSettings): boolean {
  const pattern = compilePattern(settings.attachmentPattern, 'attachment.historyPattern');
  return entries.some((entry) => pattern.test(`${entry.ActionType ?? ''} ${entry.ActionTitle ?? ''}`));
}
