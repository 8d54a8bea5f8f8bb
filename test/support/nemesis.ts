import { miscreated } from './created.ts';
import type { Rig } from './rig.ts';
import type { Pair } from './two-sides.ts';
import {
  attachToCall,
  attachToWorkItem,
  commentOnCall,
  commentOnWorkItem,
  editCall,
  editWorkItem,
  newCall,
  newWorkItem,
  readCall,
  readWorkItem,
  times,
} from './two-sides.ts';

/** The same numbers for the same seed, so that a run that found something can be repeated. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** What people did, to be compared with what both systems show in the end. */
export interface History {
  comments: { pair: Pair; on: 'workItem' | 'call'; text: string }[];
  files: { pair: Pair; name: string }[];
  /** Records for which the mapping wants a counterpart of the same title; nobody touches them again. */
  created: { on: 'workItem' | 'call'; id: number; title: string }[];
  edits: number;
}

// A resolved Bug cannot become New again (Agile process): a status of 1 would be refused and parked, and rightly so.
const statuses = [2, 4];
const states: Record<number, string> = { 1: 'New', 2: 'Active', 4: 'Resolved' };

/** Of 24 edits, on the average. A new record costs about as many requests as the rest of its row together. */
const deeds = [
  ...Array<'title'>(6).fill('title'),
  ...Array<'subject'>(3).fill('subject'),
  ...Array<'status'>(3).fill('status'),
  ...Array<'workItemComment'>(3).fill('workItemComment'),
  ...Array<'callComment'>(3).fill('callComment'),
  ...Array<'workItemFile'>(2).fill('workItemFile'),
  ...Array<'callFile'>(2).fill('callFile'),
  'newWorkItem',
  'newCall',
] as const;

/**
 * One thing that a person does on one of the two sides of a pair: titles, states, comments and files; or a new record
 * on one side, which the mapping `creating` (deeds.ts) wants a counterpart for.
 */
export async function oneEdit(rig: Rig, pair: Pair, random: () => number, history: History): Promise<void> {
  const what = deeds[Math.floor(random() * deeds.length)];
  const word = `${history.edits}-${Math.floor(random() * 1e9).toString(36)}`;
  history.edits += 1;
  switch (what) {
    case 'title':
      return void (await editWorkItem(rig, pair.workItemId, { 'System.Title': `Title ${word}` }));
    case 'subject':
      return void (await editCall(rig, pair.callRef, { Subject: `Subject ${word}` }));
    case 'status':
      return void (await editCall(rig, pair.callRef, {
        CallStatus: statuses[Math.floor(random() * statuses.length)],
      }));
    case 'workItemComment':
      await commentOnWorkItem(rig, pair.workItemId, `<p>Developer says ${word}</p>`);
      history.comments.push({ pair, on: 'workItem', text: `Developer says ${word}` });
      return;
    case 'callComment':
      await commentOnCall(rig, pair.callRef, `Agent says ${word}`);
      history.comments.push({ pair, on: 'call', text: `Agent says ${word}` });
      return;
    case 'callFile':
      await attachToCall(rig, pair.callRef, `${word}.txt`, `content of ${word}`);
      history.files.push({ pair, name: `${word}.txt` });
      return;
    case 'newWorkItem': {
      const title = `AUTO ${word}`;
      const id = await newWorkItem(rig, { 'System.Title': title });
      history.created.push({ on: 'workItem', id, title });
      return;
    }
    case 'newCall': {
      const title = `HAND ${word}`;
      const id = await newCall(rig, { Subject: title, AssignedGroup: 16 });
      history.created.push({ on: 'call', id, title });
      return;
    }
    default:
      await attachToWorkItem(rig, pair.workItemId, `${word}.txt`, `content of ${word}`);
      history.files.push({ pair, name: `${word}.txt` });
  }
}

/** Everything that is wrong with what both systems show now; empty when all is well. */
export async function violations(rig: Rig, pairs: readonly Pair[], history: History): Promise<string[]> {
  const found = await miscreated(rig, history);
  for (const pair of pairs) {
    const [workItem, call] = await Promise.all([
      readWorkItem(rig, pair.workItemId),
      readCall(rig, pair.callRef),
    ]);
    const name = `work item ${pair.workItemId} / call ${pair.callRef}`;
    if (workItem.title !== call.subject)
      found.push(`${name}: titles differ: "${workItem.title}" and "${call.subject}"`);
    const status = Object.entries(states).find(([, state]) => state === workItem.state)?.[0];
    const expected = { 1: 'New', 2: 'In Progress', 4: 'Resolved' }[Number(status)];
    if (expected !== call.status) found.push(`${name}: states differ: ${workItem.state} and ${call.status}`);
    for (const comment of history.comments.filter((one) => one.pair === pair)) {
      const counts = [times(workItem.comments, comment.text), times(call.comments, comment.text)];
      if (counts[0] !== 1 || counts[1] !== 1) {
        found.push(
          `${name}: comment "${comment.text}" stands ${counts[0]} times in the work item and ${counts[1]} times in the call`,
        );
      }
    }
    const expectedComments = history.comments.filter((one) => one.pair === pair).length;
    const strayed = workItem.comments.filter((text) => text.includes('says')).length - expectedComments;
    if (strayed !== 0) found.push(`${name}: ${strayed} comments too many in the work item`);
    for (const file of history.files.filter((one) => one.pair === pair)) {
      const counts = [workItem.files, call.files].map(
        (files) => files.filter((one) => one === file.name).length,
      );
      if (counts[0] !== 1 || counts[1] !== 1) {
        found.push(
          `${name}: file ${file.name} stands ${counts[0]} times in the work item and ${counts[1]} times in the call`,
        );
      }
    }
  }
  return found;
}
