import { z } from 'zod';
import type { ChangesPage, Hint } from '../connector.ts';
import type { Alemba } from './alemba.ts';
import type { Row } from './client.ts';
import { malformed } from './failures.ts';
import { dateTime } from './filter.ts';
import { orderOf, readDate, refOfRow, revisionOf } from './translate.ts';

/**
 * The feed is a search by last action. A page is followed from its own last date and not by `$skip` alone, because
 * calls that change meanwhile move to the end and would shift others past the reader. What became visible late is
 * found by the overlap of the next sweep; what was reported before is left out by (call, order).
 */
const cursorForm = z.object({
  /** Lower end of the next request. */
  from: z.string(),
  /** Only within one instant that fills a whole page (imports, mass updates). */
  skip: z.number().int().min(0),
  /** Newest last action seen. */
  high: z.string(),
  /** Reported calls within the overlap: number, order, date in milliseconds. */
  seen: z.array(z.tuple([z.string(), z.number(), z.number()])),
});

type Cursor = z.infer<typeof cursorForm>;

/** Before any call; a backfill starts there. */
const firstInstant = '2000-01-01T00:00:00.000Z';
const beginning: Cursor = { from: firstInstant, skip: 0, high: firstInstant, seen: [] };

/** Beyond it the oldest are forgotten, which only repeats hints. */
const maxSeen = 5000;
/** Calls that one instant may hold at the start without being reported; more are only reported once. */
const startRows = 200;

export async function readChanges(
  alemba: Alemba,
  cursor: string | undefined,
  options: { project?: string; fromBeginning?: boolean },
): Promise<ChangesPage> {
  if (cursor === undefined && !options.fromBeginning) {
    return { hints: [], cursor: JSON.stringify(await startNow(alemba)), more: false };
  }
  const at = cursor === undefined ? beginning : readCursor(cursor);
  const { settings, people } = alemba;
  const rows = await alemba.client.search('call.changes', '/call', {
    $select: 'Ref,LastActionDate,LastHistoryOrder,LastActionedBy',
    $filter: `LastActionDate>=${dateTime(new Date(at.from))}`,
    $orderby: 'LastActionDate asc',
    $top: settings.pageSize,
    $skip: at.skip,
    $partition: options.project ?? (settings.partition === '' ? undefined : settings.partition),
  });
  const me = await people.me();
  const seen = new Map(at.seen.map((entry) => [entry[0], entry]));
  const hints: Hint[] = [];
  let high = at.high;
  for (const row of rows) {
    const date = readDate(row.LastActionDate);
    if (date > high) high = date;
    const hint = readHint(row, me.id);
    const order = orderOf(hint.revision) ?? -1;
    if (seen.get(hint.recordId)?.[1] === order) continue;
    seen.set(hint.recordId, [hint.recordId, order, Date.parse(date)]);
    hints.push(hint);
  }
  const more = rows.length >= settings.pageSize;
  const last = rows.at(-1);
  const next =
    more && last !== undefined ? nextPage(at, readDate(last.LastActionDate), rows.length) : undefined;
  const restart = { from: new Date(Date.parse(high) - settings.overlapMs).toISOString(), skip: 0 };
  const { from, skip } = next ?? restart;
  return {
    hints,
    cursor: JSON.stringify({ from, skip, high, seen: keepRecent(seen, high, settings.overlapMs) }),
    more,
  };
}

function nextPage(at: Cursor, lastDate: string, count: number): { from: string; skip: number } {
  return lastDate > at.from ? { from: lastDate, skip: 0 } : { from: at.from, skip: at.skip + count };
}

function keepRecent(
  seen: ReadonlyMap<string, Cursor['seen'][number]>,
  high: string,
  overlapMs: number,
): Cursor['seen'] {
  const fromMs = Date.parse(high) - overlapMs;
  return [...seen.values()]
    .filter(([, , atMs]) => atMs >= fromMs)
    .sort((left, right) => left[2] - right[2])
    .slice(-maxSeen);
}

/**
 * By the server's own newest date, so that a difference between the clocks leaves no gap. What shares that instant is
 * noted as seen: dates have whole seconds.
 */
async function startNow({ client, context, settings }: Alemba): Promise<Cursor> {
  const rows = await client.search('call.newest', '/call', {
    $select: 'Ref,LastActionDate,LastHistoryOrder',
    $orderby: 'LastActionDate desc',
    $top: startRows,
  });
  const [newest] = rows;
  if (newest?.LastActionDate == null) {
    const from = new Date(context.now().getTime() - settings.overlapMs).toISOString();
    return { from, skip: 0, high: from, seen: [] };
  }
  const high = readDate(newest.LastActionDate);
  const seen = rows.map((row): Cursor['seen'][number] => [
    refOfRow(row),
    orderOf(revisionOf(row)) ?? -1,
    Date.parse(readDate(row.LastActionDate)),
  ]);
  return { from: high, skip: 0, high, seen };
}

function readCursor(cursor: string): Cursor {
  try {
    return cursorForm.parse(JSON.parse(cursor));
  } catch {
    throw malformed('The cursor is not one of this connector');
  }
}

function readHint(row: Row, me: string): Hint {
  const recordId = refOfRow(row);
  const revision = revisionOf(row);
  return {
    recordId,
    ...(revision !== undefined && { revision, dedupeKey: `${recordId}/${orderOf(revision)}` }),
    own: String(row.LastActionedBy) === me,
    what: 'updated',
  };
}
