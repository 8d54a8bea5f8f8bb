import type { Panel } from '../../backend/contract/links.ts';

/**
 * The last panel of recent work items, so that the form shows cards at once. Kept per person, because the backend
 * trims the panel to what that person may see; it holds no token.
 */
const prefix = 'tandem.panel.1.';
const indexKey = `${prefix}index`;
/** About 2 kB each. Storage is shared by all extensions of the gallery's origin. */
const keptPanels = 40;
const maxCharacters = 60_000;

export interface PanelPlace {
  organizationId: string;
  userId: string;
  workItemId: string;
}

const keyOf = (place: PanelPlace) => `${prefix}${place.organizationId}.${place.userId}.${place.workItemId}`;

export function lastKnownPanel(place: PanelPlace): Panel | undefined {
  try {
    const stored = localStorage.getItem(keyOf(place));
    const panel = stored ? (JSON.parse(stored) as Panel) : undefined;
    return Array.isArray(panel?.tickets) && Array.isArray(panel.connections) ? panel : undefined;
  } catch {
    // Refused or broken storage means no last known state: the skeleton is shown instead.
    return undefined;
  }
}

export function keepPanel(place: PanelPlace, panel: Panel): void {
  try {
    const key = keyOf(place);
    const content = JSON.stringify(panel);
    if (content.length > maxCharacters) return;
    const index = JSON.parse(localStorage.getItem(indexKey) ?? '[]') as string[];
    const newest = [key, ...index.filter((other) => other !== key)];
    for (const old of newest.slice(keptPanels)) localStorage.removeItem(old);
    localStorage.setItem(key, content);
    localStorage.setItem(indexKey, JSON.stringify(newest.slice(0, keptPanels)));
  } catch {
    // Full or refused storage costs the head start at the next opening, nothing else.
  }
}
