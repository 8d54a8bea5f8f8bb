/**
 * What a person wants to happen when a new work item is saved. The panel asks for it and the observer, another frame of
 * the same tab, does it: after Save & Close the panel is gone. Session storage belongs to one tab and one origin, so a
 * form in another tab does not see it.
 */
export interface CreateWish {
  mappingId: string;
  /** One intention, one key: panel and observer may both send it, and one ticket comes of it. */
  requestKey: string;
  madeAtMs: number;
}

const key = 'tandem.create-on-save.1';

/** @returns false where frames have no storage (servers give them no origin): then only the panel knows. */
export function keepWish(wish: CreateWish | undefined): boolean {
  try {
    if (wish) sessionStorage.setItem(key, JSON.stringify(wish));
    else sessionStorage.removeItem(key);
    return true;
  } catch {
    return false;
  }
}

/** Takes the wish away. One that is older than the form belongs to another work item, which was never saved. */
export function takeWish(newSinceMs: number): CreateWish | undefined {
  try {
    const wish = JSON.parse(sessionStorage.getItem(key) ?? 'null') as CreateWish | null;
    sessionStorage.removeItem(key);
    return wish && wish.madeAtMs >= newSinceMs ? wish : undefined;
  } catch {
    return undefined;
  }
}
