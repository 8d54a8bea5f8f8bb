import type { Actor, Call, HistoryEntry } from '../model.ts';
import type { AlembaStore } from '../store.ts';

export interface HistoryText {
  type: string;
  title: string;
  text?: string;
  html?: string;
  visible?: boolean;
  isSystem?: boolean;
}

export const systemPerson = 1;

/** Every change of a call ends here: an entry, and LastActionDate, LastHistoryOrder and LastActionedBy move. */
export function addHistory(store: AlembaStore, actor: Actor, call: Call, entry: HistoryText): HistoryEntry {
  const atMs = store.stampMs();
  const order = call.history.length + 1;
  const by = entry.isSystem === true ? systemPerson : actor.person;
  const added: HistoryEntry = {
    TicketId: call.ref,
    Order: order,
    ActionType: entry.type,
    ActionTitle: entry.title,
    ActionDescription: entry.text ?? '',
    ActionDescriptionHtml: entry.html ?? '',
    ActionedBy: by,
    ActionDate: atMs,
    IsSystem: entry.isSystem ?? false,
    VisibleInPortal: entry.visible ?? false,
  };
  call.history.push(added);
  call.values.LastHistoryOrder = order;
  call.values.LastActionedBy = by;
  store.touch(call, atMs);
  return added;
}

/** Adds what the system writes by itself, such as an escalation, and announces it. */
export function addSystemHistory(
  store: AlembaStore,
  actor: Actor,
  call: Call,
  title: string,
  text: string,
): void {
  const entry = addHistory(store, actor, call, {
    type: 'Escalated',
    title,
    text,
    html: toHtml(text),
    isSystem: true,
  });
  store.announce('Actioned', call, entry.Order);
}

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

export function toHtml(text: string): string {
  const escaped = text.replaceAll(/[&<>"]/g, (letter) => entities[letter] ?? letter);
  return escaped
    .split(/\n{2,}/)
    .map((paragraph) => `<p>${paragraph.replaceAll('\n', '<br>')}</p>`)
    .join('');
}
