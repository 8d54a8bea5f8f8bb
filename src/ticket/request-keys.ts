/**
 * The keys under which tickets are ordered. An order that was sent may be carried out though nobody waits for its answer
 * any more: who closes the dialog midway and orders again must send the same key, or a second ticket comes of it. Session
 * storage belongs to one tab and one origin, and outlives the dialog's frame.
 */
const storageKey = 'tandem.request-keys.1';
/** An order whose answer nobody saw is settled within minutes; after that another ticket is meant. */
const keptMs = 3_600_000;

interface Kept {
  key: string;
  madeAtMs: number;
}

/** For frames that have no storage (servers give them no origin): then a key lives as long as its frame. */
let inMemory: Record<string, Kept> = {};

function readKept(): Record<string, Kept> {
  try {
    inMemory = JSON.parse(sessionStorage.getItem(storageKey) ?? '{}') as Record<string, Kept>;
  } catch {
    // No storage, or not ours: what this frame knows is all there is.
  }
  const oldestMs = Date.now() - keptMs;
  return Object.fromEntries(Object.entries(inMemory).filter(([, { madeAtMs }]) => madeAtMs > oldestMs));
}

function keep(kept: Record<string, Kept>): void {
  inMemory = kept;
  try {
    sessionStorage.setItem(storageKey, JSON.stringify(kept));
  } catch {
    // As above.
  }
}

const orderOf = (mappingId: string, workItemId: string) => `${mappingId}/${workItemId}`;

/** The key of the order of a ticket: the one under which it was sent before, unless it was settled. */
export function requestKeyFor(mappingId: string, workItemId: string): string {
  const kept = readKept();
  const order = orderOf(mappingId, workItemId);
  const { key } = kept[order] ?? { key: crypto.randomUUID() };
  keep({ ...kept, [order]: kept[order] ?? { key, madeAtMs: Date.now() } });
  return key;
}

/** The ticket is there: the next order for this work item means another one. */
export function settleRequestKey(mappingId: string, workItemId: string): void {
  const { [orderOf(mappingId, workItemId)]: _, ...others } = readKept();
  keep(others);
}
