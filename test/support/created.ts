import { findMarks } from '../../backend/sync/mark.ts';
import type { LedgerEffect } from '../sandbox/ledger.ts';
import type { History } from './nemesis.ts';
import type { Rig } from './rig.ts';
import { readWorkItem } from './two-sides.ts';

type Created = History['created'][number];

interface ListedCall {
  Ref: number;
  Subject: string;
  /** Where Tandem leaves its mark. */
  CustomString1: string | null;
}

interface Made {
  /** By Tandem, drafts that nobody else sees included. */
  callIds: string[];
  workItems: { id: string; title: string }[];
  calls: ListedCall[];
}

async function whatWasMade(rig: Rig): Promise<Made> {
  const effects = async (system: 'azure' | 'alemba', effect: string, actor: string) => {
    const path = `/ledger?kind=effect&limit=1000000&effect=${effect}`;
    const answer = await rig.control<LedgerEffect[] | { entries: LedgerEffect[] }>(system, 'GET', path);
    return (Array.isArray(answer) ? answer : answer.entries).filter((one) => one.actor === actor);
  };
  const [tickets, workItems, { calls }] = await Promise.all([
    effects('alemba', 'ticket.created', 'Tandem Integration'),
    effects('azure', 'workItem.created', 'service'),
    rig.control<{ calls: ListedCall[] }>('alemba', 'GET', '/calls?q=auto&limit=1000000'),
  ]);
  return {
    callIds: tickets.map(({ recordId }) => recordId),
    workItems: workItems.map(({ recordId, detail }) => ({
      id: recordId,
      title: (detail as { title: string }).title,
    })),
    calls,
  };
}

/** Their marks were seen; they do not change any more. */
const markSeen = new WeakMap<Created, string>();

/** New records that have not got exactly one counterpart, made by Tandem and with a mark that no other has. */
export async function miscreated(rig: Rig, history: History): Promise<string[]> {
  if (history.created.length === 0) return [];
  const made = await whatWasMade(rig);
  const found: string[] = [];
  const marks = new Set<string>();
  for (const record of history.created) {
    const counterparts = counterpartsOf(record, made);
    const [only] = counterparts;
    const name = `${record.on} ${record.id} "${record.title}"`;
    const isOurs = record.on === 'call' || (only !== undefined && made.callIds.includes(only));
    if (only === undefined || counterparts.length > 1 || !isOurs) {
      found.push(`${name} has ${counterparts.length} counterparts: ${counterparts.join(', ')}`);
      continue;
    }
    const mark = markSeen.get(record) ?? (await markOf(rig, record, only, made));
    if (mark === undefined) {
      found.push(`${name}: its counterpart ${only} has no mark`);
      continue;
    }
    markSeen.set(record, mark);
    if (marks.has(mark)) found.push(`${name}: its counterpart ${only} has another one's mark`);
    marks.add(mark);
  }
  return found;
}

const counterpartsOf = (record: Created, made: Made): string[] =>
  record.on === 'call'
    ? made.workItems.filter(({ title }) => title === record.title).map(({ id }) => id)
    : made.calls.filter(({ Subject }) => Subject === record.title).map(({ Ref }) => String(Ref));

async function markOf(rig: Rig, record: Created, id: string, made: Made): Promise<string | undefined> {
  const text =
    record.on === 'call'
      ? (await readWorkItem(rig, Number(id))).hyperlinkComments.join(' ')
      : made.calls.find(({ Ref }) => String(Ref) === id)?.CustomString1;
  return findMarks(text ?? '')[0];
}

/** Whatever Tandem made that nobody wanted: links were made by hand, so only new records have counterparts. */
export async function unasked(rig: Rig, created: readonly Created[]): Promise<string[]> {
  const made = await whatWasMade(rig);
  const known = new Set(
    created.flatMap((record) => counterpartsOf(record, made).map((id) => `${record.on} ${id}`)),
  );
  return [
    ...made.callIds.filter((id) => !known.has(`workItem ${id}`)).map((id) => `unasked call ${id}`),
    ...made.workItems.filter(({ id }) => !known.has(`call ${id}`)).map(({ id }) => `unasked work item ${id}`),
  ];
}
