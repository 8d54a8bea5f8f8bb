import type { Rig } from './rig.ts';
import type { Pair } from './two-sides.ts';
import {
  attachToWorkItem,
  commentOnCall,
  commentOnWorkItem,
  editCall,
  editWorkItem,
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
  edits: number;
}

// A resolved Bug cannot become New again (Agile process): a status of 1 would be refused and parked, and rightly so.
const statuses = [2, 4];
const states: Record<number, string> = { 1: 'New', 2: 'Active', 4: 'Resolved' };

/** One thing that a person does on one of the two sides of a pair. Titles, states, comments and files. */
export async function oneEdit(rig: Rig, pair: Pair, random: () => number, history: History): Promise<void> {
  const what = Math.floor(random() * 7);
  const word = `${history.edits}-${Math.floor(random() * 1e9).toString(36)}`;
  history.edits += 1;
  switch (what) {
    case 0:
    case 1:
      return void (await editWorkItem(rig, pair.workItemId, { 'System.Title': `Title ${word}` }));
    case 2:
      return void (await editCall(rig, pair.callRef, { Subject: `Subject ${word}` }));
    case 3:
      return void (await editCall(rig, pair.callRef, {
        CallStatus: statuses[Math.floor(random() * statuses.length)],
      }));
    case 4:
      await commentOnWorkItem(rig, pair.workItemId, `<p>Developer says ${word}</p>`);
      history.comments.push({ pair, on: 'workItem', text: `Developer says ${word}` });
      return;
    case 5:
      await commentOnCall(rig, pair.callRef, `Agent says ${word}`);
      history.comments.push({ pair, on: 'call', text: `Agent says ${word}` });
      return;
    default:
      await attachToWorkItem(rig, pair.workItemId, `${word}.txt`, `content of ${word}`);
      history.files.push({ pair, name: `${word}.txt` });
  }
}

/** Everything that is wrong with what both systems show now; empty when all is well. */
export async function violations(rig: Rig, pairs: readonly Pair[], history: History): Promise<string[]> {
  const found: string[] = [];
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
